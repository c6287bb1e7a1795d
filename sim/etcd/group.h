// sim/etcd/group.h: the etcd members of a run and their clients, as the engine hosts them.
#pragma once

#include <memory>

#include "core/base/result.h"
#include "sim/etcd/kv_oracle.h"
#include "sim/plan.h"
#include "sim/tenant.h"
#include "sim/verdict.h"

namespace sim::etcd {

struct ApplicationKind;

struct GroupOptions {
  StaleReads stale_reads = StaleReads::anything;
  // Clients go to any member, and what they ask when the faults have ended they ask until it is answered.
  bool clients_roam = true;
  // Whose processes the clients are, instead of those of the workload; null: nobody's. Outlives the tenant.
  const ApplicationKind* application = nullptr;
};

// invalid when the plan asks for what this version does not know. `plan` and `findings` outlive the tenant.
base::Result<std::unique_ptr<Tenant>> make_group(const Plan& plan, const GroupOptions& options, Findings& findings);

}  // namespace sim::etcd

// sim/etcd/inspection.h: opens the files of a member whose process has ended, and shows their rows to the store oracle.
#pragma once

#include "io/sim/node.h"
#include "sim/etcd/kv_oracle.h"
#include "sim/etcd/store_oracle.h"
#include "sim/left_log.h"
#include "sim/tenant.h"
#include "sim/verdict.h"
#include "storage/sqlite/backend.h"

namespace sim::etcd {

// Tells the host that it is ready when the oracle has spoken.
class Inspection final : public io::sim::Program, private io::Completion, private sqlite::BackendListener, private LeftLogListener {
 public:
  Inspection(io::sim::Node& node, const KvOracle& oracle, Findings& findings, MemberHost& host);

 private:
  void on_log_read(base::Result<wal::State> state) override;
  void complete(base::Status status) override;  // of opening
  void judge();
  void on_durable(const base::StoreMark&) override {}
  void on_room() override {}
  void on_failed(const base::Error&) override {}

  const KvOracle& oracle_;
  Findings& findings_;
  MemberHost& host_;
  StoredRows rows_;
  sqlite::Backend backend_;
  LeftLog log_;
};

}  // namespace sim::etcd

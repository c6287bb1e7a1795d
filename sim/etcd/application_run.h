// sim/etcd/application_run.h: an application (application.h) in one run: its processes, their jobs, and what it says.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "io/sim/node.h"
#include "sim/etcd/application.h"
#include "sim/etcd/kv_oracle.h"
#include "sim/tenant.h"

namespace sim::etcd {

class ApplicationRun final : private Run {
 public:
  // All references outlive it.
  ApplicationRun(const Plan& plan, const ApplicationKind& kind, KvOracle& oracle, Findings& findings);
  ~ApplicationRun();
  ApplicationRun(const ApplicationRun&) = delete;
  ApplicationRun& operator=(const ApplicationRun&) = delete;

  void use(Machines& machines) { machines_ = &machines; }
  // invalid for a line that is none.
  base::Status take(const Operation& line);
  std::unique_ptr<io::sim::Program> start(io::sim::Node& node, std::uint32_t process, std::vector<io::Address> servers, base::Duration patience);
  bool has_written_in_calm() const { return has_written_in_calm_; }  // Tenant
  std::optional<Tenant::Waiting> unanswered() const;                     // likewise
  void at_end();
  void add_counts(std::map<std::string, std::uint64_t>& counts) const;

 private:
  class Program;
  // Of one process, over all its lives.
  struct Part {
    std::deque<Operation> jobs;  // by time
    std::vector<Disturbance> disturbances;
    std::optional<Job> job;      // that has begun, and not ended
    std::uint32_t requests = 0;
  };

  void fail(std::string sentence) override { findings_.safety(kind_.name, std::move(sentence)); }
  Committed committed() const override { return Committed(oracle_.model()); }
  base::Duration now() const override { return node_ == nullptr ? base::Duration() : node_->host().now().since_start(); }

  const Plan& plan_;
  const ApplicationKind kind_;
  KvOracle& oracle_;
  Findings& findings_;
  Machines* machines_ = nullptr;
  const io::sim::Node* node_ = nullptr;  // any of the run; null: none has started
  std::vector<Part> parts_;
  std::unique_ptr<Application> application_;
  bool has_written_in_calm_ = false;
  std::uint64_t ended_ = 0;  // jobs
  std::uint64_t begun_again_ = 0;
};

}  // namespace sim::etcd

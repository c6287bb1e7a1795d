#include "sim/etcd/single.h"

#include <string>
#include <utility>
#include <vector>

#include "core/base/assert.h"
#include "core/etcd/server.h"
#include "sim/etcd/client.h"
#include "sim/etcd/inspection.h"
#include "sim/etcd/kv_oracle.h"
#include "sim/etcd/operation.h"
#include "sim/etcd/sizes.h"
#include "sim/etcd/workload.h"
#include "sim/swarm.h"

namespace sim::etcd {

namespace {

constexpr std::uint16_t kPort = 2379;
constexpr base::Duration kFaultsUntil = std::chrono::seconds(50);
constexpr base::Duration kDuration = std::chrono::seconds(85);
// The last requests of each client are sent this long after the faults have ended, and must be answered.
constexpr base::Duration kCalmBefore = std::chrono::seconds(10);

// --- the plan ---------------------------------------------------------------------------------------

Plan draw(std::string_view scenario, Budget budget, std::uint64_t seed) {
  io::sim::Decisions decisions(seed);
  Plan plan;
  plan.scenario = scenario;
  plan.seed = seed;
  plan.clients = 1 + static_cast<std::uint32_t>(decisions.below("plan-clients", {}, 8));
  plan.faults_until = kFaultsUntil;
  plan.duration = kDuration;
  draw_sizes(decisions, plan);
  draw_faults(decisions, budget, plan);
  draw_workload(decisions, kCalmBefore, plan);
  return plan;
}

// --- the programs -----------------------------------------------------------------------------------

class MemberProgram final : public io::sim::Program, private ::etcd::ServerListener {
 public:
  MemberProgram(io::sim::Node& node, const ::etcd::ServerConfig& config, MemberHost& host)
      : host_(host), server_(node.world(), config, *this) {
    server_.start();
  }

 private:
  void on_ready() override { host_.on_ready(); }
  void on_failed(const base::Error& error) override { host_.on_failed(error); }

  MemberHost& host_;
  ::etcd::Server server_;
};

class ClientProgram final : public io::sim::Program {
 public:
  ClientProgram(io::sim::Node& node, ClientOptions options, std::vector<ClientOperation> operations, KvOracle& oracle, bool& is_finished)
      : client_(node.world(), std::move(options), std::move(operations), oracle, is_finished) {
    client_.start();
  }

 private:
  Client client_;
};

class Single final : public Tenant {
 public:
  Single(const Plan& plan, ::etcd::ServerConfig config, std::vector<std::vector<ClientOperation>> operations, Findings& findings)
      : plan_(plan), config_(std::move(config)), operations_(std::move(operations)), oracle_(findings, StaleReads::nothing), finished_(plan.clients) {}

  std::unique_ptr<io::sim::Program> start_member(io::sim::Node& node, std::uint32_t, MemberHost& host) override {
    return std::make_unique<MemberProgram>(node, config_, host);
  }

  std::unique_ptr<io::sim::Program> start_client(io::sim::Node& node, std::uint32_t client) override {
    return std::make_unique<ClientProgram>(node, ClientOptions{client, {"m1", kPort}}, operations_[client], oracle_,
                                           finished_[client].value);
  }

  CommittedListener* committed_listener() override { return &oracle_; }
  std::string_view rotting_file() const override { return "store-1/db-wal"; }

  void at_end(Findings& findings) override {
    for (std::uint32_t client = 0; client < plan_.clients; ++client) {
      if (!finished_[client].value) {
        findings.report(VerdictKind::liveness, "progress", "client " + std::to_string(client) +
                                                               " still waits for its last answers, long after all faults have ended");
      }
    }
  }

  std::unique_ptr<io::sim::Program> start_inspection(io::sim::Node& node, std::uint32_t, MemberHost& host, Findings& findings) override {
    return std::make_unique<Inspection>(node, oracle_, findings, host);
  }

  std::map<std::string, std::uint64_t> counts() const override {
    const KvCounts& counts = oracle_.counts();
    return {{"sent", counts.sent}, {"acknowledged", counts.acknowledged}, {"refused", counts.refused},
            {"unknown", counts.unknown}, {"resolved", counts.resolved}};
  }

 private:
  struct Flag {
    bool value = false;
  };
  const Plan& plan_;
  const ::etcd::ServerConfig config_;
  const std::vector<std::vector<ClientOperation>> operations_;
  KvOracle oracle_;
  std::vector<Flag> finished_;
};

class SingleScenario final : public Scenario {
 public:
  SingleScenario(std::string_view name, Budget budget) : name_(name), budget_(budget) {}
  std::string_view name() const override { return name_; }
  Plan draw_plan(std::uint64_t seed) const override { return draw(name_, budget_, seed); }

  base::Result<std::unique_ptr<Tenant>> make_tenant(const Plan& plan, Findings& findings) const override {
    ::etcd::ServerConfig config;
    config.name = "m1";
    config.listen_client = {{"m1", kPort}};
    config.advertise_client_urls = {"http://m1:2379"};
    config.initial_advertise_peer_urls = {"http://m1:2380"};
    config.initial_cluster = {{"m1", {"http://m1:2380"}}};
    if (base::Status known = use_sizes(plan, config); !known) return base::fail(known.error());
    std::vector<std::vector<ClientOperation>> operations(plan.clients);
    for (const Operation& operation : plan.operations) {
      base::Result<KvOperation> parsed = parse_operation(operation.what);
      if (!parsed) return base::fail(parsed.error());
      operations[operation.client].push_back({operation.number, operation.at, std::move(*parsed)});
    }
    return std::make_unique<Single>(plan, std::move(config), std::move(operations), findings);
  }

 private:
  const std::string_view name_;
  const Budget budget_;
};

}  // namespace

std::unique_ptr<Scenario> make_single() { return std::make_unique<SingleScenario>("single", Budget::within); }
std::unique_ptr<Scenario> make_rot() { return std::make_unique<SingleScenario>("rot", Budget::beyond); }

}  // namespace sim::etcd

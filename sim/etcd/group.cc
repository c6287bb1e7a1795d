#include "sim/etcd/group.h"

#include <string>
#include <utility>
#include <vector>

#include "core/etcd/server.h"
#include "sim/etcd/addresses.h"
#include "sim/etcd/client.h"
#include "sim/etcd/inspection.h"
#include "sim/etcd/operation.h"
#include "sim/etcd/sizes.h"

namespace sim::etcd {

namespace {

class MemberProgram final : public io::sim::Program, private ::etcd::ServerListener {
 public:
  MemberProgram(io::sim::Node& node, const ::etcd::ServerConfig& config, MemberHost& host)
      : host_(host), server_(node.world(), config, *this) {
    server_.start();
  }

 private:
  void on_ready() override { host_.on_ready(); }
  void on_failed(const base::Error& error) override { host_.on_failed(error); }
  void on_removed(const base::Error&) override { host_.on_removed(); }

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

class Group final : public Tenant {
 public:
  Group(const Plan& plan, const GroupOptions& options, ::etcd::ServerConfig config, std::vector<std::vector<ClientOperation>> operations,
        Findings& findings)
      : plan_(plan), options_(options), config_(std::move(config)), operations_(std::move(operations)),
        oracle_(findings, options.stale_reads), finished_(plan.clients) {}

  std::unique_ptr<io::sim::Program> start_member(io::sim::Node& node, std::uint32_t member, MemberHost& host) override {
    ::etcd::ServerConfig config = config_;
    config.name = member_name(member);
    config.listen_client = {client_address(member)};
    if (plan_.members > 1) config.listen_peer = {peer_address(member)};
    config.advertise_client_urls = {client_url(member)};
    config.initial_advertise_peer_urls = {peer_url(member)};
    return std::make_unique<MemberProgram>(node, config, host);
  }

  std::unique_ptr<io::sim::Program> start_client(io::sim::Node& node, std::uint32_t client) override {
    ClientOptions options;
    options.client = client;
    for (std::uint32_t member = 0; member < voters_of(plan_); ++member) options.servers.push_back(client_address(member));
    options.request_timeout = client_timeout(plan_).value_or(options.request_timeout);
    if (options_.clients_roam) options.roams_until = plan_.faults_until;
    return std::make_unique<ClientProgram>(node, std::move(options), operations_[client], oracle_, finished_[client].value);
  }

  CommittedListener* committed_listener() override { return &oracle_; }
  // The first tick may come at once.
  base::Duration election_timeout() const override {
    return (config_.election_timeout / config_.heartbeat_interval - 1) * config_.heartbeat_interval;
  }
  std::vector<std::string> store_files(base::StoreGeneration generation) const override {
    return {"store-" + base::to_text(generation) + "/db"};
  }
  std::string_view rotting_file() const override { return "store-1/db-wal"; }

  // Only what was asked in the calm has to be answered: a smaller plan may have nothing of the kind.
  void at_end(Findings& findings) override {
    for (std::uint32_t client = 0; client < plan_.clients; ++client) {
      const bool is_owed = !operations_[client].empty() && operations_[client].back().at >= plan_.faults_until;
      if (is_owed && !finished_[client].value) {
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
  const GroupOptions options_;
  const ::etcd::ServerConfig config_;  // what all members have in common
  const std::vector<std::vector<ClientOperation>> operations_;
  KvOracle oracle_;
  std::vector<Flag> finished_;
};

}  // namespace

base::Result<std::unique_ptr<Tenant>> make_group(const Plan& plan, const GroupOptions& options, Findings& findings) {
  ::etcd::ServerConfig config;
  config.max_learners = plan.members;  // as many as the plan wants
  config.initial_cluster.clear();
  for (std::uint32_t member = 0; member < plan.members; ++member) {
    config.initial_cluster.push_back({member_name(member), {peer_url(member)}, member >= voters_of(plan)});
  }
  if (base::Status known = use_sizes(plan, config); !known) return base::fail(known.error());
  std::vector<std::vector<ClientOperation>> operations(plan.clients);
  for (const Operation& operation : plan.operations) {
    base::Result<KvOperation> parsed = parse_operation(operation.what);
    if (!parsed) return base::fail(parsed.error());
    if (parsed->kind == OperationKind::move && parsed->member >= plan.members) {
      return base::fail(base::Code::invalid, "`" + operation.what + "` names a member that does not exist");
    }
    operations[operation.client].push_back({operation.number, operation.at, std::move(*parsed)});
  }
  return std::make_unique<Group>(plan, options, std::move(config), std::move(operations), findings);
}

}  // namespace sim::etcd

#include "sim/etcd/group.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/etcd/group.h"
#include "core/etcd/ids.h"
#include "core/etcd/server.h"
#include "sim/etcd/addresses.h"
#include "sim/etcd/application_run.h"
#include "sim/etcd/client.h"
#include "sim/etcd/inspection.h"
#include "sim/etcd/member_oracle.h"
#include "sim/etcd/operation.h"
#include "sim/etcd/operator.h"
#include "sim/etcd/roster.h"
#include "sim/etcd/sizes.h"
#include "sim/etcd/teller.h"
#include "sim/etcd/watch_oracle.h"
#include "sim/etcd/watch_plan.h"
#include "sim/etcd/watcher.h"
#include "sim/progress.h"

namespace sim::etcd {

namespace {

class MemberProgram final : public io::sim::Program, private ::etcd::ServerListener {
 public:
  MemberProgram(io::sim::Node& node, std::uint32_t machine, const ::etcd::ServerConfig& config, Roster& roster, MemberHost& host)
      : machine_(machine), roster_(roster), host_(host), server_(node.world(), config, *this) {
    roster_.on_begun(machine_);
    server_.start();
  }

 private:
  void on_identified(base::MemberId member) override { roster_.on_identified(machine_, member); }
  void on_ready() override {
    roster_.on_served(machine_);
    host_.on_ready();
  }
  void on_removed(const base::Error&) override { host_.on_removed(); }

  // Whoever could not join yet had a list of the group that has changed since, and tries again with a newer one. Whoever is not to join any
  // more does not.
  void on_failed(const base::Error& error) override {
    const bool is_joining = roster_.group_to_join(machine_) && !roster_.has_served(machine_);
    const bool is_about_the_group = error.code == base::Code::invalid || error.code == base::Code::unavailable;
    if (!is_joining || !is_about_the_group) return host_.on_failed(error);
    if (roster_.is_given_up(machine_)) return host_.on_removed();
    host_.on_failed({base::Code::unavailable, error.detail});
  }

  const std::uint32_t machine_;
  Roster& roster_;
  MemberHost& host_;
  ::etcd::Server server_;
};

class OperatorProgram final : public io::sim::Program {
 public:
  OperatorProgram(io::sim::Node& node, OperatorOptions options, const std::vector<ScheduledChange>& changes, Roster& roster,
                  MemberOracle& oracle, OperatorCounts& counts, bool& is_finished)
      : operator_(node.world(), std::move(options), changes, roster, oracle, counts, is_finished) {
    operator_.start();
  }

 private:
  Operator operator_;
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

class WatcherProgram final : public io::sim::Program {
 public:
  WatcherProgram(io::sim::Node& node, WatcherOptions options, const std::vector<ScheduledWatchLine>& lines, const KvOracle& answers, WatchOracle& oracle)
      : watcher_(node.world(), std::move(options), lines, answers, oracle) {
    watcher_.start();
  }

 private:
  Watcher watcher_;
};

// What one client asks. An operator changes the group, and nothing else; and who watches does nothing else either.
struct ClientPart {
  std::vector<ClientOperation> operations = {};
  std::vector<ScheduledChange> changes = {};
  std::vector<ScheduledWatchLine> watches = {};
};

// With whom the group begins, as its members work it out.
raft::Configuration founded(::etcd::ServerConfig config) {
  config.name = config.initial_cluster.front().name;
  config.initial_advertise_peer_urls = config.initial_cluster.front().peer_urls;
  return ::etcd::initial_configuration(::etcd::initial_ids(config));
}

class Group final : public Tenant, private CommittedListener {
 public:
  Group(const Plan& plan, const GroupOptions& options, ::etcd::ServerConfig config, std::vector<ClientPart> parts, Findings& findings)
      : plan_(plan), options_(options), config_(std::move(config)), parts_(std::move(parts)),
        oracle_(findings, options.stale_reads, options.application != nullptr ? Writers::foreign : Writers::workload),
        member_oracle_(founded(config_), findings), watch_oracle_(oracle_.model(), plan.duration - kCaughtUpWithin, findings), roster_(plan.members, machines_of(plan)), finished_(plan.clients) {}

  void use(Machines& machines) override {
    roster_.use(machines);
    if (application_ != nullptr) application_->use(machines);
  }
  void host(std::unique_ptr<ApplicationRun> application) { application_ = std::move(application); }
  KvOracle& oracle() { return oracle_; }

  std::unique_ptr<io::sim::Program> start_member(io::sim::Node& node, std::uint32_t member, MemberHost& host) override {
    ::etcd::ServerConfig config = config_;
    config.name = member_name(member);
    config.tuning.peer.further_fields = further_fields_of(plan_, member);
    config.listen_client = {client_address(member)};
    if (machines_of(plan_) > 1) {
      config.listen_peer.clear();
      for (const std::uint32_t place : roster_.places(member)) config.listen_peer.push_back(peer_address(member, place));
    }
    config.advertise_client_urls = {client_url(member)};
    if (const auto& group = roster_.group_to_join(member)) {
      config.is_joining = true;
      config.initial_cluster = *group;
    }
    // These flags say where it begins, and stay as they are when it has moved.
    config.initial_advertise_peer_urls = {peer_url(member)};
    for (const ::etcd::InitialMember& one : config.initial_cluster) {
      if (one.name == config.name) config.initial_advertise_peer_urls = one.peer_urls;
    }
    return std::make_unique<MemberProgram>(node, member, config, roster_, host);
  }

  std::unique_ptr<io::sim::Program> start_client(io::sim::Node& node, std::uint32_t client) override {
    if (!parts_[client].changes.empty()) return start_operator(node, client);
    ClientOptions options;
    options.client = client;
    // Of a group that changes anybody may be a voter some day.
    const std::uint32_t servers = plan_.spares > 0 ? machines_of(plan_) : voters_of(plan_);
    for (std::uint32_t member = 0; member < servers; ++member) options.servers.push_back(client_address(member));
    options.request_timeout = client_timeout(plan_).value_or(options.request_timeout);
    if (application_ != nullptr) return application_->start(node, client, std::move(options.servers), options.request_timeout);
    if (!parts_[client].watches.empty()) return start_watcher(node, client, std::move(options.servers));
    if (options_.clients_roam) options.roams_until = plan_.faults_until;
    return std::make_unique<ClientProgram>(node, std::move(options), parts_[client].operations, oracle_, finished_[client].value);
  }

  CommittedListener* committed_listener() override { return this; }
  Teller* teller() override { return &teller_; }
  // The first tick may come at once.
  base::Duration election_timeout() const override {
    return (config_.election_timeout / config_.heartbeat_interval - 1) * config_.heartbeat_interval;
  }
  std::vector<std::string> store_files(base::StoreGeneration generation) const override {
    return {"store-" + base::to_text(generation) + "/db"};
  }
  std::string store_wal_file(base::StoreGeneration generation) const override { return "store-" + base::to_text(generation) + "/db-wal"; }

  void at_end(Findings&) override {
    member_oracle_.at_end();
    watch_oracle_.at_end();
    if (application_ != nullptr) application_->at_end();
  }

  bool has_written_in_calm() const override { return application_ == nullptr || application_->has_written_in_calm(); }

  // Only what was asked in the calm has to be answered: a smaller plan may have nothing of the kind.
  std::optional<Waiting> unanswered() const override {
    if (application_ != nullptr) {
      if (std::optional<Waiting> waiting = application_->unanswered()) return waiting;
    }
    for (std::uint32_t client = 0; client < plan_.clients; ++client) {
      const std::vector<ClientOperation>& operations = parts_[client].operations;
      const bool is_owed = !operations.empty() && operations.back().at >= plan_.faults_until;
      if (!is_owed || finished_[client].value) continue;
      return Waiting{"client " + std::to_string(client) + " still waits for its last answers", Subject{oracle_.newest_of(client), {}, {}}};
    }
    return watch_oracle_.untold();
  }
  std::optional<Waiting> unchanged() const override {
    for (std::uint32_t client = 0; client < plan_.clients; ++client) {
      if (parts_[client].changes.empty() || finished_[client].value) continue;
      return Waiting{"operator " + std::to_string(client) + " has not come to an end, or somebody whom it has started never served"};
    }
    return std::nullopt;
  }

  std::unique_ptr<io::sim::Program> start_inspection(io::sim::Node& node, std::uint32_t, MemberHost& host, Findings& findings) override {
    return std::make_unique<Inspection>(node, oracle_, findings, host);
  }

  std::map<std::string, std::uint64_t> counts() const override {
    const KvCounts& counts = oracle_.counts();
    std::map<std::string, std::uint64_t> out = {{"sent", counts.sent}, {"acknowledged", counts.acknowledged}, {"refused", counts.refused},
                                                {"unknown", counts.unknown}, {"resolved", counts.resolved}};
    if (application_ != nullptr) {
      out.erase("resolved");  // of writes without a mark nobody can say which they were
      application_->add_counts(out);
    }
    add_watch_counts(out);
    if (plan_.spares == 0) return out;
    for (std::size_t kind = 0; kind < kGroupChangeCount; ++kind) {
      const std::string name = "member_" + std::string(name_of(static_cast<GroupChange>(kind)));
      const ChangeCounts& changes = changes_[kind];
      out[name + "_asked"] = changes.asked;
      out[name + "_done"] = changes.done;
      out[name + "_dropped"] = changes.dropped;
      out[name + "_refused"] = changes.refused;
      out[name + "_unknown"] = changes.unknown;
    }
    out["members_started"] = roster_.starts();
    out["members_moved"] = roster_.moves();
    return out;
  }

 private:
  void on_committed(const base::Entry& entry) override {
    oracle_.on_committed(entry);
    watch_oracle_.on_committed();
    member_oracle_.on_committed(entry);
  }

  std::unique_ptr<io::sim::Program> start_operator(io::sim::Node& node, std::uint32_t client) {
    OperatorOptions options;
    options.client = client;
    options.listener = teller_.listener();
    options.voters_min = voters_min(plan_);
    options.faults_until = plan_.faults_until;
    options.begins_until = std::max(plan_.faults_until - kNoChangeBefore, base::Duration::zero());
    for (const Broken& broken : plan_.broken) options.broken.insert(broken.member);
    return std::make_unique<OperatorProgram>(node, std::move(options), parts_[client].changes, roster_, member_oracle_, changes_, finished_[client].value);
  }

  std::unique_ptr<io::sim::Program> start_watcher(io::sim::Node& node, std::uint32_t client, std::vector<io::Address> servers) {
    WatcherOptions options;
    options.client = client;
    options.servers = std::move(servers);
    options.listener = teller_.listener();
    options.faults_until = plan_.faults_until;
    options.window_bytes = watch_window_bytes(plan_);
    for (const Broken& broken : plan_.broken) options.broken.insert(broken.member);
    return std::make_unique<WatcherProgram>(node, std::move(options), parts_[client].watches, oracle_, watch_oracle_);
  }

  void add_watch_counts(std::map<std::string, std::uint64_t>& out) const {
    const auto watches = [](const ClientPart& part) { return !part.watches.empty(); };
    if (std::none_of(parts_.begin(), parts_.end(), watches)) return;
    const WatchCounts& counts = watch_oracle_.counts();
    out["watch_canceled"] = counts.canceled;
    out["watch_compacted"] = counts.compacted;
    out["watch_created"] = counts.created;
    out["watch_events"] = counts.events;
    out["watch_pieces"] = counts.pieces;
    out["watch_progress"] = counts.progress;
    out["watch_refused"] = counts.refused;
    out["watch_streams"] = counts.streams;
  }

  struct Flag {
    bool value = false;
  };
  const Plan& plan_;
  const GroupOptions options_;
  const ::etcd::ServerConfig config_;  // what all members have in common
  const std::vector<ClientPart> parts_;
  KvOracle oracle_;
  MemberOracle member_oracle_;
  WatchOracle watch_oracle_;
  EtcdTeller teller_{oracle_, options_.application};
  Roster roster_;
  OperatorCounts changes_{};
  std::vector<Flag> finished_;
  std::unique_ptr<ApplicationRun> application_;  // null: the clients are those of the workload
};

base::Status take(const Plan& plan, const Operation& operation, ClientPart& part) {
  const std::string what = "`" + operation.what + "` ";
  if (const std::optional<GroupChange> change = parse_change(operation.what)) {
    if (plan.spares == 0) return base::fail(base::Code::invalid, what + "changes a group that has no machine to spare");
    if (!part.operations.empty() || !part.watches.empty()) return base::fail(base::Code::invalid, what + "is asked by a client that is no operator");
    part.changes.push_back({operation.number, operation.at, *change});
    return {};
  }
  base::Result<std::optional<WatchLine>> watch = parse_watch_line(operation.what);
  if (!watch) return base::fail(watch.error());
  if (*watch) {
    if (!part.operations.empty() || !part.changes.empty()) return base::fail(base::Code::invalid, what + "is of a client that does not only watch");
    part.watches.push_back({operation.number, operation.at, std::move(**watch)});
    return {};
  }
  base::Result<KvOperation> parsed = parse_operation(operation.what);
  if (!parsed) return base::fail(parsed.error());
  if (!part.changes.empty()) return base::fail(base::Code::invalid, what + "is asked by an operator");
  if (!part.watches.empty()) return base::fail(base::Code::invalid, what + "is asked by a client that watches");
  if (parsed->kind == OperationKind::move && parsed->member >= plan.members) {
    return base::fail(base::Code::invalid, what + "names a member that does not exist");
  }
  part.operations.push_back({operation.number, operation.at, std::move(*parsed)});
  return {};
}

}  // namespace

base::Result<std::unique_ptr<Tenant>> make_group(const Plan& plan, const GroupOptions& options, Findings& findings) {
  ::etcd::ServerConfig config;
  config.max_learners = plan.members;  // as many as the plan wants; of a group that changes a size says how many
  config.initial_cluster.clear();
  for (std::uint32_t member = 0; member < plan.members; ++member) {
    config.initial_cluster.push_back({member_name(member), {peer_url(member)}, member >= voters_of(plan)});
  }
  if (base::Status known = use_sizes(plan, config); !known) return base::fail(known.error());
  std::vector<ClientPart> parts(plan.clients);
  if (options.application != nullptr) {
    auto group = std::make_unique<Group>(plan, options, std::move(config), std::move(parts), findings);
    auto application = std::make_unique<ApplicationRun>(plan, *options.application, group->oracle(), findings);
    for (const Operation& operation : plan.operations) {
      if (base::Status taken = application->take(operation); !taken) return base::fail(taken.error());
    }
    group->host(std::move(application));
    return group;
  }
  for (const Operation& operation : plan.operations) {
    if (base::Status taken = take(plan, operation, parts[operation.client]); !taken) return base::fail(taken.error());
  }
  return std::make_unique<Group>(plan, options, std::move(config), std::move(parts), findings);
}

}  // namespace sim::etcd

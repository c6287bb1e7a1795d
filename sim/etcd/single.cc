#include "sim/etcd/single.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "core/base/assert.h"
#include "core/etcd/server.h"
#include "sim/etcd/client.h"
#include "sim/etcd/kv_oracle.h"
#include "sim/etcd/operation.h"
#include "sim/swarm.h"

namespace sim::etcd {

namespace {

using io::sim::Decisions;
using io::sim::Identity;
using ::etcd::Tuning;

constexpr std::uint16_t kPort = 2379;
constexpr base::Duration kFaultsUntil = std::chrono::seconds(50);
constexpr base::Duration kDuration = std::chrono::seconds(70);
// The last requests of each client are sent this long after the faults have ended, and must be answered.
constexpr base::Duration kCalmBefore = std::chrono::seconds(10);
constexpr std::uint32_t kOperationsPerRun = 1600;
constexpr std::uint32_t kLastOperations = 3;

// --- the plan ---------------------------------------------------------------------------------------

// Sizes small enough that every run fills segments, batches and bounds many times.
struct SizeRange {
  std::string_view name;
  std::uint64_t first;
  std::uint64_t last;
  std::uint64_t Tuning::* field;
};
constexpr std::array kSizes = {
    SizeRange{"log_segment_bytes", 16 << 10, 256 << 10, &Tuning::log_segment_bytes},
    SizeRange{"apply_slice_entries", 1, 64, &Tuning::apply_slice_entries},
    SizeRange{"catch_up_entries", 0, 100, &Tuning::catch_up_entries},
    SizeRange{"truncate_step_entries", 1, 100, &Tuning::truncate_step_entries},
    SizeRange{"kept_entries_max", 300, 2000, &Tuning::kept_entries_max},
    SizeRange{"unmaterialised_bytes_max", 2 << 10, 64 << 10, &Tuning::unmaterialised_bytes_max},
    SizeRange{"store_batch_rows", 1, 50, &Tuning::store_batch_rows},
    SizeRange{"store_wal_bytes_max", 256 << 10, 2 << 20, &Tuning::store_wal_bytes_max},
    SizeRange{"range_slice_keys", 1, 12, &Tuning::range_slice_keys},
    SizeRange{"range_slice_rows", 1, 8, &Tuning::range_slice_rows},
    SizeRange{"range_slice_bytes", 64, 4 << 10, &Tuning::range_slice_bytes},
    SizeRange{"store_page_cache_bytes", 64 << 10, 1 << 20, &Tuning::store_page_cache_bytes},
};
// As the flag of etcd's name.
constexpr std::string_view kCompactionLimit = "compaction_batch_limit";
constexpr std::uint64_t kCompactionLimitMax = 40;
struct DelayRange {
  std::string_view name;
  base::Duration first;
  base::Duration last;
  base::Duration Tuning::* field;
};
constexpr std::array kDelays = {
    DelayRange{"store_batch_delay_ns", std::chrono::milliseconds(1), std::chrono::milliseconds(200), &Tuning::store_batch_delay},
    DelayRange{"store_checkpoint_delay_ns", std::chrono::milliseconds(50), std::chrono::seconds(5), &Tuning::store_checkpoint_delay},
};

// Draws the operations of one plan. What is drawn for one is named by its client and number, and by where it stands in it.
class Drawer {
 public:
  Drawer(Decisions& decisions, std::uint64_t keys) : decisions_(decisions), keys_(keys) {}

  KvOperation draw(std::uint32_t client, std::uint32_t number) {
    path_ = {client, number, 0};
    taken_.clear();
    const std::uint64_t kind = below("plan-operation", 1000);
    if (kind < 450) return put();
    if (kind < 760) return get();
    if (kind < 830) return erase();
    if (kind < 985) return txn(0);
    KvOperation operation;
    operation.kind = OperationKind::compact;
    operation.back = static_cast<std::int64_t>(below("plan-compact", 60));
    operation.is_physical = below("plan-physical", 3) == 0;
    return operation;
  }

 private:
  std::uint64_t below(std::string_view purpose, std::uint64_t bound) {
    return decisions_.below(purpose, Identity{path_.client, path_.number, path_.part}, bound);
  }
  std::string key(std::string_view purpose) { return "k" + std::to_string(below(purpose, keys_)); }
  std::string range_end() {
    const std::uint64_t range = below("plan-range", 4);
    if (range == 0) return std::string("\0", 1);
    return range == 1 ? key("plan-range-end") : std::string();
  }

  KvOperation put() {
    KvOperation operation;
    operation.kind = OperationKind::put;
    operation.key = key("plan-key");
    operation.value_bytes = below("plan-value-class", 10) == 0 ? below("plan-value", 9000) : below("plan-value", 300);
    operation.prev_kv = below("plan-prev", 4) == 0;
    return operation;
  }

  KvOperation get() {
    KvOperation operation;
    operation.key = key("plan-key");
    operation.range_end = range_end();
    operation.is_serializable = below("plan-serializable", 4) == 0;
    if (below("plan-at-revision", 3) == 0) operation.back = static_cast<std::int64_t>(below("plan-back", 50));
    if (below("plan-limited", 3) == 0) operation.limit = 1 + static_cast<std::int64_t>(below("plan-limit", 4));
    const std::uint64_t form = below("plan-form", 10);
    operation.keys_only = form == 0;
    operation.count_only = form == 1;
    operation.is_descending = form == 2;
    return operation;
  }

  KvOperation erase() {
    KvOperation operation;
    operation.kind = OperationKind::erase;
    operation.key = key("plan-key");
    operation.range_end = range_end();
    operation.prev_kv = below("plan-prev", 2) == 0;
    return operation;
  }

  KvCompare compare() {
    KvCompare out;
    out.key = key("plan-compare-key");
    if (below("plan-compare-range", 5) == 0) out.range_end = std::string("\0", 1);
    out.target = static_cast<CompareTarget>(below("plan-compare-target", 4));
    // Mostly what a careful client asks: is it still as I saw it?
    if (below("plan-compare-seen", 3) != 0 || out.target == CompareTarget::value) return out;
    out.relation = static_cast<CompareRelation>(below("plan-compare-relation", 4));
    out.number = static_cast<std::int64_t>(below("plan-compare-number", 4));
    return out;
  }

  // Within a transaction no key may be written twice, and no put meet a delete, but for one with an open end (behaviour
  // reference §2.4). A key that is taken already is read instead.
  bool take(const std::string& key) {
    const bool is_free = std::find(taken_.begin(), taken_.end(), key) == taken_.end();
    taken_.push_back(key);
    return is_free;
  }

  KvOperation part_of_txn(int depth) {
    const std::uint64_t kind = below("plan-txn-operation", 10);
    if (kind == 9 && depth < 2) return txn(depth + 1);
    if (kind < 5) {
      KvOperation operation = put();
      return take(operation.key) ? operation : get();
    }
    if (kind == 5) {
      KvOperation operation = erase();
      if (operation.range_end.empty() && !take(operation.key)) return get();
      if (operation.range_end.size() < 2) return operation;
    }
    return get();
  }

  std::vector<KvOperation> branch(int depth) {
    std::vector<KvOperation> operations;
    const std::uint64_t count = below("plan-txn-size", 4);
    for (std::uint64_t i = 0; i < count; ++i) {
      ++path_.part;
      operations.push_back(part_of_txn(depth));
    }
    return operations;
  }

  KvOperation txn(int depth) {
    KvOperation operation;
    operation.kind = OperationKind::txn;
    const std::uint64_t count = below("plan-compares", 3);
    for (std::uint64_t i = 0; i < count; ++i) {
      ++path_.part;
      operation.compares.push_back(compare());
    }
    operation.success = branch(depth);
    operation.failure = branch(depth);
    return operation;
  }

  struct Path {
    std::uint32_t client = 0;
    std::uint32_t number = 0;
    std::uint32_t part = 0;
  };
  Decisions& decisions_;
  const std::uint64_t keys_;
  Path path_;
  std::vector<std::string> taken_;  // of the transaction that is being drawn
};

void add_last_operations(Plan& plan, std::uint32_t client, std::uint32_t number) {
  constexpr std::array<const char*, kLastOperations> kLast = {"put k0 10", "get k0", "get k *"};
  for (const char* what : kLast) plan.operations.push_back({client, number++, plan.faults_until + kCalmBefore, what});
}

Plan draw(std::string_view scenario, Budget budget, std::uint64_t seed) {
  Decisions decisions(seed);
  Plan plan;
  plan.scenario = scenario;
  plan.seed = seed;
  plan.clients = 1 + static_cast<std::uint32_t>(decisions.below("plan-clients", {}, 8));
  plan.faults_until = kFaultsUntil;
  plan.duration = kDuration;
  for (const SizeRange& size : kSizes) {
    const Identity who{io::sim::key(size.name)};
    plan.sizes[std::string(size.name)] = size.first + decisions.below("plan-size", who, size.last - size.first);
  }
  plan.sizes[std::string(kCompactionLimit)] =
      1 + decisions.below("plan-size", Identity{io::sim::key(kCompactionLimit)}, kCompactionLimitMax);
  for (const DelayRange& delay : kDelays) {
    const Identity who{io::sim::key(delay.name)};
    plan.sizes[std::string(delay.name)] =
        static_cast<std::uint64_t>(decisions.between("plan-delay", who, delay.first, delay.last).count());
  }
  draw_faults(decisions, budget, plan);

  const std::uint64_t keys = 1 + decisions.below("plan-keys", {}, 12);
  const std::uint32_t each = kOperationsPerRun / plan.clients;
  for (std::uint32_t client = 0; client < plan.clients; ++client) {
    std::vector<Operation> own;
    Drawer drawer(decisions, keys);
    for (std::uint32_t number = 0; number < each; ++number) {
      const Identity who{client, number};
      const base::Duration at = decisions.between("plan-start", who, std::chrono::milliseconds(1), plan.faults_until);
      own.push_back({client, number, at, to_text(drawer.draw(client, number))});
    }
    std::sort(own.begin(), own.end(), [](const Operation& a, const Operation& b) { return a.at != b.at ? a.at < b.at : a.number < b.number; });
    plan.operations.insert(plan.operations.end(), own.begin(), own.end());
    add_last_operations(plan, client, each);
  }
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
      : plan_(plan), config_(std::move(config)), operations_(std::move(operations)), oracle_(findings), finished_(plan.clients) {}

  std::unique_ptr<io::sim::Program> start_member(io::sim::Node& node, MemberHost& host) override {
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
    for (const auto& [name, value] : plan.sizes) {
      bool is_known = name == kCompactionLimit;
      if (is_known) config.compaction_batch_limit = value;
      for (const SizeRange& size : kSizes) {
        if (size.name != name) continue;
        config.tuning.*size.field = value;
        is_known = true;
      }
      for (const DelayRange& delay : kDelays) {
        if (delay.name != name) continue;
        config.tuning.*delay.field = base::Duration(static_cast<std::int64_t>(value));
        is_known = true;
      }
      if (!is_known) return base::fail(base::Code::invalid, "no size is called `" + name + "`");
    }
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

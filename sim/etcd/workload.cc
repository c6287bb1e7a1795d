#include "sim/etcd/workload.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "core/base/assert.h"
#include "sim/etcd/operation.h"

namespace sim::etcd {

namespace {

using io::sim::Decisions;
using io::sim::Identity;

// --- habits -----------------------------------------------------------------------------------------

// How large a part of the operations a kind has, in parts that add up to whatever they do.
struct Share {
  OperationKind kind;
  std::uint32_t least;
  std::uint32_t most;
  bool may_be_missing;
};
constexpr std::array<Share, kOperationKindCount> kShares = {{
    {OperationKind::put, 300, 700, false},
    {OperationKind::get, 100, 400, true},
    {OperationKind::stream, 10, 120, true},
    {OperationKind::erase, 20, 200, true},
    {OperationKind::txn, 30, 300, true},
    {OperationKind::compact, 3, 60, true},
    {OperationKind::hash, 3, 25, true},
    {OperationKind::move, 2, 20, true},  // where there is somebody to move to
}};
constexpr std::uint32_t kMissingPerMillion = 150'000;
constexpr std::uint32_t kOnlyReadsPerMillion = 350'000;
constexpr std::uint32_t kCrowdPerMillion = 300'000;
constexpr std::uint32_t kCrowdMin = 12;
constexpr std::uint32_t kCrowdMax = 40;

struct Habits {
  std::array<std::uint32_t, kOperationKindCount> shares{};  // by kind; 0: never
  std::uint32_t share_sum = 0;
  std::uint64_t keys = 1;
  std::uint64_t value_bytes_max = 1;       // of most values
  std::uint64_t large_value_bytes_max = 1; // of one in ten
  std::uint32_t wide_deletes = 0;          // per thousand deletes: of a range
  std::uint32_t old_reads = 0;             // per thousand reads: at a revision that they name
  std::uint64_t txn_operations_max = 1;    // on each path
  std::uint64_t bursts = 0;                // 0: evenly
  base::Duration burst{};                  // how long each lasts
  bool compacts_last = false;
};

Habits draw_habits(Decisions& decisions, const Plan& plan) {
  const auto below = [&](std::string_view what, std::uint64_t bound) {
    return decisions.below("plan-habit", Identity{io::sim::key(what)}, bound);
  };
  Habits habits;
  for (const Share& share : kShares) {
    const auto kind = static_cast<std::uint64_t>(share.kind);
    if (share.kind == OperationKind::move && plan.members == 1) continue;
    if (share.may_be_missing && decisions.happens("plan-kind-off", Identity{kind}, kMissingPerMillion)) continue;
    const std::uint64_t more = decisions.below("plan-kind-share", Identity{kind}, share.most - share.least);
    habits.shares[kind] = share.least + static_cast<std::uint32_t>(more);
    // Compactions that follow each other closely finish what a crash has left of the one before.
    if (share.kind == OperationKind::compact && below("compacts seldom", 2) == 0) habits.shares[kind] = 1 + habits.shares[kind] / 20;
    habits.share_sum += habits.shares[kind];
  }
  const std::uint64_t size = below("size", 10);
  const bool is_large = size >= 7;
  if (size < 4) habits.keys = 1 + below("keys", 8);
  else habits.keys = is_large ? 80 + below("keys", 220) : 8 + below("keys", 40);
  habits.value_bytes_max = is_large ? 60 : 300;
  habits.large_value_bytes_max = is_large ? 1500 : 9000;
  // Where many keys are to stand none may be swept away often.
  constexpr std::array<std::uint32_t, 3> kWideDeletes = {0, 30, 400};
  habits.wide_deletes = is_large ? static_cast<std::uint32_t>(below("wide deletes", 20)) : kWideDeletes[below("wide deletes", 3)];
  habits.old_reads = 100 + static_cast<std::uint32_t>(below("old reads", 700));
  const bool compacts = habits.shares[static_cast<std::size_t>(OperationKind::compact)] > 0;
  habits.compacts_last = compacts && below("compacts last", 2) == 0;
  habits.txn_operations_max = below("long transactions", 4) == 0 ? 9 : 4;
  if (below("bursty", 2) == 0) {
    habits.bursts = 4 + below("bursts", 30);
    habits.burst = decisions.between("plan-burst-length", {}, std::chrono::milliseconds(20), std::chrono::milliseconds(800));
  }
  return habits;
}

// --- operations -------------------------------------------------------------------------------------

// Draws the operations of one plan.
class Drawer {
 public:
  Drawer(Decisions& decisions, const Habits& habits, std::uint32_t members) : decisions_(decisions), habits_(habits), members_(members) {}

  KvOperation draw(std::uint32_t client, std::uint32_t number) {
    path_ = {client, number, 0};
    taken_.clear();
    if (only_reads(client)) return look();
    switch (kind()) {
      case OperationKind::put: return put();
      case OperationKind::get: return get();
      case OperationKind::stream: return stream();
      case OperationKind::erase: return erase();
      case OperationKind::txn: return txn(0);
      case OperationKind::compact: return compact();
      case OperationKind::hash: return hash();
      case OperationKind::move: return move();
    }
    ASSERT(false && "a kind outside the enumeration");
    return {};
  }

 private:
  std::uint64_t below(std::string_view purpose, std::uint64_t bound) {
    return decisions_.below(purpose, Identity{path_.client, path_.number, path_.part}, bound);
  }

  OperationKind kind() {
    std::uint64_t place = below("plan-operation", habits_.share_sum);
    for (std::size_t kind = 0; kind < habits_.shares.size(); ++kind) {
      if (place < habits_.shares[kind]) return static_cast<OperationKind>(kind);
      place -= habits_.shares[kind];
    }
    ASSERT(false && "the shares add up to their sum");
    return {};
  }

  std::string key(std::string_view purpose) { return "k" + std::to_string(below(purpose, habits_.keys)); }

  std::string range_end(std::uint32_t wide_per_thousand) {
    if (below("plan-wide", 1000) >= wide_per_thousand) return {};
    return below("plan-open-end", 2) == 0 ? std::string("\0", 1) : key("plan-range-end");
  }

  // How far behind the newest revision: often not at all, or just so that what it did is not in it.
  std::int64_t back() {
    const std::uint64_t distance = below("plan-distance", 8);
    if (distance < 3) return 0;
    if (distance == 3) return 1;
    return static_cast<std::int64_t>(below("plan-back", distance < 6 ? 10 : 80));
  }

  KvOperation put() {
    KvOperation operation;
    operation.kind = OperationKind::put;
    operation.key = key("plan-key");
    operation.value_bytes = below("plan-value-class", 10) == 0 ? below("plan-value", habits_.large_value_bytes_max)
                                                               : below("plan-value", habits_.value_bytes_max);
    operation.prev_kv = below("plan-prev", 4) == 0;
    return operation;
  }

  KvOperation read(std::uint32_t wide_per_thousand) {
    KvOperation operation;
    operation.key = key("plan-key");
    operation.range_end = range_end(wide_per_thousand);
    operation.is_serializable = below("plan-serializable", 4) == 0;
    if (below("plan-at-revision", 1000) < habits_.old_reads) operation.back = back();
    if (below("plan-limited", 3) == 0) operation.limit = 1 + static_cast<std::int64_t>(below("plan-limit", 1 + habits_.keys / 2));
    return operation;
  }

  // Somebody who only looks goes on asking a leader that is cut off, where a writer waits until it gives up: only such a client
  // meets a leader that does not know yet that it is none. The first client always writes.
  bool only_reads(std::uint32_t client) {
    return members_ > 1 && client > 0 && decisions_.happens("plan-only-reads", {client}, kOnlyReadsPerMillion);
  }

  KvOperation look() {
    KvOperation operation;
    operation.kind = OperationKind::get;
    operation.key = key("plan-key");
    return operation;
  }

  KvOperation get() {
    KvOperation operation = read(500);
    const std::uint64_t form = below("plan-form", 10);
    operation.keys_only = form == 0;
    operation.count_only = form == 1;
    operation.is_descending = form == 2;
    return operation;
  }

  KvOperation stream() {
    KvOperation operation = read(900);
    operation.kind = OperationKind::stream;
    const std::uint64_t form = below("plan-form", 10);
    operation.keys_only = form == 0;
    operation.count_only = form == 1;
    return operation;
  }

  KvOperation erase() {
    KvOperation operation;
    operation.kind = OperationKind::erase;
    operation.key = key("plan-key");
    operation.range_end = range_end(habits_.wide_deletes);
    operation.prev_kv = below("plan-prev", 2) == 0;
    return operation;
  }

  KvOperation compact() {
    KvOperation operation;
    operation.kind = OperationKind::compact;
    operation.back = back();
    operation.is_physical = below("plan-physical", 3) == 0;
    return operation;
  }

  KvOperation hash() {
    KvOperation operation;
    operation.kind = OperationKind::hash;
    if (below("plan-at-revision", 2) == 0) operation.back = back();
    return operation;
  }

  KvOperation move() {
    KvOperation operation;
    operation.kind = OperationKind::move;
    operation.member = static_cast<std::uint32_t>(below("plan-move-to", members_));
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
    if (kind < 7) {
      KvOperation operation = erase();
      if (operation.range_end.empty() && !take(operation.key)) return get();
      if (operation.range_end.size() < 2) return operation;
    }
    return get();
  }

  std::vector<KvOperation> branch(int depth) {
    std::vector<KvOperation> operations;
    const std::uint64_t count = below("plan-txn-size", habits_.txn_operations_max);
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
  const Habits& habits_;
  const std::uint32_t members_;
  Path path_;
  std::vector<std::string> taken_;  // of the transaction that is being drawn
};

// --- times ------------------------------------------------------------------------------------------

// Who looks after the store does so by a clock of his own, in the silence between bursts too.
bool is_upkeep(OperationKind kind) { return kind == OperationKind::compact || kind == OperationKind::hash || kind == OperationKind::move; }

base::Duration draw_time(Decisions& decisions, const Habits& habits, OperationKind kind, const Identity& who, base::Duration end) {
  if (habits.bursts == 0 || is_upkeep(kind)) return decisions.between("plan-start", who, std::chrono::milliseconds(1), end);
  const std::uint64_t burst = decisions.below("plan-burst", who, habits.bursts);
  const base::Duration begins = decisions.between("plan-burst-start", {burst}, std::chrono::milliseconds(1), end - habits.burst);
  return begins + decisions.between("plan-start", who, base::Duration::zero(), habits.burst);
}

// Everybody writes and reads once more. In some seeds the first client also compacts at what it has just deleted, and
// waits until that is gone; in the others it stays with what was compacted while things went wrong.
void add_last_operations(const Habits& habits, std::uint32_t client, std::uint32_t number, base::Duration at, Plan& plan) {
  std::vector<const char*> last = {"put k0 10", "get k0", "get k *"};
  if (client == 0 && habits.compacts_last) {
    last.insert(last.begin(), {"delete k0", "compact 0 physical", "hash"});
  }
  for (const char* what : last) {
    plan.operations.push_back({client, number++, at, what});
  }
}

}  // namespace

std::uint32_t draw_client_count(Decisions& decisions, std::uint32_t few_max) {
  if (decisions.happens("plan-crowd", {}, kCrowdPerMillion)) {
    return kCrowdMin + static_cast<std::uint32_t>(decisions.below("plan-crowd-size", {}, kCrowdMax - kCrowdMin + 1));
  }
  return 1 + static_cast<std::uint32_t>(decisions.below("plan-clients", {}, few_max));
}

void draw_workload(Decisions& decisions, std::uint32_t operations, WorkloadTimes times, Plan& plan) {
  ASSERT(plan.clients > 0 && times.until >= plan.faults_until);
  const Habits habits = draw_habits(decisions, plan);
  const std::uint32_t each = operations / plan.clients;
  for (std::uint32_t client = 0; client < plan.clients; ++client) {
    std::vector<Operation> own;
    Drawer drawer(decisions, habits, plan.members);
    for (std::uint32_t number = 0; number < each; ++number) {
      const KvOperation operation = drawer.draw(client, number);
      const base::Duration at = draw_time(decisions, habits, operation.kind, Identity{client, number}, times.until);
      if (operation.kind == OperationKind::move && at >= plan.faults_until) continue;
      own.push_back({client, number, at, to_text(operation)});
    }
    std::sort(own.begin(), own.end(), [](const Operation& a, const Operation& b) { return a.at != b.at ? a.at < b.at : a.number < b.number; });
    plan.operations.insert(plan.operations.end(), own.begin(), own.end());
    add_last_operations(habits, client, each, times.last, plan);
  }
}

}  // namespace sim::etcd

// property_tests/serializability/tiny.h: histories of a few operations on a few keys, and a store that performs them.
//
// An opinion of its own: nothing here knows protobuf, sim/etcd or the checker. Keys are the letters a, b, c and m; values are
// numbers, and no two puts of a history have the same.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tiny {

constexpr int kKeys = 4;    // a, b, c, and m, the marker of deletes
constexpr int kMarker = 3;
constexpr std::int64_t kNever = 1'000'000;

struct Pair {
  int value = 0;
  std::int64_t create = 0, mod = 0, version = 0;
  friend bool operator==(const Pair&, const Pair&) = default;
};
using State = std::array<std::optional<Pair>, kKeys>;

struct Found {
  int key = 0;
  Pair pair;
  friend bool operator==(const Found&, const Found&) = default;
};

enum class What : std::uint8_t { put, get, erase };
struct Step {
  What what = What::get;
  int first = 0, last = 0;  // keys, [first, last]; a put has one
  int value = 0;            // of a put
  bool prev = false;        // of a put or a delete
  friend bool operator==(const Step&, const Step&) = default;
};

enum class Target : std::uint8_t { version, create, mod, value };
enum class Relation : std::uint8_t { equal, greater, less, not_equal };
struct Compare {
  int key = 0;
  Target target = Target::mod;
  Relation relation = Relation::equal;
  std::int64_t operand = 0;
};

enum class Kind : std::uint8_t { put, get, txn };

struct StepAnswer {
  std::int64_t revision = 0;
  std::vector<Found> found;  // of a get; of others what was there before, if asked for
  std::int64_t count = 0;    // of a get and a delete
  friend bool operator==(const StepAnswer&, const StepAnswer&) = default;
};
struct Answer {
  std::int64_t revision = 0;
  bool succeeded = true;          // of a transaction
  std::vector<StepAnswer> steps;  // one for a put or a get
  friend bool operator==(const Answer&, const Answer&) = default;
};

enum class End : std::uint8_t {
  answered, timed_out, never,  // the outcome of the last two is open
  too_many,                    // refused
  future, compacted,           // what it asked for is out of range
  not_allowed,
};

struct Operation {
  int client = 0;
  Kind kind = Kind::get;
  bool may_be_stale = false;  // a get only
  std::int64_t asked = 0;     // a get's revision; 0: the newest
  std::vector<Compare> compares;
  std::vector<Step> then, otherwise;  // a put or a get is one step of `then`
  std::int64_t start = 0, end = kNever;
  End how = End::never;
  Answer answer;
};

struct LogEntry {
  std::int64_t revision = 0;
  std::vector<Found> puts;
  std::vector<int> deletes;
  std::int64_t count = -1;  // keys afterwards; -1: not read
  friend bool operator==(const LogEntry&, const LogEntry&) = default;
};

struct History {
  std::int64_t first = 1;
  State base;
  std::vector<Operation> operations;
  std::vector<LogEntry> log;
};

// All its states, from the beginning on.
class Store {
 public:
  Store(std::int64_t first, State base) : first_(first), states_{std::move(base)} {}
  std::int64_t revision() const { return first_ + static_cast<std::int64_t>(states_.size()) - 1; }
  std::int64_t first() const { return first_; }

  // What a store does that stands at revision `at`, the newest unless it only reads. nullopt: the revision that it asks for is not
  // there yet. `changes` is set if it writes.
  std::optional<Answer> perform(const Operation& operation, std::int64_t at, std::optional<LogEntry>& changes);
  // Takes the newest revision back.
  void undo() { states_.pop_back(); }

 private:
  const State& state(std::int64_t at) const { return states_[static_cast<std::size_t>(at - first_)]; }
  std::int64_t first_;
  std::vector<State> states_;
};

std::string to_text(const History& history);

}  // namespace tiny

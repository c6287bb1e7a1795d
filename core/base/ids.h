// core/base/ids.h: one strong type per quantity, with only the arithmetic that makes sense.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace base {

// A number that only names something. No arithmetic.
template <typename Tag>
class Id {
 public:
  constexpr Id() = default;
  explicit constexpr Id(std::uint64_t value) : value_(value) {}
  constexpr std::uint64_t value() const { return value_; }
  friend constexpr auto operator<=>(Id, Id) = default;

  static const Id none;  // 0: nobody, nothing

 private:
  std::uint64_t value_ = 0;
};
template <typename Tag>
inline constexpr Id<Tag> Id<Tag>::none{};

using MemberId = Id<struct MemberIdTag>;
using ClusterId = Id<struct ClusterIdTag>;
using StoreGeneration = Id<struct StoreGenerationTag>;  // which `store-<generation>` directory; see docs/formats/store.md

// A position in a sequence that only grows: it has a successor and distances.
template <typename Tag>
class Ordinal {
 public:
  constexpr Ordinal() = default;
  explicit constexpr Ordinal(std::uint64_t value) : value_(value) {}
  constexpr std::uint64_t value() const { return value_; }
  constexpr Ordinal next() const { return Ordinal(value_ + 1); }
  constexpr Ordinal plus(std::uint64_t count) const { return Ordinal(value_ + count); }
  // Requires: *this is not the first.
  constexpr Ordinal previous() const { return Ordinal(value_ - 1); }
  // How many steps from `earlier` to this one. Requires: earlier <= *this.
  constexpr std::uint64_t since(Ordinal earlier) const { return value_ - earlier.value_; }
  friend constexpr auto operator<=>(Ordinal, Ordinal) = default;

 private:
  std::uint64_t value_ = 0;
};

using Term = Ordinal<struct TermTag>;          // Raft §5.1
using LogIndex = Ordinal<struct LogIndexTag>;  // Raft §5.3; the first entry has log index 1

// Names one entry of the replicated log; "more up to date" is this order (Raft §5.4.1).
struct EntryId {
  Term term;
  LogIndex index;
  friend constexpr auto operator<=>(const EntryId&, const EntryId&) = default;
};

// How far a store is certainly durable, and in which generation of the store's files (docs/formats/wal.md).
struct StoreMark {
  StoreGeneration generation;
  LogIndex applied;
  friend constexpr auto operator<=>(const StoreMark&, const StoreMark&) = default;
};

template <typename Tag>
std::string to_text(Ordinal<Tag> ordinal) {
  return std::to_string(ordinal.value());
}
std::string to_text(EntryId id);              // `term/index`
std::string to_text(const StoreMark& mark);   // `generation@applied`
// Lower-case hex without padding, as etcd prints ids.
std::string to_text(MemberId id);
std::string to_text(ClusterId id);
std::string to_text(StoreGeneration generation);  // decimal

}  // namespace base

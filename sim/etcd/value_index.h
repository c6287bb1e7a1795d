// sim/etcd/value_index.h: whose a value is, among a million others.
//
// A table of places and pieces of hashes, half full, so that a look costs one miss of the cache, and a second one when it finds
// something. Nothing can walk it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace sim::etcd {

class ValueIndex {
 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;

  // Room for about so many.
  void reserve(std::size_t count);

  // The value stays where it is. False, and nothing is added: it is there already.
  bool add(std::string_view value, std::uint32_t owner);
  // kNone: nobody's.
  std::uint32_t owner_of(std::string_view value) const;

 private:
  struct Value {
    std::string_view bytes;
    std::uint32_t owner = 0;
  };
  struct Slot {
    std::uint32_t tag = 0;
    std::uint32_t place = kNone;  // in values_
  };
  // Where it is, or where it would be.
  std::size_t find(std::string_view value, std::uint64_t hash) const;
  void resize(std::size_t slots);

  std::vector<Value> values_;  // in the order in which they were added
  std::vector<Slot> slots_;    // a power of two of them, at most half of them taken
};

}  // namespace sim::etcd

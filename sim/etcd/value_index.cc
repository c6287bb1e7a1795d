#include "sim/etcd/value_index.h"

#include "core/base/assert.h"
#include "core/base/hash.h"

namespace sim::etcd {

namespace {

constexpr std::size_t kSlotsMin = 64;

std::uint32_t tag_of(std::uint64_t hash) { return static_cast<std::uint32_t>(hash >> 32U); }

}  // namespace

std::size_t ValueIndex::find(std::string_view value, std::uint64_t hash) const {
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t at = hash & mask;; at = (at + 1) & mask) {
    const Slot& slot = slots_[at];
    if (slot.place == kNone || (slot.tag == tag_of(hash) && values_[slot.place].bytes == value)) return at;
  }
}

void ValueIndex::reserve(std::size_t count) {
  ASSERT(values_.empty());
  std::size_t slots = kSlotsMin;
  while (slots < 2 * count) slots *= 2;
  values_.reserve(count);
  resize(slots);
}

void ValueIndex::resize(std::size_t slots) {
  slots_.assign(slots, Slot());
  for (std::uint32_t place = 0; place < values_.size(); ++place) {
    const std::uint64_t hash = base::hash64(values_[place].bytes);
    slots_[find(values_[place].bytes, hash)] = {tag_of(hash), place};
  }
}

bool ValueIndex::add(std::string_view value, std::uint32_t owner) {
  if (2 * (values_.size() + 1) > slots_.size()) resize(slots_.empty() ? kSlotsMin : 2 * slots_.size());
  ASSERT(values_.size() < kNone);
  const std::uint64_t hash = base::hash64(value);
  Slot& slot = slots_[find(value, hash)];
  if (slot.place != kNone) return false;
  slot = {tag_of(hash), static_cast<std::uint32_t>(values_.size())};
  values_.push_back({value, owner});
  return true;
}

std::uint32_t ValueIndex::owner_of(std::string_view value) const {
  if (slots_.empty()) return kNone;
  const Slot& slot = slots_[find(value, base::hash64(value))];
  return slot.place == kNone ? kNone : values_[slot.place].owner;
}

}  // namespace sim::etcd

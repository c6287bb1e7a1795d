#include "storage/sqlite/shm.h"

#include <map>
#include <thread>
#include <utility>

#include "core/base/assert.h"

namespace sqlite {

namespace {

// Every open store of the process, by name. The names are never seen outside: they are only how a path
// travels through SQLite.
struct Table {
  std::mutex mutex;
  std::map<std::string, Store*, std::less<>> stores;
  std::uint64_t opened = 0;
};

Table& table() {
  static Table instance;
  return instance;
}

unsigned mask_of(int first, int count) { return ((1U << static_cast<unsigned>(count)) - 1U) << static_cast<unsigned>(first); }

}  // namespace

struct Store::Region {
  alignas(64) std::byte bytes[kIndexRegionBytes] = {};
};

Store::Store(io::Disk& disk, io::Random& random, std::string directory, base::StoreGeneration generation)
    : disk_(disk), random_(random), directory_(std::move(directory)), generation_(generation) {
  const std::lock_guard lock(table().mutex);
  name_ = "store" + std::to_string(++table().opened);
  table().stores.emplace(name_, this);
}

Store::~Store() {
  ASSERT(joined_ == 0);
  const std::lock_guard lock(table().mutex);
  table().stores.erase(name_);
}

Store* Store::find(std::string_view name) {
  const std::lock_guard lock(table().mutex);
  const auto found = table().stores.find(name);
  return found == table().stores.end() ? nullptr : found->second;
}

void Store::join_index() {
  const std::lock_guard lock(mutex_);
  ++joined_;
}

void Store::leave_index(IndexLocks& held) {
  unlock_index(held, 0, kIndexLockCount);
  const std::lock_guard lock(mutex_);
  ASSERT(joined_ > 0);
  if (--joined_ > 0) return;
  regions_.clear();
  frames_.clear();
}

volatile void* Store::index_region(int region, bool extend) {
  ASSERT(region >= 0);
  const std::lock_guard lock(mutex_);
  const auto wanted = static_cast<std::size_t>(region);
  if (wanted >= regions_.size() && !extend) return nullptr;
  while (wanted >= regions_.size()) regions_.push_back(std::make_unique<Region>());
  return regions_[wanted]->bytes;
}

bool Store::lock_index(IndexLocks& held, int first, int count, bool exclusive) {
  ASSERT(first >= 0 && count > 0 && first + count <= kIndexLockCount);
  const unsigned mask = mask_of(first, count);
  const std::lock_guard lock(mutex_);
  if (((exclusive ? held.exclusive : held.shared) & mask) == mask) return true;
  for (int slot = first; slot < first + count; ++slot) {
    if (exclusive_[slot]) return false;
    if (exclusive && shared_counts_[slot] > 0) return false;
  }
  for (int slot = first; slot < first + count; ++slot) {
    if (exclusive) exclusive_[slot] = true;
    else if ((held.shared & mask_of(slot, 1)) == 0) ++shared_counts_[slot];
  }
  (exclusive ? held.exclusive : held.shared) |= mask;
  return true;
}

void Store::unlock_index(IndexLocks& held, int first, int count) {
  ASSERT(first >= 0 && count > 0 && first + count <= kIndexLockCount);
  const std::lock_guard lock(mutex_);
  for (int slot = first; slot < first + count; ++slot) {
    const unsigned bit = mask_of(slot, 1);
    if ((held.exclusive & bit) != 0) exclusive_[slot] = false;
    if ((held.shared & bit) != 0) --shared_counts_[slot];
    ASSERT(shared_counts_[slot] >= 0);
  }
  const unsigned mask = mask_of(first, count);
  held.exclusive &= ~mask;
  held.shared &= ~mask;
}

void Store::barrier() {
  __sync_synchronize();
  // Orders the two threads for ThreadSanitizer too, which knows no fences.
  const std::lock_guard lock(mutex_);
}

void Store::set_frame(std::uint64_t frame, std::uint64_t hash) {
  const std::lock_guard lock(mutex_);
  if (frame >= frames_.size()) frames_.resize(frame + 1);
  frames_[frame] = hash;
}

std::optional<std::uint64_t> Store::frame(std::uint64_t frame) {
  const std::lock_guard lock(mutex_);
  return frame < frames_.size() ? frames_[frame] : std::nullopt;
}

void Store::forget_frames_from(std::uint64_t frame) {
  const std::lock_guard lock(mutex_);
  if (frame < frames_.size()) frames_.resize(frame);
}

void Store::fail(const base::Error& error) {
  const std::lock_guard lock(mutex_);
  if (failed_.load()) return;  // the first one tells the story
  failure_ = error;
  failed_.store(true);
}

base::Status Store::check_not_failed() {
  if (!failed_.load()) return {};
  const std::lock_guard lock(mutex_);
  return base::fail(failure_);
}

void yield_thread() { std::this_thread::yield(); }

}  // namespace sqlite

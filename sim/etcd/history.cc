#include "sim/etcd/history.h"

#include <algorithm>
#include <cstring>

#include "core/base/assert.h"

namespace sim::etcd {

namespace {
// Of the first chunk, and of the largest one that is not asked for: tiny histories are many, long ones large.
constexpr std::size_t kChunkBytesMin = 1U << 12U;
constexpr std::size_t kChunkBytesMax = 1U << 20U;
}

char* ByteArena::begin(std::size_t size) {
  if (size > size_ - used_ || chunks_.empty()) {
    size_ = std::max(size, std::min(kChunkBytesMax, kChunkBytesMin << std::min<std::size_t>(chunks_.size(), 20)));
    used_ = 0;
    chunks_.push_back(std::make_unique<char[]>(size_));
  }
  return chunks_.back().get() + used_;
}

std::string_view ByteArena::finish(std::size_t used) {
  ASSERT(used <= size_ - used_);
  const std::string_view bytes(chunks_.back().get() + used_, used);
  used_ += used;
  return bytes;
}

std::string_view ByteArena::add(std::string_view bytes) {
  char* const room = begin(bytes.size());
  if (!bytes.empty()) std::memcpy(room, bytes.data(), bytes.size());
  return finish(bytes.size());
}

std::string_view to_text(HistoryCall call) {
  switch (call) {
    case HistoryCall::put: return "put";
    case HistoryCall::range: return "range";
    case HistoryCall::txn: return "txn";
  }
  return "?";
}

}  // namespace sim::etcd

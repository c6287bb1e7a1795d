#include "core/rpc/send_queue.h"

#include "core/base/assert.h"
#include "core/rpc/message_reader.h"

namespace rpc {
namespace {

constexpr std::size_t kKeptCapacity = 64U << 10U;

}  // namespace

std::size_t SendQueue::push(std::string_view message) {
  // Taken bytes are dropped only when they are the larger part, so each byte is moved at most once or so.
  if (taken_ > bytes_.size() / 2) {
    bytes_.erase(0, taken_);
    taken_ = 0;
  }
  const auto prefix = message_prefix(message.size());
  bytes_.append(prefix.data(), prefix.size()).append(message);
  return prefix.size() + message.size();
}

std::string_view SendQueue::front(std::size_t count) const {
  ASSERT(count <= size());
  return std::string_view(bytes_).substr(taken_, count);
}

void SendQueue::pop(std::size_t count) {
  ASSERT(count <= size());
  taken_ += count;
  if (taken_ == bytes_.size()) clear();
}

void SendQueue::clear() {
  taken_ = 0;
  if (bytes_.capacity() > kKeptCapacity) {
    bytes_ = std::string();
  } else {
    bytes_.clear();
  }
}

}  // namespace rpc

#include "core/rpc/send_queue.h"

#include <utility>

#include "core/base/assert.h"
#include "core/base/release.h"
#include "core/rpc/message_reader.h"

namespace rpc {
namespace {

constexpr std::size_t kQueueKeptCapacity = 64U << 10U;

}  // namespace

std::size_t SendQueue::push(std::string_view first, std::string_view second) {
  const auto prefix = message_prefix(first.size() + second.size());
  const std::size_t size = prefix.size() + first.size() + second.size();
  if (!parts_.empty()) {
    std::string part;
    part.reserve(size);
    push_part(std::move(part.append(prefix.data(), prefix.size()).append(first).append(second)));
    return size;
  }
  // Taken bytes are dropped only when they are the larger part, so each byte is moved at most once or so.
  if (copied_taken_ > copied_.size() / 2) {
    copied_.erase(0, copied_taken_);
    copied_taken_ = 0;
  }
  copied_.append(prefix.data(), prefix.size()).append(first).append(second);
  return size;
}

std::size_t SendQueue::push(std::vector<std::string> parts) {
  std::size_t size = 0;
  for (const std::string& part : parts) size += part.size();
  const auto prefix = message_prefix(size);
  if (parts_.empty()) {
    copied_.append(prefix.data(), prefix.size());
  } else {
    push_part(std::string(prefix.data(), prefix.size()));
  }
  for (std::string& part : parts) {
    if (!part.empty()) push_part(std::move(part));
  }
  return prefix.size() + size;
}

void SendQueue::push_part(std::string part) {
  parts_bytes_ += part.size();
  parts_.push_back(std::move(part));
}

std::string_view SendQueue::front() const {
  if (copied_taken_ < copied_.size()) return std::string_view(copied_).substr(copied_taken_);
  return parts_.empty() ? std::string_view() : std::string_view(parts_.front()).substr(part_taken_);
}

void SendQueue::pop(std::size_t count) {
  ASSERT(count <= front().size());
  if (copied_taken_ < copied_.size()) {
    copied_taken_ += count;
    if (copied_taken_ == copied_.size()) clear_copied();
    return;
  }
  part_taken_ += count;
  if (parts_.empty() || part_taken_ < parts_.front().size()) return;
  parts_bytes_ -= parts_.front().size();
  parts_.pop_front();
  part_taken_ = 0;
}

void SendQueue::clear() {
  clear_copied();
  parts_.clear();
  parts_bytes_ = 0;
  part_taken_ = 0;
}

void SendQueue::clear_copied() {
  copied_taken_ = 0;
  if (copied_.capacity() > kQueueKeptCapacity) {
    base::release(copied_);
  } else {
    copied_.clear();
  }
}

}  // namespace rpc

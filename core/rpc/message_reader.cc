#include "core/rpc/message_reader.h"

#include <algorithm>

#include "core/base/assert.h"
#include "core/base/release.h"

namespace rpc {
namespace {

constexpr std::size_t kReaderKeptCapacity = 64U << 10U;  // a larger buffer is given back after its message

void clear_buffer(std::string& buffer) {
  if (buffer.capacity() > kReaderKeptCapacity) {
    base::release(buffer);
  } else {
    buffer.clear();
  }
}

}  // namespace

std::array<char, kMessagePrefixBytes> message_prefix(std::size_t size) {
  ASSERT(size <= UINT32_MAX);
  return {0, static_cast<char>(size >> 24U), static_cast<char>(size >> 16U), static_cast<char>(size >> 8U), static_cast<char>(size)};
}

MessageReader::Step MessageReader::next(std::string_view& bytes) {
  if (body_taken_) {
    clear_buffer(body_);
    body_taken_ = false;
  }
  if (prefix_size_ < kMessagePrefixBytes) {
    const std::size_t count = std::min(bytes.size(), kMessagePrefixBytes - prefix_size_);
    std::copy_n(bytes.data(), count, prefix_.begin() + static_cast<std::ptrdiff_t>(prefix_size_));
    prefix_size_ += count;
    bytes.remove_prefix(count);
    if (prefix_size_ < kMessagePrefixBytes) return {Outcome::incomplete, {}, 0};
    body_size_ = 0;
    for (std::size_t at = 1; at < kMessagePrefixBytes; ++at) body_size_ = body_size_ << 8U | static_cast<unsigned char>(prefix_[at]);
  }
  // A refused prefix stays, so that every further call refuses again.
  if (prefix_[0] == 1) return {Outcome::compressed, {}, body_size_};
  if (prefix_[0] != 0) return {Outcome::malformed, {}, body_size_};
  if (body_size_ > size_max_) return {Outcome::too_large, {}, body_size_};

  if (body_.empty() && bytes.size() >= body_size_) {
    const std::string_view message = bytes.substr(0, body_size_);
    bytes.remove_prefix(body_size_);
    prefix_size_ = 0;
    return {Outcome::message, message, body_size_};
  }
  const std::size_t count = std::min(bytes.size(), body_size_ - body_.size());
  body_.append(bytes.substr(0, count));
  bytes.remove_prefix(count);
  if (body_.size() < body_size_) return {Outcome::incomplete, {}, 0};
  prefix_size_ = 0;
  body_taken_ = true;
  return {Outcome::message, body_, body_size_};
}

void MessageReader::reset(std::size_t size_max) {
  size_max_ = size_max;
  prefix_size_ = 0;
  body_taken_ = false;
  clear_buffer(body_);
}

}  // namespace rpc

// core/rpc/send_queue.h: the messages of one stream that HTTP/2 flow control has not taken yet, as bytes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace rpc {

class SendQueue {
 public:
  // Appends the message with its prefix; returns how many bytes that added.
  std::size_t push(std::string_view message);
  std::size_t size() const { return bytes_.size() - taken_; }
  bool empty() const { return size() == 0; }
  // Requires: count <= size().
  std::string_view front(std::size_t count) const;
  void pop(std::size_t count);
  // Empty, keeping a buffer of ordinary size.
  void clear();

 private:
  std::string bytes_;
  std::size_t taken_ = 0;  // invariant: taken_ <= bytes_.size()
};

}  // namespace rpc

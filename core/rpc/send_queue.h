// core/rpc/send_queue.h: the messages of one stream that HTTP/2 flow control has not taken yet, as bytes.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace rpc {

class SendQueue {
 public:
  // Appends the message with its prefix; returns how many bytes that added.
  std::size_t push(std::string_view message) { return push(message, {}); }
  // The message is the two one after the other.
  std::size_t push(std::string_view first, std::string_view second);
  // The message is the parts one after the other. They are kept as they are, and each is freed once it has been popped: a very
  // large message is neither copied nor held longer than it takes to send it.
  std::size_t push(std::vector<std::string> parts);
  std::size_t size() const { return copied_.size() - copied_taken_ + parts_bytes_ - part_taken_; }
  bool empty() const { return size() == 0; }
  // The next bytes, as many as lie together; empty only when everything is.
  std::string_view front() const;
  // Requires: count <= front().size().
  void pop(std::size_t count);
  // Empty, keeping a buffer of ordinary size.
  void clear();

 private:
  void push_part(std::string part);
  void clear_copied();

  std::string copied_;  // goes before the parts
  std::size_t copied_taken_ = 0;  // invariant: copied_taken_ <= copied_.size()
  std::deque<std::string> parts_;  // none is empty
  std::size_t parts_bytes_ = 0;    // of all of them, the taken ones of the first included
  std::size_t part_taken_ = 0;     // of the first; invariant: less than its size, 0 without one
};

}  // namespace rpc

// core/rpc/message_reader.h: cuts the bytes of one direction of a stream into gRPC messages.
//
// A message is a flag byte, a big-endian length of four bytes, and that many bytes (gRPC over HTTP/2,
// "Length-Prefixed-Message"). The length is judged before anything of the message is kept.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace rpc {

inline constexpr std::size_t kMessagePrefixBytes = 5;

// The prefix of an uncompressed message. Requires: size < 2^32.
std::array<char, kMessagePrefixBytes> message_prefix(std::size_t size);

class MessageReader {
 public:
  enum class Outcome : std::uint8_t {
    incomplete,  // everything was taken, and the next message is not whole yet
    message,     // one message was taken; call again
    too_large,   // the announced size is above the limit; nothing more can be read
    compressed,  // the flag says so, and nobody agreed to a compression; nothing more can be read
    malformed,   // the flag is neither 0 nor 1; nothing more can be read
  };
  struct Step {
    Outcome outcome;
    std::string_view message;    // valid until the next call, and no longer than the bytes given to next()
    std::size_t announced_size;  // of the message that was cut or refused
  };

  explicit MessageReader(std::size_t size_max) : size_max_(size_max) {}

  // Takes bytes off the front of `bytes`, up to the end of one message.
  Step next(std::string_view& bytes);
  // No message has begun: the stream may end here.
  bool at_boundary() const { return prefix_size_ == 0; }
  // As new, keeping buffers of ordinary size.
  void reset(std::size_t size_max);

 private:
  std::size_t size_max_;
  std::array<char, kMessagePrefixBytes> prefix_{};
  std::size_t prefix_size_ = 0;  // how much of `prefix_` is there
  std::size_t body_size_ = 0;    // known once the prefix is whole
  std::string body_;             // only when the message came in pieces
  bool body_taken_ = false;      // `body_` was handed out and goes with the next call
};

}  // namespace rpc

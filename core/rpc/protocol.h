// core/rpc/protocol.h: what a client speaks, by its first bytes.
#pragma once

#include <cstdint>
#include <string_view>

namespace rpc {

enum class Protocol : std::uint8_t {
  undecided,  // too few bytes to tell
  http2,      // the connection preface is there (RFC 9113 §3.4)
  http1,      // a method of HTTP/1 begins; whether a request follows is for its parser to say
  neither,
};

// `opening` is everything that the client has sent so far. Requires: it is not empty.
Protocol detect_protocol(std::string_view opening);

}  // namespace rpc

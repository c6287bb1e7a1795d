// core/rpc/protocol.h: what a client speaks, by its first bytes, and the answer to those who speak HTTP/1.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace rpc {

enum class Protocol : std::uint8_t {
  undecided,  // too few bytes to tell
  http2,      // the connection preface is there (RFC 9113 §3.4)
  http1,      // a whole request head of HTTP/1.0 or HTTP/1.1 is there
  neither,
};

inline constexpr std::size_t kRequestHeadBytesMax = 16U << 10U;  // longer ones are neither

// `opening` is everything that the client has sent so far.
Protocol detect_protocol(std::string_view opening);

// What an HTTP/1 request gets where no HTTP path is served. The connection is closed after it.
std::string http1_not_found();

}  // namespace rpc

#include "core/rpc/protocol.h"

#include <algorithm>
#include <nghttp2/nghttp2.h>

namespace rpc {
namespace {

constexpr std::string_view kPreface(NGHTTP2_CLIENT_MAGIC, NGHTTP2_CLIENT_MAGIC_LEN);

bool is_method_letter(char c) { return c >= 'A' && c <= 'Z'; }

// `METHOD SP target SP HTTP/1.x` (RFC 9112 §3), without its line end.
bool is_request_line(std::string_view line) {
  const std::size_t method_end = line.find(' ');
  if (method_end == 0 || method_end == std::string_view::npos) return false;
  if (!std::all_of(line.begin(), line.begin() + static_cast<std::ptrdiff_t>(method_end), is_method_letter)) return false;
  return line.ends_with(" HTTP/1.1") || line.ends_with(" HTTP/1.0");
}

}  // namespace

Protocol detect_protocol(std::string_view opening) {
  const std::size_t common = std::min(opening.size(), kPreface.size());
  if (opening.substr(0, common) == kPreface.substr(0, common)) {
    return common == kPreface.size() ? Protocol::http2 : Protocol::undecided;
  }
  // Garbage is refused by its first byte, so that it does not have to end a line first.
  if (!is_method_letter(opening.front())) return Protocol::neither;
  const std::size_t line_end = opening.find("\r\n");
  if (line_end != std::string_view::npos) {
    if (!is_request_line(opening.substr(0, line_end))) return Protocol::neither;
    if (opening.find("\r\n\r\n", line_end) != std::string_view::npos) return Protocol::http1;
  }
  return opening.size() > kRequestHeadBytesMax ? Protocol::neither : Protocol::undecided;
}

std::string http1_not_found() {
  constexpr std::string_view kBody = "404 page not found\n";
  return "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\n"
         "Content-Length: " + std::to_string(kBody.size()) + "\r\nConnection: close\r\n\r\n" + std::string(kBody);
}

}  // namespace rpc

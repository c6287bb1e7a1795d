// What may be a request of HTTP/1: the same outcome however its bytes are cut, within the limits.
//
// The first byte chooses the limits, the second where the input is cut; the rest is what a client sends.
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/assert.h"
#include "core/rpc/http1_parser.h"
#include "property_tests/fuzz/input.h"

namespace {

void check(const rpc::HttpRequest& request, const rpc::HttpLimits& limits) {
  ASSERT(!request.method.empty());
  ASSERT(request.path == "*" || request.path.starts_with('/'));
  ASSERT(request.path.size() + request.query.size() <= limits.head_bytes_max);
  ASSERT(request.headers.size() <= limits.header_count_max);
  ASSERT(request.body.size() <= limits.body_bytes_max);
  for (const rpc::HttpHeader& one : request.headers) {
    ASSERT(!one.name.empty());
    ASSERT(request.header(one.name).has_value());
    ASSERT(one.value.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos);
  }
  static_cast<void>(request.parameter("serializable"));
}

// Everything that comes of the bytes, cut into pieces of this size.
std::string outcome(std::string_view bytes, std::size_t piece_bytes, const rpc::HttpLimits& limits) {
  rpc::Http1Parser parser(limits);
  std::string out;
  while (!bytes.empty() && !parser.is_refused()) {
    std::string_view piece = bytes.substr(0, piece_bytes);
    bytes.remove_prefix(piece.size());
    while (!piece.empty() && !parser.is_refused()) {
      parser.feed(piece);
      if (!parser.is_done()) continue;
      const rpc::HttpRequest& request = parser.request();
      check(request, limits);
      out += request.method + '\n' + request.path + '\n' + request.query + '\n' + request.body + (parser.keeps_alive() ? "\n+\n" : "\n-\n");
      for (const rpc::HttpHeader& one : request.headers) out += one.name + '=' + one.value + '\n';
      parser.reset();
    }
    ASSERT(piece.empty() || parser.is_refused());
  }
  if (parser.is_refused()) return out + parser.refusal().body;
  return out + (parser.is_idle() ? "idle" : parser.is_in_head() ? "head" : "body");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  rpc::HttpLimits limits;
  if (input.below(2) == 1) {
    limits.head_bytes_max = 100;
    limits.header_count_max = 4;
    limits.body_bytes_max = 8;
  }
  const std::size_t piece_bytes = 1 + input.below(64);
  const std::string_view bytes = input.rest();
  const std::string whole = outcome(bytes, bytes.size() + 1, limits);
  ASSERT(outcome(bytes, piece_bytes, limits) == whole);
  ASSERT(outcome(bytes, 1, limits) == whole);
  return 0;
}

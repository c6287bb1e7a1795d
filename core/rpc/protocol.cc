#include "core/rpc/protocol.h"

#include <algorithm>
#include <nghttp2/nghttp2.h>

#include "core/base/assert.h"

namespace rpc {
namespace {

constexpr std::string_view kPreface(NGHTTP2_CLIENT_MAGIC, NGHTTP2_CLIENT_MAGIC_LEN);

}  // namespace

Protocol detect_protocol(std::string_view opening) {
  ASSERT(!opening.empty());
  const std::size_t common = std::min(opening.size(), kPreface.size());
  if (opening.substr(0, common) == kPreface.substr(0, common)) {
    return common == kPreface.size() ? Protocol::http2 : Protocol::undecided;
  }
  // TLS on a plain port, or noise: words would mean nothing to it.
  return opening.front() >= 'A' && opening.front() <= 'Z' ? Protocol::http1 : Protocol::neither;
}

}  // namespace rpc

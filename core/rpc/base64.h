// core/rpc/base64.h: base64 (RFC 4648 §4), for `-bin` metadata.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace rpc {

std::string base64_encode(std::string_view bytes);  // without padding, as gRPC prefers
// Accepts it with and without padding. Nothing when it is malformed.
std::optional<std::string> base64_decode(std::string_view text);

}  // namespace rpc

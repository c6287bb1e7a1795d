// core/rpc/timeout.h: the value of `grpc-timeout` (gRPC over HTTP/2, "Timeout"): at most eight digits and a unit.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/base/time.h"

namespace rpc {

// Nothing when it is malformed. What a Duration cannot hold is the longest one that cannot overflow an Instant.
std::optional<base::Duration> parse_timeout(std::string_view value);

// Never shorter than `timeout`; negative ones are sent as zero.
std::string format_timeout(base::Duration timeout);

}  // namespace rpc

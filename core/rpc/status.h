// core/rpc/status.h: how a gRPC call ends (gRPC over HTTP/2, "Status").
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace rpc {

enum class StatusCode : std::uint8_t {  // the numbers are the wire's
  ok = 0, cancelled = 1, unknown = 2, invalid_argument = 3, deadline_exceeded = 4, not_found = 5, already_exists = 6,
  permission_denied = 7, resource_exhausted = 8, failed_precondition = 9, aborted = 10, out_of_range = 11,
  unimplemented = 12, internal = 13, unavailable = 14, data_loss = 15, unauthenticated = 16,
};

struct Status {
  StatusCode code = StatusCode::ok;
  std::string message;  // UTF-8; percent-encoded on the wire

  friend bool operator==(const Status&, const Status&) = default;
};

std::string_view to_text(StatusCode code);  // `UNAVAILABLE`
std::string to_text(const Status& status);  // `UNAVAILABLE: message`

}  // namespace rpc

// core/rpc/status_wire.h: a call's status in HTTP/2 headers, and what to make of an answer that has none.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/rpc/status.h"

namespace rpc {

// The value of `grpc-status`, with static lifetime.
std::string_view status_code_value(StatusCode code);
// Anything that is not a known number is UNKNOWN.
StatusCode parse_status_code(std::string_view value);

// `grpc-message`: printable ASCII but `%` as it is, every other byte as %XX (gRPC over HTTP/2, "Responses").
std::string percent_encode(std::string_view message);
// Lenient, as the specification asks: a malformed escape stays as it is.
std::string percent_decode(std::string_view value);

// For a response without grpc-status (gRPC, http-grpc-status-mapping.md).
StatusCode from_http_status(std::string_view http_status);
// For a stream that was reset (gRPC over HTTP/2, "Errors").
Status from_http2_error(std::uint32_t error_code);

}  // namespace rpc

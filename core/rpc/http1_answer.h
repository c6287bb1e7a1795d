// core/rpc/http1_answer.h: the bytes of an answer to an HTTP/1 request.
#pragma once

#include <string>
#include <string_view>

#include "core/base/time.h"
#include "core/rpc/http.h"

namespace rpc {

struct Http1Form {
  bool is_1_1 = true;       // of the request
  bool is_head = false;     // no body, although its headers speak of it
  bool stays_open = false;  // afterwards
};

inline constexpr std::string_view kHttp1Continue = "HTTP/1.1 100 Continue\r\n\r\n";

// Appends.
void append_http1(std::string& out, const HttpResponse& response, Http1Form form, base::WallTime now);

// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7).
std::string http_date(base::WallTime time);

}  // namespace rpc

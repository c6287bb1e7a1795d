#include "core/rpc/status_wire.h"

#include <array>
#include <cstddef>
#include <nghttp2/nghttp2.h>

#include "core/base/assert.h"

namespace rpc {
namespace {

constexpr std::array<std::string_view, 17> kCodeValues = {"0", "1",  "2",  "3",  "4",  "5",  "6",  "7", "8",
                                                          "9", "10", "11", "12", "13", "14", "15", "16"};

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

std::string_view status_code_value(StatusCode code) {
  const auto index = static_cast<std::size_t>(code);
  ASSERT(index < kCodeValues.size());
  return kCodeValues[index];
}

StatusCode parse_status_code(std::string_view value) {
  for (std::size_t index = 0; index < kCodeValues.size(); ++index) {
    if (kCodeValues[index] == value) return static_cast<StatusCode>(index);
  }
  return StatusCode::unknown;
}

std::string percent_encode(std::string_view message) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string value;
  value.reserve(message.size());
  for (const char c : message) {
    if (c >= ' ' && c <= '~' && c != '%') {
      value.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    value.push_back('%');
    value.push_back(kDigits[byte >> 4U]);
    value.push_back(kDigits[byte & 15U]);
  }
  return value;
}

std::string percent_decode(std::string_view value) {
  std::string message;
  message.reserve(value.size());
  for (std::size_t at = 0; at < value.size(); ++at) {
    if (value[at] == '%' && value.size() - at > 2) {
      const int high = hex_value(value[at + 1]);
      const int low = hex_value(value[at + 2]);
      if (high >= 0 && low >= 0) {
        message.push_back(static_cast<char>(high * 16 + low));
        at += 2;
        continue;
      }
    }
    message.push_back(value[at]);
  }
  return message;
}

StatusCode from_http_status(std::string_view http_status) {
  if (http_status == "400") return StatusCode::internal;
  if (http_status == "401") return StatusCode::unauthenticated;
  if (http_status == "403") return StatusCode::permission_denied;
  if (http_status == "404") return StatusCode::unimplemented;
  if (http_status == "429" || http_status == "502" || http_status == "503" || http_status == "504") return StatusCode::unavailable;
  return StatusCode::unknown;
}

Status from_http2_error(std::uint32_t error_code) {
  const std::string detail = std::string("stream terminated by RST_STREAM with error code: ") + nghttp2_http2_strerror(error_code);
  switch (error_code) {
    case NGHTTP2_REFUSED_STREAM: return {StatusCode::unavailable, detail};  // certainly not processed
    case NGHTTP2_CANCEL: return {StatusCode::cancelled, detail};
    case NGHTTP2_ENHANCE_YOUR_CALM: return {StatusCode::resource_exhausted, detail};
    case NGHTTP2_INADEQUATE_SECURITY: return {StatusCode::permission_denied, detail};
    default: return {StatusCode::internal, detail};  // the peer chooses the number: not an enumeration
  }
}

}  // namespace rpc

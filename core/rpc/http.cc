#include "core/rpc/http.h"

#include <algorithm>

namespace rpc {
namespace {

std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
  return std::nullopt;
}

}  // namespace

std::optional<std::string> decode_escapes(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '+' && plus_is_space) {
      out += ' ';
    } else if (text[at] != '%') {
      out += text[at];
    } else {
      if (text.size() - at < 3) return std::nullopt;
      const std::optional<unsigned> high = hex_digit(text[at + 1]);
      const std::optional<unsigned> low = hex_digit(text[at + 2]);
      if (!high || !low) return std::nullopt;
      out += static_cast<char>(*high * 16 + *low);
      at += 2;
    }
  }
  return out;
}

std::optional<std::string_view> HttpRequest::header(std::string_view name) const {
  for (const HttpHeader& one : headers) {
    if (one.name == name) return one.value;
  }
  return std::nullopt;
}

std::optional<std::string> HttpRequest::parameter(std::string_view name) const {
  std::string_view rest = query;
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    const std::size_t equals = std::min(pair.find('='), pair.size());
    if (decode_escapes(pair.substr(0, equals), true) != name) continue;
    // One that cannot be read is not there (Go's url.Values).
    if (std::optional<std::string> value = decode_escapes(pair.substr(std::min(pair.size(), equals + 1)), true)) return value;
  }
  return std::nullopt;
}

std::string_view http_reason(int status) {
  switch (status) {
    case 200: return "OK";
    case 400: return "Bad Request";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 413: return "Request Entity Too Large";
    case 417: return "Expectation Failed";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    case 505: return "HTTP Version Not Supported";
    default: return "";  // a reason is for people, and may be empty (RFC 9112 §4)
  }
}

HttpResponse http_error(int status, std::string_view text) {
  HttpResponse response;
  response.status = status;
  response.headers.push_back({"X-Content-Type-Options", "nosniff"});
  response.body = std::string(text) + "\n";
  return response;
}

HttpResponse http_not_found() { return http_error(404, "404 page not found"); }

HttpResponse http_method_not_allowed(std::string_view allowed) {
  HttpResponse response = http_error(405, "Method Not Allowed");
  response.headers.push_back({"Allow", std::string(allowed)});
  return response;
}

}  // namespace rpc

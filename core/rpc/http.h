// core/rpc/http.h: what is served by plain HTTP/1.1 beside gRPC, on the same listeners (RFC 9110, RFC 9112). Knows no page.
//
// Handlers are found by path alone; which methods a page takes is its own matter. A handler answers in the call, or keeps the HttpCall
// and answers on a later turn. The requests of one connection are served in their order, one at a time. A client that has finished
// writing still gets its answers; only one whose connection has failed cancels them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/rpc/server.h"

namespace rpc {

struct HttpRequest {
  std::string method;  // as it came: methods are case-sensitive
  std::string path;    // without its escapes; begins with `/`, or is `*`
  std::string query;   // with its escapes, and without the `?`
  bool is_1_1 = true;  // or HTTP/1.0
  std::vector<HttpHeader> headers;  // names in lower case
  std::string body;

  // The first value of that name, which is in lower case.
  std::optional<std::string_view> header(std::string_view name) const;
  // The first value of that name in the query, without escapes.
  std::optional<std::string> parameter(std::string_view name) const;
};

struct HttpResponse {
  int status = 200;  // final: 200 or above
  std::string content_type = "text/plain; charset=utf-8";
  std::vector<HttpHeader> headers;  // besides Content-Type, Content-Length, Date and Connection; no line ends in them
  std::string body;                 // not sent to who asked with HEAD
};

// A text that says what is wrong, in the form of Go's http.Error.
HttpResponse http_error(int status, std::string_view text);
HttpResponse http_not_found();
HttpResponse http_method_not_allowed(std::string_view allowed);

// Owned by the server and gone, with its request, after the answer or after on_cancelled().
class HttpCall {
 public:
  virtual const HttpRequest& request() const = 0;
  virtual void respond(HttpResponse response) = 0;  // once
  // Required of a handler that keeps the call. The last one counts.
  virtual void on_cancel(CallCancelled& waiting) = 0;
  virtual std::string peer_text() const = 0;
  virtual std::string_view verified_identity() const = 0;

 protected:
  ~HttpCall() = default;
};

class HttpHandler {
 public:
  virtual void handle(HttpCall& call) = 0;

 protected:
  ~HttpHandler() = default;
};

// --- for the server ---

// `Bad Request` for 400.
std::string_view http_reason(int status);
// What `%2F` and the like stand for; nullopt for what is no escape.
std::optional<std::string> decode_escapes(std::string_view text, bool plus_is_space);

}  // namespace rpc

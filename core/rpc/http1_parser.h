// core/rpc/http1_parser.h: one HTTP/1.1 request after the other, from bytes that come in any pieces (RFC 9112).
//
//   request line -> headers -> [body | chunks -> trailers] -> done
//        \_____________\___________\_______\__________\-> refused
//
// Strict: where two readers could disagree about where a request ends, or where the RFC lets a server choose, it is refused
// (docs/decisions/0006-http1-parser.md). What comes of some bytes does not depend on how they were cut.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/rpc/http.h"

namespace rpc {

class Http1Parser {
 public:
  explicit Http1Parser(const HttpLimits& limits) : limits_(limits) {}

  // Takes from the front of `bytes` what belongs to this request. Something is left only when it is done or refused.
  void feed(std::string_view& bytes);

  bool is_done() const { return stage_ == Stage::done; }
  bool is_refused() const { return stage_ == Stage::refused; }
  bool is_idle() const { return stage_ == Stage::request_line && head_bytes_ == 0; }  // nothing has come yet
  bool is_in_head() const { return stage_ == Stage::request_line || stage_ == Stage::headers; }

  // Requires: refused. What the client is told; the connection is of no use afterwards.
  const HttpResponse& refusal() const { return refusal_; }
  // Requires: done.
  const HttpRequest& request() const { return request_; }
  bool keeps_alive() const { return keeps_alive_; }  // the client may ask more on this connection

  // True once for a client that sends its body when it is told to (Expect: 100-continue).
  bool take_continue();

  // For the next request. Requires: done.
  void reset();

 private:
  enum class Stage : std::uint8_t { request_line, headers, body, chunk_size, chunk_data, chunk_end, trailers, done, refused };

  bool take_line(std::string_view& bytes);
  void take_body(std::string_view& bytes);
  void on_line();
  void on_request_line();
  void on_target(std::string_view target);
  void on_header(bool is_kept);
  void on_head();
  void on_framing();
  void on_chunk_size();
  void on_body_size(std::uint64_t size, Stage next);
  void refuse(int status, std::string_view why);

  const HttpLimits& limits_;
  Stage stage_ = Stage::request_line;
  std::string line_;        // the one that is being read, without its end
  bool has_cr_ = false;     // of its end
  bool has_empty_line_ = false;  // before the request line
  std::size_t head_bytes_ = 0;  // trailers included
  std::size_t header_count_ = 0;
  std::uint64_t body_left_ = 0;  // of the body, or of the chunk
  bool waits_for_continue_ = false;
  bool keeps_alive_ = false;
  HttpRequest request_;
  HttpResponse refusal_;
};

}  // namespace rpc

// core/rpc/server.h: a gRPC server on a listener of io::Network, which serves plain HTTP/1.1 as well (http.h). Knows no service.
//
// Unary calls are plain functions: the handler answers in the call, or keeps the UnaryCall and answers on a
// later turn. Output of a turn leaves in one send per connection when the turn ends.
//
// Everything but Server's own constructor and destructor may be called from within a handler, for this
// call or for any other. What a client does wrong is answered on the wire and never seen by a handler.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/base/time.h"
#include "core/rpc/status.h"
#include "io/world.h"

namespace rpc {

// What both kinds of call know. A call is owned by the server and gone after its last answer, or after on_cancelled().
class CallContext {
 public:
  // First value of a request header, lower-case name; `-bin` values are decoded. Empty and present differ.
  virtual std::optional<std::string_view> metadata(std::string_view name) const = 0;
  virtual std::optional<base::Instant> deadline() const = 0;
  virtual std::string peer_text() const = 0;
  virtual std::string_view verified_identity() const = 0;

 protected:
  ~CallContext() = default;
};

// The client reset the call, its deadline passed (it has been answered by then), or its connection ended.
class CallCancelled {
 public:
  virtual void on_cancelled() = 0;  // the call is gone when this returns

 protected:
  ~CallCancelled() = default;
};

class UnaryCall : public CallContext {
 public:
  // Exactly one of these, once. The call is gone when it returns. A message above kSendBytesMax fails instead, as too_large_to_send() says.
  virtual void respond(std::string_view message) = 0;
  // The message is the parts one after the other; each is freed once it has been sent.
  virtual void respond(std::vector<std::string> parts) = 0;
  virtual void fail(const Status& status) = 0;
  // Required of a handler that keeps the call: without it the call would vanish unnoticed. The last one counts.
  virtual void on_cancel(CallCancelled& waiting) = 0;

 protected:
  ~UnaryCall() = default;
};

class UnaryHandler {
 public:
  // `request` is the message without its frame; it lives until handle() returns.
  virtual void handle(UnaryCall& call, std::string_view request) = 0;

 protected:
  ~UnaryHandler() = default;
};

class StreamCall : public CallContext {
 public:
  // Queues one message. Requires: finish() was not called.
  virtual void send(std::string_view message) = 0;
  // Likewise, a message that consists of two pieces: one that many streams get, and the rest.
  virtual void send(std::string_view first, std::string_view second) = 0;
  // Bytes queued and not yet taken by HTTP/2 flow control; a sender that cares waits for on_room().
  virtual std::size_t queued_bytes() const = 0;
  virtual void finish(const Status& status) = 0;  // after everything queued; the call is gone when it returns
  // Back-pressure: while paused the client's window is not opened again, so that at most kStreamWindowBytes
  // more arrive through on_message().
  virtual void pause_receiving(bool paused) = 0;

 protected:
  ~StreamCall() = default;
};

class StreamReceiver : public CallCancelled {
 public:
  virtual void on_message(std::string_view message) = 0;
  virtual void on_half_close() = 0;  // the client sends no more
  virtual void on_room() = 0;        // on a turn after queued_bytes() fell to zero

 protected:
  ~StreamReceiver() = default;
};

class StreamHandler {
 public:
  // The receiver, owned by the service, lives until finish() or on_cancelled(). Null when open() itself
  // has already called finish().
  virtual StreamReceiver* open(StreamCall& call) = 0;

 protected:
  ~StreamHandler() = default;
};

// Of one message; what grpc-go sends at most, and clients can receive.
inline constexpr std::size_t kSendBytesMax = 2147483647;
Status too_large_to_send(std::size_t size);

// What a sender may have under way before the receiver has taken it.
inline constexpr std::size_t kStreamWindowBytes = 1U << 20U;
inline constexpr std::size_t kConnectionWindowBytes = 16U << 20U;

struct HttpHeader {
  std::string name;
  std::string value;
};

// Of an HTTP/1 request, and of the patience with who sends it.
struct HttpLimits {
  std::size_t head_bytes_max = 16U << 10U;   // trailers included
  std::size_t header_count_max = 100;
  std::size_t body_bytes_max = 64U << 10U;   // in memory before its handler is asked
  base::Duration head_timeout = std::chrono::seconds(10);   // from its first byte
  base::Duration body_timeout = std::chrono::seconds(30);   // from the end of the head
  base::Duration answer_timeout = std::chrono::seconds(30);  // for the client to take some of it
  base::Duration idle_timeout = std::chrono::minutes(2);    // between two requests
};

struct ServerOptions {
  std::size_t receive_bytes_max = 2097152;         // of one message; beyond: RESOURCE_EXHAUSTED
  std::uint32_t concurrent_streams_max = UINT32_MAX;
  std::size_t output_bytes_max = 64U << 20U;       // unsent per connection; beyond it the connection is not read
  base::Duration keepalive_min_time = std::chrono::seconds(5);   // faster client pings: GOAWAY too_many_pings
  base::Duration keepalive_interval = std::chrono::hours(2);     // idle this long: we ping
  base::Duration keepalive_timeout = std::chrono::seconds(20);   // no answer this long: we close
  base::Duration handshake_timeout = std::chrono::seconds(10);   // for the client's preface
  HttpLimits http;
  std::vector<HttpHeader> http_headers;  // of every answer to an HTTP/1 request that could be read
  bool http_allows_options = false;      // OPTIONS is answered with nothing but these, whatever the path
};

class HttpHandler;

class Server {
 public:
  Server(const io::World& world, ServerOptions options);
  // Drops every connection; every open call is cancelled first, connection by connection, oldest first.
  // Requires: not inside a handler, on_cancelled() or on_room() of this server.
  ~Server();

  // Before listen(). `path` is `/package.Service/Method`, each at most once. Handlers outlive the server.
  void add_unary(std::string_view path, UnaryHandler& handler);
  void add_stream(std::string_view path, StreamHandler& handler);
  // The server keeps the handler: for a service that may go first. Such a handler then turns further calls away.
  void add_stream(std::string_view path, std::shared_ptr<StreamHandler> handler);
  // Likewise, for requests of HTTP/1; `path` is any that begins with `/`.
  void add_http(std::string_view path, HttpHandler& handler);

  // May be called for several addresses. Returns the address with the port that was chosen.
  base::Result<io::Address> listen(const io::Address& address);

  // Graceful: stops accepting, sends GOAWAY, lets open calls end. `done` is told when the last connection
  // is gone; who cannot wait destroys the server.
  void drain(io::Completion& done);

  std::size_t connection_count() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rpc

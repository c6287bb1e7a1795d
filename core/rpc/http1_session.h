// core/rpc/http1_session.h: what a connection says once its first bytes were HTTP/1.
//
//   idle -> head -> body -> serving -> idle …        over: after the last answer the connection closes
//
// One request is served at a time. What a client sends meanwhile waits: here, up to one read of it, then in its own socket. So do further
// requests while it does not take its answers. A request that breaks the rules is answered with what is wrong, and is the last.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/time.h"
#include "core/rpc/http1_parser.h"
#include "io/network.h"

namespace rpc {

class Connection;
struct ServerCore;

class Http1Session final : private HttpCall {
 public:
  Http1Session(ServerCore& core, Connection& connection, io::Stream& stream);
  Http1Session(const Http1Session&) = delete;
  Http1Session& operator=(const Http1Session&) = delete;
  ~Http1Session();  // requires: on_gone() was called, or it is over

  void receive(std::string_view bytes);
  void on_end();  // the client says nothing more, and may still listen
  void on_next_turn() { serve(); }
  void on_gone();  // nobody listens
  // No further requests; the one that is served may end.
  void drain();

  // Writes what there is to say. `more`: wants on_next_turn(). `over`: all has been said.
  enum class Flushed : std::uint8_t { waiting, more, over };
  Flushed flush();
  // When on_deadline() is to be called, unless something happens first.
  std::optional<base::Instant> deadline() const;
  // False: there is nothing to say, and the connection may as well be gone.
  bool on_deadline();

 private:
  enum class Phase : std::uint8_t { idle, head, body, serving, answering };

  const HttpRequest& request() const override { return parser_.request(); }
  void respond(HttpResponse response) override;
  void on_cancel(CallCancelled& waiting) override { waiting_ = &waiting; }
  std::string peer_text() const override { return stream_.peer_text(); }
  std::string_view verified_identity() const override { return stream_.verified_identity(); }

  void serve();
  bool may_serve() const;
  void dispatch();
  void answer(const HttpResponse& response, bool stays_open);
  void refuse(const HttpResponse& why);
  void note_phase();
  Phase phase() const;

  ServerCore& core_;
  Connection& connection_;
  io::Stream& stream_;
  Http1Parser parser_;
  std::string input_;   // not parsed yet
  std::string output_;  // not written yet
  bool is_serving_ = false;
  CallCancelled* waiting_ = nullptr;  // the handler that keeps the call
  bool is_ended_ = false;     // by the client
  bool is_draining_ = false;
  bool is_over_ = false;      // no request is read any more
  Phase phase_ = Phase::idle;
  std::uint64_t request_number_ = 0;
  std::uint64_t phase_request_ = 0;  // the one in phase_
  base::Instant since_;  // of phase_, or of the last bytes that the client took of an answer
};

}  // namespace rpc

// core/rpc/connection.h: one accepted connection, from its first bytes until it is taken apart.
//
//   opening -> http2 -> closing -> lingering -> dead
//   opening -> http1 ------------> lingering            one request after the other (http1_session.h)
//
// `closing` has something left to write. `lingering` has written everything, the end of stream included, and
// reads on for a moment: closing over unread bytes would take the last words from the client again.
// A dead connection has told all its calls; the server destroys it when the turn ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/rpc/call.h"
#include "core/rpc/h2.h"
#include "core/rpc/http1_session.h"
#include "core/rpc/ping_policy.h"
#include "core/rpc/reset_limiter.h"
#include "io/network.h"

namespace rpc {

struct ServerCore;

// The server's callbacks, for every session of it.
CallbacksPtr make_server_callbacks();

class Connection final : public io::StreamHandler, private io::Timer {
 public:
  Connection(ServerCore& core, std::uint64_t number, std::unique_ptr<io::Stream> stream);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();  // requires: dead

  // Ends it at once; every open call is told.
  void die();
  bool is_dead() const { return stage_ == Stage::dead; }
  // Graceful: new calls are turned away, open ones may end.
  void drain();

  // By the server, once for each wake() and ask_next_turn().
  void flush();
  void on_next_turn();

  // io::StreamHandler
  void on_readable() override;
  void on_writable() override;
  void on_closed(const base::Error& why) override;

  // For the calls of this connection.
  ServerCore& core() { return core_; }
  nghttp2_session& session() { return *session_; }
  io::Stream& stream() { return *stream_; }
  void wake();  // something is to be sent
  void note_queued(std::size_t size) { queued_bytes_ += size; }
  void note_dequeued(std::size_t size);
  void note_deadline(Call& call) { new_deadlines_.push_back(call.stream_id()); }
  void ask_room(Call& call);  // give_room() on a later turn
  bool has_too_much_output() const;
  // The call waits until that has changed. False: too many do already, and it has been refused.
  bool park(Call& call);

  // For the session's callbacks.
  void on_call_begin(std::int32_t stream_id);
  void on_call_end(Call& call);
  void on_ping(const nghttp2_ping& ping);
  void on_reset();
  void on_settings() { has_settings_ = true; }
  void on_frame_sent(const nghttp2_frame& frame);
  void append_data(const std::uint8_t* frame_header, Call& call, std::size_t length);

  // The server's bookkeeping.
  const std::uint64_t number;  // of accepting
  bool is_dirty = false;
  bool is_due_next_turn = false;

 private:
  enum class Stage : std::uint8_t { opening, http2, http1, closing, lingering, dead };

  void receive(std::string_view bytes);
  void start_http2();
  void feed(std::string_view bytes);
  void flush_http2();
  void start_http1();
  void flush_http1();
  void send_away(std::string_view reason);  // GOAWAY ENHANCE_YOUR_CALM
  bool is_session_over() const;
  void begin_closing();
  void close_gently();
  void unpark_calls();
  Call* find(std::int32_t stream_id);
  void on_timer() override;
  void check_keepalive();

  ServerCore& core_;
  std::unique_ptr<io::Stream> stream_;
  Stage stage_ = Stage::opening;
  std::string opening_;  // what was read before the protocol was known
  bool in_session_ = false;  // inside nghttp2: it must not be destroyed or entered again

  std::unique_ptr<Http1Session> http1_;

  SessionPtr session_;
  SessionOutput output_;
  Call* first_call_ = nullptr;  // ordered by stream id, which is the order of opening
  Call* last_call_ = nullptr;
  std::size_t queued_bytes_ = 0;  // in the queues of all calls
  std::vector<std::int32_t> new_deadlines_;
  std::vector<std::int32_t> wanting_room_;
  std::vector<std::int32_t> parked_;

  bool has_settings_ = false;  // the client's first SETTINGS: its preface is complete
  bool is_draining_ = false;
  bool has_pinged_ = false;  // our keepalive ping is on its way
  base::Instant last_read_;
  PingPolicy ping_policy_;
  ResetLimiter reset_limiter_;
};

}  // namespace rpc

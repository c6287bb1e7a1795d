// core/rpc/open_call.h: the channel's side of one call, and what it has gathered of the answer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/rpc/client.h"
#include "core/rpc/message_reader.h"
#include "core/rpc/send_queue.h"
#include "io/clock.h"

namespace rpc {

// Whoever holds the open calls: the channel.
class CallOwner {
 public:
  virtual void on_deadline(OpenCall& call) = 0;
  virtual void drop(OpenCall& call) = 0;  // the user does not want it any more

 protected:
  ~CallOwner() = default;
};

class OpenCall final : private io::Timer {
 public:
  enum class Kind : std::uint8_t { unary, stream };

  OpenCall(CallOwner& owner, io::Clock& clock, ClientCall& user, Kind kind, std::size_t receive_bytes_max);
  ~OpenCall();  // the user's handle is closed

  static OpenCall* of(const ClientCall& call) { return call.handle.open_; }
  // Closes the handle; nothing of the call reaches the user any more. Null the second time.
  ClientCall* release_user();
  ClientCall* user() const { return user_; }
  void drop() { owner_.drop(*this); }
  void arm(base::Instant deadline) { clock_.arm(*this, deadline); }

  // Response headers and trailers alike.
  void on_header(std::string_view name, std::string_view value);
  // How the call ended, once the server has ended the stream.
  Status final_status() const;

  const Kind kind;
  std::int32_t stream_id = 0;  // 0 while, and if, it never reached the connection
  MessageReader reader;
  SendQueue queue;
  bool is_half_closed = false;   // by us: nothing follows what is queued
  bool is_paused = false;
  std::size_t unconsumed = 0;    // received bytes for which the stream's window was not opened again
  bool has_message = false;
  std::optional<Status> refusal;  // why it never reached the connection

 private:
  void on_timer() override { owner_.on_deadline(*this); }

  CallOwner& owner_;
  io::Clock& clock_;
  ClientCall* user_;
  std::string http_status_;
  std::optional<StatusCode> code_;
  std::string message_;  // still encoded
};

}  // namespace rpc

// core/rpc/client_connection.h: what a Channel is made of: one HTTP/2 session on one stream, and the open calls.
//
// It may be left alone by its Channel in the middle of a callback; then it lives until the callback returns.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/assert.h"
#include "core/rpc/client.h"
#include "core/rpc/h2.h"
#include "core/rpc/open_call.h"

namespace rpc {

// The client's callbacks, for one session.
CallbacksPtr make_client_callbacks();

class ClientConnection final : public io::StreamHandler, public CallOwner, private io::Timer {
 public:
  ClientConnection(const io::World& world, const io::Address& address, ChannelOptions options, ChannelListener* listener);

  // The Channel is gone: now, or as soon as the callback that destroyed it has returned.
  void abandon();

  void start(OpenCall::Kind kind, std::string_view path, std::optional<std::string_view> request, const CallOptions& options, ClientCall& user);
  void send(OpenCall& call, std::string_view message);
  void half_close(OpenCall& call);
  void pause_receiving(OpenCall& call, bool paused);
  bool is_connected() const { return stage_ == Stage::connected; }
  bool is_closed() const { return stage_ == Stage::closed || is_going_away_; }
  std::size_t unsent_bytes() const { return stage_ == Stage::closed ? 0 : queued_bytes_ + output_.unsent_bytes(); }

  // CallOwner
  void on_deadline(OpenCall& call) override;
  void drop(OpenCall& call) override;

  // io::StreamHandler
  void on_readable() override;
  void on_writable() override;
  void on_closed(const base::Error& why) override;

  // For the session's callbacks.
  OpenCall* find(std::int32_t stream_id);
  void on_frame(const nghttp2_frame& frame);
  void on_data(std::int32_t stream_id, std::string_view bytes);
  void on_stream_close(std::int32_t stream_id, std::uint32_t error_code);
  void on_frame_not_sent(const nghttp2_frame& frame, int error);
  ssize_t read_data(std::int32_t stream_id, std::size_t length, std::uint32_t& flags);
  void append_data(const std::uint8_t* frame_header, std::int32_t stream_id, std::size_t length);

 private:
  enum class Stage : std::uint8_t { connecting, connected, closed };

  // Around every call from the loop: what must not be destroyed inside a callback is destroyed at its end.
  class Entry {
   public:
    explicit Entry(ClientConnection& channel) : channel_(channel) {
      ASSERT(!channel.is_entered_);
      channel.is_entered_ = true;
    }
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;
    ~Entry() { channel_.leave(); }

   private:
    ClientConnection& channel_;
  };
  struct FlushHook final : io::EndOfTurn {
    explicit FlushHook(ClientConnection& channel_) : channel(channel_) {}
    void on_end_of_turn() override { channel.flush(); }
    ClientConnection& channel;
  };
  struct NextTurnHook final : io::EndOfTurn {
    explicit NextTurnHook(ClientConnection& channel_) : channel(channel_) {}
    void on_end_of_turn() override { channel.on_next_turn(); }
    ClientConnection& channel;
  };

  ~ClientConnection();
  void leave();
  void start_session();
  // Queues the request's headers; false when this connection can carry no further call.
  bool submit(OpenCall& call, std::string_view path, const CallOptions& options);
  void end(OpenCall& call, const Status& status);
  OpenCall& retire(OpenCall& call);
  void disconnect(const base::Error& why);
  void reset_stream(std::int32_t stream_id, std::uint32_t error_code);
  void wake();
  void ask_next_turn();
  void flush();
  void on_next_turn();
  void on_timer() override;  // the connection took too long

  const io::World world_;
  const ChannelOptions options_;
  const std::string authority_;
  ChannelListener* listener_;
  FlushHook flush_hook_;
  NextTurnHook next_turn_hook_;
  CallbacksPtr callbacks_;
  SessionPtr session_;
  SessionOutput output_;
  std::unique_ptr<io::Stream> stream_;
  Stage stage_ = Stage::connecting;
  bool is_going_away_ = false;
  std::string why_going_away_;

  std::map<std::int32_t, std::unique_ptr<OpenCall>> calls_;  // by stream id
  std::vector<std::unique_ptr<OpenCall>> refused_;           // told so on the next turn
  std::vector<std::unique_ptr<OpenCall>> ended_;             // destroyed when the callback returns
  std::vector<std::int32_t> wanting_room_;
  std::size_t queued_bytes_ = 0;

  std::string input_;
  std::string scratch_;
  bool is_entered_ = false;    // a callback of the loop is on the stack
  bool is_abandoned_ = false;  // the Channel is gone
  bool is_dirty_ = false;
  bool is_next_turn_asked_ = false;
};

}  // namespace rpc

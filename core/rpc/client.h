// core/rpc/client.h: a small asynchronous gRPC client; peers, simulated workloads and the tools use it.
//
// One Channel is one connection: it dials at once and does not dial again by itself, so that its user
// decides when, and a simulated client's retries are decisions of that client. Everything, the Channel's
// destruction included, may be done from within a callback.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/time.h"
#include "core/rpc/status.h"
#include "io/world.h"

namespace rpc {

// The channel's side of a call; nothing in it is the caller's business.
class CallHandle {
 public:
  CallHandle() = default;
  CallHandle(const CallHandle&) = delete;
  CallHandle& operator=(const CallHandle&) = delete;
  ~CallHandle();  // an open call is cancelled
  bool is_open() const { return open_ != nullptr; }

 private:
  friend class OpenCall;
  class OpenCall* open_ = nullptr;
};

// One call, embedded in the operation that waits. Every call ends with exactly one on_status(), unless it is
// cancelled or the Channel is destroyed. Callbacks come on later turns, never inside the call that asked.
class ClientCall {
 public:
  virtual void on_message(std::string_view message) = 0;  // at most once for a unary call
  // The last, and no longer open: it may be used for another call, or destroyed. Transport errors are UNAVAILABLE.
  virtual void on_status(const Status& status) = 0;
  virtual void on_room() {}  // for streams: everything queued has left

  CallHandle handle;

 protected:
  ~ClientCall() = default;
};

struct CallOptions {
  std::optional<base::Instant> deadline;  // sent as grpc-timeout, and enforced here too
  std::vector<std::pair<std::string, std::string>> metadata;
};

class ChannelListener {
 public:
  virtual void on_connected() = 0;  // the server has answered with its settings
  virtual void on_disconnected(const base::Error& why) = 0;  // after every open call has had its on_status()

 protected:
  ~ChannelListener() = default;
};

struct ChannelOptions {
  std::size_t receive_bytes_max = 2147483647;
  base::Duration connect_timeout = std::chrono::seconds(5);
  std::size_t stream_window_bytes = 1U << 20U;  // what a server may send on one stream before it was read, or while that is paused
};

class ClientConnection;

class Channel {
 public:
  // `listener` may be null. Reaches out when constructed; calls may be made at once.
  Channel(const io::World& world, const io::Address& address, ChannelOptions options, ChannelListener* listener);
  ~Channel();  // open calls get no further callback
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  bool is_connected() const;
  // Failed, disconnected, or told to go away by the server: new calls end with UNAVAILABLE on the next turn.
  bool is_closed() const;

  void unary(std::string_view path, std::string_view request, const CallOptions& options, ClientCall& call);
  // A bidirectional or server-streaming call.
  void open_stream(std::string_view path, const CallOptions& options, ClientCall& call);
  void send(ClientCall& call, std::string_view message);
  // Bytes queued and not yet taken by HTTP/2 flow control; a sender that cares waits for on_room().
  std::size_t queued_bytes(const ClientCall& call) const;
  void half_close(ClientCall& call);
  // Back-pressure: while paused at most ChannelOptions::stream_window_bytes more arrive through on_message().
  void pause_receiving(ClientCall& call, bool paused);
  // No further callback; the server is told. No effect on a call that is not open.
  void cancel(ClientCall& call);

  // Everything queued or written and not yet taken by the network, over all calls.
  std::size_t unsent_bytes() const;

 private:
  ClientConnection* connection_;  // owned; outlives the Channel when that is destroyed within a callback
};

}  // namespace rpc

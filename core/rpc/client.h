// core/rpc/client.h: a small asynchronous gRPC client; peers, simulated workloads and the tools use it.
//
// One Channel is one connection: it dials at once and does not dial again by itself, so that its user
// decides when, and a simulated client's retries are decisions of that client.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/time.h"
#include "core/rpc/status.h"
#include "io/world.h"

namespace rpc {

// One call, embedded in the operation that waits. Every call ends with exactly one on_status().
class ClientCall {
 public:
  virtual void on_message(std::string_view message) = 0;  // at most once for a unary call
  virtual void on_status(const Status& status) = 0;       // the last; transport errors are UNAVAILABLE
  virtual void on_room() {}                               // for streams: queued messages have left

 protected:
  ~ClientCall() = default;
};

struct CallOptions {
  std::optional<base::Instant> deadline;  // sent as grpc-timeout, and enforced here too
  std::vector<std::pair<std::string, std::string>> metadata;
};

class ChannelListener {
 public:
  virtual void on_connected() = 0;
  virtual void on_disconnected(const base::Error& why) = 0;  // after every open call has had its on_status()

 protected:
  ~ChannelListener() = default;
};

struct ChannelOptions {
  std::size_t receive_bytes_max = 2147483647;
  base::Duration connect_timeout = std::chrono::seconds(5);
};

class Channel {
 public:
  // `listener` may be null. Reaches out when constructed.
  Channel(const io::World& world, const io::Address& address, ChannelOptions options, ChannelListener* listener);
  ~Channel();  // open calls get no further callback

  bool is_connected() const;
  bool is_closed() const;  // failed or disconnected; calls end with UNAVAILABLE on the next turn

  void unary(std::string_view path, std::string_view request, const CallOptions& options, ClientCall& call);
  // A bidirectional or server-streaming call.
  void open_stream(std::string_view path, const CallOptions& options, ClientCall& call);
  void send(ClientCall& call, std::string_view message);
  void half_close(ClientCall& call);
  // No further callback; the server is told.
  void cancel(ClientCall& call);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rpc

// core/rpc/call.h: one call on the server, from its first header to the end of its HTTP/2 stream.
//
//   headers -> open -> answered        the usual way; `answered` until the answer has left
//              open -> parked -> open  a request waits while its connection has too much output already
//   any     -> gone                    the stream or the connection ended
//
// Calls are used again: their buffers are most of what a request would otherwise allocate.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <nghttp2/nghttp2.h>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/rpc/message_reader.h"
#include "core/rpc/metadata.h"
#include "core/rpc/routes.h"
#include "core/rpc/send_queue.h"
#include "core/rpc/server.h"
#include "io/clock.h"

namespace rpc {

class Connection;

class Call final : public UnaryCall, public StreamCall, private io::Timer {
 public:
  Call();

  // From idle to `headers`.
  void begin(Connection& connection, std::int32_t stream_id);
  // Back to idle. Requires: the stream is closed.
  void end();
  std::int32_t stream_id() const { return stream_id_; }

  // What the session reports, in this order.
  void on_header(std::string_view name, std::string_view value);
  void on_headers_end();
  void on_data(std::string_view bytes);
  void on_half_close();  // the client sends no more
  // The stream is closed, or its connection is: whoever keeps the call is told.
  void on_gone();

  // After the input that opened the call: most calls are answered by then and need no timer.
  void arm_deadline();
  void unpark();     // there is room for answers again
  void give_room();  // the queue has run empty

  // The session takes from the queue: its data callbacks.
  ssize_t read_data(std::size_t length, std::uint32_t& flags);
  std::string_view front(std::size_t length) const { return queue_.front().substr(0, length); }
  void pop(std::size_t length);
  bool is_half_closed() const { return half_closed_; }

  // UnaryCall and StreamCall.
  std::optional<std::string_view> metadata(std::string_view name) const override { return metadata_.find(name); }
  std::optional<base::Instant> deadline() const override { return deadline_; }
  std::string peer_text() const override;
  std::string_view verified_identity() const override;
  void respond(std::string_view message) override;
  void respond(std::vector<std::string> parts) override;
  void fail(const Status& status) override;
  void on_cancel(CallCancelled& waiting) override;
  void send(std::string_view message) override { send(message, {}); }
  void send(std::string_view first, std::string_view second) override;
  std::size_t queued_bytes() const override { return queue_.size(); }
  void finish(const Status& status) override;
  void pause_receiving(bool paused) override;

  // Neighbours among the open streams of the connection, in the order of stream ids.
  Call* next = nullptr;
  Call* previous = nullptr;

 private:
  enum class Stage : std::uint8_t { idle, headers, open, parked, answered, gone };

  // What is wrong with the request as its headers have it; nothing when it can be served.
  std::optional<Status> refusal(std::string_view& http_status) const;
  void serve();                         // a handler exists and may have it
  void read(std::string_view bytes);    // requires: open
  void on_message(std::string_view message);
  // Ends the call for a reason of ours: the client gets `status`, and whoever keeps the call is told.
  void abort(const Status& status);
  void answer(const Status& status);
  void submit_headers();
  void submit_trailers();
  void submit_only_trailers(std::string_view http_status);
  void consume(std::size_t size);
  void release_window();
  void on_timer() override;  // the deadline

  Connection* connection_ = nullptr;
  std::int32_t stream_id_ = 0;
  Stage stage_ = Stage::idle;

  // The request.
  const Route* route_ = nullptr;
  std::string path_;
  std::string method_;
  std::string content_type_;
  std::string encoding_;
  std::string timeout_;
  Metadata metadata_;
  bool metadata_too_large_ = false;
  std::optional<base::Instant> deadline_;
  MessageReader reader_;
  bool has_request_ = false;   // unary: the message has been handed to the handler
  bool half_closed_ = false;
  bool paused_ = false;
  std::size_t unconsumed_ = 0;  // received bytes for which the stream's window was not opened again
  std::string parked_input_;

  // The answer.
  CallCancelled* waiting_ = nullptr;    // unary: who is told; streams: the receiver
  StreamReceiver* receiver_ = nullptr;
  SendQueue queue_;
  bool headers_sent_ = false;
  Status status_;  // once answered
};

// Idle calls, used again.
class CallPool {
 public:
  std::unique_ptr<Call> take();
  void give_back(std::unique_ptr<Call> call);

 private:
  std::vector<std::unique_ptr<Call>> idle_;
};

}  // namespace rpc

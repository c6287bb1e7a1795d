// core/rpc/h2.h: what both ends of an HTTP/2 connection need from nghttp2.
//
// The library works on memory: bytes go in by nghttp2_session_mem_recv() and come out by mem_send(). It
// reads the system clock only to refresh its limiter of resets, which is set out of reach here; the server
// has its own (reset_limiter.h).
#pragma once

#include <cstdint>
#include <memory>
#include <nghttp2/nghttp2.h>
#include <string>
#include <string_view>

#include "io/network.h"

namespace rpc {

struct H2Delete {
  void operator()(nghttp2_session* session) const { nghttp2_session_del(session); }
  void operator()(nghttp2_session_callbacks* callbacks) const { nghttp2_session_callbacks_del(callbacks); }
  void operator()(nghttp2_option* option) const { nghttp2_option_del(option); }
};
using SessionPtr = std::unique_ptr<nghttp2_session, H2Delete>;
using CallbacksPtr = std::unique_ptr<nghttp2_session_callbacks, H2Delete>;
using OptionPtr = std::unique_ptr<nghttp2_option, H2Delete>;

CallbacksPtr make_callbacks();
OptionPtr make_option();
OptionPtr make_server_option();

enum class Copy : std::uint8_t {
  none,   // name and value outlive the session
  value,  // the name does; the value changes from call to call, so the header table does not keep it either
  both,
};
inline const std::uint8_t* h2_bytes(std::string_view text) { return reinterpret_cast<const std::uint8_t*>(text.data()); }
nghttp2_nv header(std::string_view name, std::string_view value, Copy copy = Copy::none);

// The first frames of an end: its settings, of which `own` is the one that differs, and the windows.
void submit_settings(nghttp2_session& session, nghttp2_settings_entry own, std::size_t stream_window_bytes);

inline std::string_view h2_text(const std::uint8_t* data, std::size_t size) { return {reinterpret_cast<const char*>(data), size}; }

// The way of a session's bytes into its stream.
class SessionOutput {
 public:
  enum class Flushed : std::uint8_t {
    all,      // the session has nothing to say at present
    more,     // it has, and the stream has room, but this connection has had its share of the turn
    blocked,  // the stream took less than everything; on_writable() follows
    failed,   // the session is beyond repair
  };
  // Collects what the session has to say and writes it, in one write unless it is very much. `scratch` is
  // shared by all connections: only what the stream did not take is kept here.
  Flushed flush(nghttp2_session& session, io::Stream& stream, std::string& scratch);
  // A DATA frame, from within flush(): the session's send_data callback.
  void append_data(const std::uint8_t* frame_header, std::string_view payload);

  bool is_blocked() const { return !unsent_.empty(); }
  std::size_t unsent_bytes() const { return unsent_.size() - taken_; }

 private:
  bool write_unsent(io::Stream& stream);

  std::string unsent_;
  std::size_t taken_ = 0;  // of `unsent_`, from its front
  std::string* collecting_ = nullptr;  // set during flush()
};

}  // namespace rpc

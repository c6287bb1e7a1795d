// The server's end of nghttp2's callbacks: each finds its call or connection and passes the event on.
#include "core/base/assert.h"
#include "core/rpc/connection.h"

namespace rpc {
namespace {

Connection& server_connection_of(void* user_data) { return *static_cast<Connection*>(user_data); }

// Null for a stream that never became a call, or no longer is one.
Call* call_of(nghttp2_session* session, std::int32_t stream_id) {
  return static_cast<Call*>(nghttp2_session_get_stream_user_data(session, stream_id));
}

int on_begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user_data) {
  if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) server_connection_of(user_data).on_call_begin(frame->hd.stream_id);
  return 0;
}

int server_on_header(nghttp2_session* session, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_size,
              const std::uint8_t* value, std::size_t value_size, std::uint8_t, void*) {
  if (Call* const call = call_of(session, frame->hd.stream_id)) call->on_header(h2_text(name, name_size), h2_text(value, value_size));
  return 0;
}

int server_on_frame_recv(nghttp2_session* session, const nghttp2_frame* frame, void* user_data) {
  switch (frame->hd.type) {  // a byte of the wire: not an enumeration
    case NGHTTP2_HEADERS:
    case NGHTTP2_DATA: {
      Call* const call = call_of(session, frame->hd.stream_id);
      if (call == nullptr) return 0;
      if (frame->hd.type == NGHTTP2_HEADERS) call->on_headers_end();
      if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) call->on_half_close();
      return 0;
    }
    case NGHTTP2_SETTINGS: server_connection_of(user_data).on_settings(); return 0;
    case NGHTTP2_PING: server_connection_of(user_data).on_ping(frame->ping); return 0;
    case NGHTTP2_RST_STREAM: server_connection_of(user_data).on_reset(); return 0;
    default: return 0;
  }
}

int server_on_data_chunk_recv(nghttp2_session* session, std::uint8_t, std::int32_t stream_id, const std::uint8_t* data, std::size_t size, void*) {
  if (Call* const call = call_of(session, stream_id)) {
    call->on_data(h2_text(data, size));
  } else {
    nghttp2_session_consume(session, stream_id, size);
  }
  return 0;
}

int server_on_stream_close(nghttp2_session* session, std::int32_t stream_id, std::uint32_t, void* user_data) {
  if (Call* const call = call_of(session, stream_id)) server_connection_of(user_data).on_call_end(*call);
  return 0;
}

int on_frame_send(nghttp2_session*, const nghttp2_frame* frame, void* user_data) {
  server_connection_of(user_data).on_frame_sent(*frame);
  return 0;
}

int server_send_data(nghttp2_session*, nghttp2_frame* frame, const std::uint8_t* frame_header, std::size_t length, nghttp2_data_source* source,
              void* user_data) {
  ASSERT(frame->data.padlen == 0);
  server_connection_of(user_data).append_data(frame_header, *static_cast<Call*>(source->ptr), length);
  return 0;
}

}  // namespace

CallbacksPtr make_server_callbacks() {
  CallbacksPtr callbacks = make_callbacks();
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks.get(), on_begin_headers);
  nghttp2_session_callbacks_set_on_header_callback(callbacks.get(), server_on_header);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks.get(), server_on_frame_recv);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks.get(), server_on_data_chunk_recv);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks.get(), server_on_stream_close);
  nghttp2_session_callbacks_set_on_frame_send_callback(callbacks.get(), on_frame_send);
  nghttp2_session_callbacks_set_send_data_callback(callbacks.get(), server_send_data);
  return callbacks;
}

}  // namespace rpc

// The client's end of nghttp2's callbacks: each finds its call and passes the event on.
#include "core/base/assert.h"
#include "core/rpc/client_connection.h"

namespace rpc {
namespace {

ClientConnection& client_connection_of(void* user_data) { return *static_cast<ClientConnection*>(user_data); }

int client_on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_size, const std::uint8_t* value,
              std::size_t value_size, std::uint8_t, void* user_data) {
  if (OpenCall* const call = client_connection_of(user_data).find(frame->hd.stream_id)) {
    call->on_header(h2_text(name, name_size), h2_text(value, value_size));
  }
  return 0;
}

int client_on_frame_recv(nghttp2_session*, const nghttp2_frame* frame, void* user_data) {
  client_connection_of(user_data).on_frame(*frame);
  return 0;
}

int client_on_data_chunk_recv(nghttp2_session*, std::uint8_t, std::int32_t stream_id, const std::uint8_t* data, std::size_t size, void* user_data) {
  client_connection_of(user_data).on_data(stream_id, h2_text(data, size));
  return 0;
}

int client_on_stream_close(nghttp2_session*, std::int32_t stream_id, std::uint32_t error_code, void* user_data) {
  client_connection_of(user_data).on_stream_close(stream_id, error_code);
  return 0;
}

int on_frame_not_send(nghttp2_session*, const nghttp2_frame* frame, int error, void* user_data) {
  client_connection_of(user_data).on_frame_not_sent(*frame, error);
  return 0;
}

int client_send_data(nghttp2_session*, nghttp2_frame* frame, const std::uint8_t* frame_header, std::size_t length, nghttp2_data_source*,
              void* user_data) {
  ASSERT(frame->data.padlen == 0);
  client_connection_of(user_data).append_data(frame_header, frame->hd.stream_id, length);
  return 0;
}

}  // namespace

CallbacksPtr make_client_callbacks() {
  CallbacksPtr callbacks = make_callbacks();
  nghttp2_session_callbacks_set_on_header_callback(callbacks.get(), client_on_header);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks.get(), client_on_frame_recv);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks.get(), client_on_data_chunk_recv);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks.get(), client_on_stream_close);
  nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks.get(), on_frame_not_send);
  nghttp2_session_callbacks_set_send_data_callback(callbacks.get(), client_send_data);
  return callbacks;
}

}  // namespace rpc

#include "core/rpc/h2.h"

#include <array>
#include <cstddef>

#include "core/base/assert.h"
#include "core/base/bytes.h"
#include "core/base/release.h"
#include "core/rpc/metadata.h"
#include "core/rpc/server.h"

namespace rpc {
namespace {

constexpr std::size_t kFrameHeaderBytes = 9;  // RFC 9113 §4.1
constexpr std::size_t kWriteBytes = 256U << 10U;
constexpr int kWritesPerFlush = 4;

}  // namespace

CallbacksPtr make_callbacks() {
  nghttp2_session_callbacks* callbacks = nullptr;
  const int rv = nghttp2_session_callbacks_new(&callbacks);
  ASSERT(rv == 0);
  return CallbacksPtr(callbacks);
}

OptionPtr make_option() {
  nghttp2_option* option = nullptr;
  const int rv = nghttp2_option_new(&option);
  ASSERT(rv == 0);
  // Windows are opened by whoever reads, so that a slow reader can hold its sender back.
  nghttp2_option_set_no_auto_window_update(option, 1);
  // Closed streams would be kept only for the priority tree, which costs a sixth of a request.
  nghttp2_option_set_no_closed_streams(option, 1);
  nghttp2_option_set_stream_reset_rate_limit(option, UINT64_MAX, UINT64_MAX);
  return OptionPtr(option);
}

OptionPtr make_server_option() {
  OptionPtr option = make_option();
  // Stock clients send what nghttp2 takes for a malformed request: etcdctl 3.4 asks each endpoint for its status with its
  // whole URL as :authority. Call::refusal() judges the headers that mean anything to us.
  nghttp2_option_set_no_http_messaging(option.get(), 1);
  return option;
}

nghttp2_nv header(std::string_view name, std::string_view value, Copy copy) {
  // nghttp2 takes pointers to non-const and does not write.
  auto* name_data = reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data()));
  auto* value_data = reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data()));
  int flags = NGHTTP2_NV_FLAG_NONE;
  if (copy == Copy::none) flags = NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE;
  if (copy == Copy::value) flags = NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_INDEX;
  return {name_data, value_data, name.size(), value.size(), static_cast<std::uint8_t>(flags)};
}

void submit_settings(nghttp2_session& session, nghttp2_settings_entry own, std::size_t stream_window_bytes) {
  const std::array<nghttp2_settings_entry, 3> settings = {{
      own,
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, static_cast<std::uint32_t>(stream_window_bytes)},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<std::uint32_t>(kMetadataBytesMax)},
  }};
  int rv = nghttp2_submit_settings(&session, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  ASSERT(rv == 0);
  rv = nghttp2_session_set_local_window_size(&session, NGHTTP2_FLAG_NONE, 0, static_cast<std::int32_t>(kConnectionWindowBytes));
  ASSERT(rv == 0);
}

SessionOutput::Flushed SessionOutput::flush(nghttp2_session& session, io::Stream& stream, std::string& scratch) {
  ASSERT(collecting_ == nullptr);
  if (!write_unsent(stream)) return Flushed::blocked;
  for (int writes = 0; writes < kWritesPerFlush; ++writes) {
    scratch.clear();
    collecting_ = &scratch;
    ssize_t count = 0;
    while (scratch.size() < kWriteBytes) {
      const std::uint8_t* data = nullptr;
      count = nghttp2_session_mem_send(&session, &data);
      if (count <= 0) break;
      scratch.append(reinterpret_cast<const char*>(data), static_cast<std::size_t>(count));
    }
    collecting_ = nullptr;
    if (count < 0) return Flushed::failed;
    if (scratch.empty()) return Flushed::all;
    const std::size_t taken = stream.write(base::as_bytes(scratch));
    ASSERT(taken <= scratch.size());
    if (taken < scratch.size()) {
      unsent_.assign(scratch, taken);
      return Flushed::blocked;
    }
    if (count == 0) return Flushed::all;
  }
  return Flushed::more;
}

void SessionOutput::append_data(const std::uint8_t* frame_header, std::string_view payload) {
  ASSERT(collecting_ != nullptr);
  collecting_->append(reinterpret_cast<const char*>(frame_header), kFrameHeaderBytes).append(payload);
}

bool SessionOutput::write_unsent(io::Stream& stream) {
  if (unsent_.empty()) return true;
  const std::string_view rest = std::string_view(unsent_).substr(taken_);
  taken_ += stream.write(base::as_bytes(rest));
  ASSERT(taken_ <= unsent_.size());
  if (taken_ < unsent_.size()) return false;
  base::release(unsent_);  // connections are many and rarely blocked: keep no buffer
  taken_ = 0;
  return true;
}

}  // namespace rpc

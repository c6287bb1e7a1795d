#include "core/rpc/call.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/base/assert.h"
#include "core/base/release.h"
#include "core/rpc/connection.h"
#include "core/rpc/h2.h"
#include "core/rpc/server_core.h"
#include "core/rpc/status_wire.h"
#include "core/rpc/timeout.h"

namespace rpc {
namespace {

constexpr std::string_view kContentType = "application/grpc";
constexpr std::size_t kIdleCallsMax = 1024;
constexpr std::size_t kStatusMessageBytesMax = 8U << 10U;  // far below what a header block may hold
constexpr std::size_t kCallKeptCapacity = 1U << 10U;  // of a header; what an unusual one needed is given back

void clear_header(std::string& value) {
  if (value.capacity() > kCallKeptCapacity) {
    base::release(value);
  } else {
    value.clear();
  }
}

// `application/grpc`, alone or with a suffix (gRPC over HTTP/2, "Content-Type").
bool is_grpc(std::string_view content_type) {
  if (!content_type.starts_with(kContentType)) return false;
  const std::string_view rest = content_type.substr(kContentType.size());
  return rest.empty() || rest.front() == '+' || rest.front() == ';';
}

}  // namespace

Call::Call() : reader_(0) {}

void Call::begin(Connection& connection, std::int32_t stream_id) {
  ASSERT(stage_ == Stage::idle);
  connection_ = &connection;
  stream_id_ = stream_id;
  stage_ = Stage::headers;
  reader_.reset(connection.core().options.receive_bytes_max);
}

void Call::end() {
  ASSERT(stage_ == Stage::gone);
  ASSERT(!is_armed());
  connection_ = nullptr;
  stream_id_ = 0;
  stage_ = Stage::idle;
  route_ = nullptr;
  clear_header(path_);
  clear_header(method_);
  clear_header(content_type_);
  clear_header(encoding_);
  clear_header(timeout_);
  metadata_.clear();
  metadata_too_large_ = false;
  deadline_.reset();
  has_request_ = false;
  half_closed_ = false;
  paused_ = false;
  unconsumed_ = 0;
  base::release(parked_input_);
  queue_.clear();
  headers_sent_ = false;
  status_.code = StatusCode::ok;
  status_.message.clear();
}

// --- the request ---

void Call::on_header(std::string_view name, std::string_view value) {
  if (stage_ != Stage::headers) return;  // trailers of a request mean nothing in gRPC
  if (name.starts_with(':')) {
    if (name == ":path") path_ = value;
    if (name == ":method") method_ = value;
    return;
  }
  if (name == "content-type") {
    content_type_ = value;
  } else if (name == "grpc-timeout") {
    timeout_ = value;
  } else if (name == "grpc-encoding") {
    encoding_ = value;
  } else if (!name.starts_with("grpc-") && name != "te" && name != "user-agent") {
    metadata_too_large_ = !metadata_.add(name, value) || metadata_too_large_;
  }
}

std::optional<Status> Call::refusal(std::string_view& http_status) const {
  if (!is_grpc(content_type_)) {
    http_status = "415";
    return Status{StatusCode::invalid_argument, "invalid gRPC request content-type \"" + content_type_ + "\""};
  }
  if (method_ != "POST") {
    http_status = "405";
    return Status{StatusCode::internal, "Received a HEADERS frame with :method \"" + method_ + "\" which should be POST"};
  }
  http_status = "200";
  if (metadata_too_large_) {
    return Status{StatusCode::resource_exhausted, "grpc: received metadata larger than max (" + std::to_string(kMetadataBytesMax) + ")"};
  }
  if (!timeout_.empty() && !parse_timeout(timeout_)) return Status{StatusCode::internal, "malformed grpc-timeout: \"" + timeout_ + "\""};
  if (route_ == nullptr) return connection_->core().routes.why_missing(path_);
  if (!encoding_.empty() && encoding_ != "identity") {
    return Status{StatusCode::unimplemented, "grpc: Decompressor is not installed for grpc-encoding \"" + encoding_ + "\""};
  }
  return std::nullopt;
}

void Call::on_headers_end() {
  if (stage_ != Stage::headers) return;
  route_ = connection_->core().routes.find(path_);
  std::string_view http_status;
  if (const std::optional<Status> status = refusal(http_status)) {
    stage_ = Stage::answered;
    status_ = *status;
    return submit_only_trailers(http_status);
  }
  stage_ = Stage::open;
  if (!timeout_.empty()) {
    const base::Duration timeout = *parse_timeout(timeout_);
    deadline_ = connection_->core().world.clock.now() + timeout;
    if (timeout == base::Duration::zero()) return abort({StatusCode::deadline_exceeded, "context deadline exceeded"});
    connection_->note_deadline(*this);
  }
  if (route_->stream == nullptr) return;
  receiver_ = route_->stream->open(*this);
  ASSERT((receiver_ != nullptr) == (stage_ == Stage::open));  // no receiver exactly if it has called finish()
  waiting_ = receiver_;
}

void Call::on_data(std::string_view bytes) {
  if (stage_ == Stage::open && route_->unary != nullptr && !has_request_ && connection_->has_too_much_output()) {
    if (!connection_->park(*this)) return consume(bytes.size());
    stage_ = Stage::parked;
  }
  if (stage_ == Stage::parked) {
    parked_input_.append(bytes);  // and its window stays closed, which bounds what can be parked
    return;
  }
  consume(bytes.size());
  if (stage_ == Stage::open && !has_request_) read(bytes);
}

void Call::read(std::string_view bytes) {
  while (stage_ == Stage::open && !has_request_) {
    const MessageReader::Step step = reader_.next(bytes);
    switch (step.outcome) {
      case MessageReader::Outcome::incomplete:
        return;
      case MessageReader::Outcome::message:
        on_message(step.message);
        break;
      case MessageReader::Outcome::too_large:
        return abort({StatusCode::resource_exhausted, "grpc: received message larger than max (" + std::to_string(step.announced_size) + " vs. " +
                                                          std::to_string(connection_->core().options.receive_bytes_max) + ")"});
      case MessageReader::Outcome::compressed:
        return abort({StatusCode::internal, "grpc: compressed flag set with identity or empty encoding"});
      case MessageReader::Outcome::malformed:
        return abort({StatusCode::internal, "grpc: received unexpected payload format"});
    }
  }
}

void Call::on_message(std::string_view message) {
  if (receiver_ != nullptr) return receiver_->on_message(message);
  // A second message on a unary call is ignored, as the first may be answered already.
  has_request_ = true;
  route_->unary->handle(*this, message);
  if (stage_ == Stage::open) ASSERT(waiting_ != nullptr);  // a kept call needs somebody to tell
}

void Call::on_half_close() {
  half_closed_ = true;
  if (stage_ != Stage::open || has_request_) return;
  if (!reader_.at_boundary()) return abort({StatusCode::internal, "unexpected EOF"});
  if (receiver_ != nullptr) return receiver_->on_half_close();
  abort({StatusCode::internal, "cardinality violation: received no request message from non-client-streaming RPC"});
}

void Call::unpark() {
  if (stage_ != Stage::parked) return;
  stage_ = Stage::open;
  const std::string input = std::exchange(parked_input_, {});
  consume(input.size());
  read(input);
  if (half_closed_) on_half_close();
}

void Call::on_gone() {
  const Stage before = std::exchange(stage_, Stage::gone);
  connection_->core().world.clock.disarm(*this);
  connection_->note_dequeued(queue_.size());
  queue_.clear();
  // The session forgets the stream, but not what the connection's window is owed.
  if (before == Stage::parked) nghttp2_session_consume_connection(&connection_->session(), parked_input_.size());
  receiver_ = nullptr;
  CallCancelled* const told = std::exchange(waiting_, nullptr);
  if (told != nullptr) told->on_cancelled();
}

void Call::arm_deadline() {
  if (stage_ == Stage::open || stage_ == Stage::parked) connection_->core().world.clock.arm(*this, *deadline_);
}

void Call::on_timer() { abort({StatusCode::deadline_exceeded, "context deadline exceeded"}); }

void Call::consume(std::size_t size) {
  nghttp2_session& session = connection_->session();
  // A stream whose answers are not read either gets no more window than one that was paused.
  if (paused_ || queue_.size() > kStreamWindowBytes) {
    unconsumed_ += size;
    nghttp2_session_consume_connection(&session, size);
    return;
  }
  nghttp2_session_consume(&session, stream_id_, size);
}

void Call::release_window() {
  if (paused_ || queue_.size() > kStreamWindowBytes) return;
  nghttp2_session_consume_stream(&connection_->session(), stream_id_, std::exchange(unconsumed_, 0));
}

// --- the answer ---

void Call::respond(std::string_view message) {
  ASSERT(stage_ == Stage::open);
  ASSERT(has_request_);
  if (message.size() > kSendBytesMax) return fail(too_large_to_send(message.size()));
  connection_->note_queued(queue_.push(message));
  answer({});
}

void Call::respond(std::vector<std::string> parts) {
  ASSERT(stage_ == Stage::open);
  ASSERT(has_request_);
  std::size_t size = 0;
  for (const std::string& part : parts) size += part.size();
  if (size > kSendBytesMax) return fail(too_large_to_send(size));
  connection_->note_queued(queue_.push(std::move(parts)));
  answer({});
}

void Call::fail(const Status& status) {
  ASSERT(has_request_);
  ASSERT(status.code != StatusCode::ok);
  answer(status);
}

void Call::on_cancel(CallCancelled& waiting) {
  ASSERT(stage_ == Stage::open);
  ASSERT(route_->unary != nullptr);
  waiting_ = &waiting;
}

void Call::send(std::string_view first, std::string_view second) {
  ASSERT(stage_ == Stage::open);
  ASSERT(route_->stream != nullptr);
  connection_->note_queued(queue_.push(first, second));
  if (!headers_sent_) submit_headers();
  nghttp2_session_resume_data(&connection_->session(), stream_id_);  // refused when nothing was deferred: fine
  connection_->wake();
}

void Call::finish(const Status& status) {
  ASSERT(route_->stream != nullptr);
  answer(status);
}

void Call::pause_receiving(bool paused) {
  ASSERT(stage_ == Stage::open);
  paused_ = paused;
  release_window();
  connection_->wake();
}

void Call::abort(const Status& status) {
  CallCancelled* const told = waiting_;
  answer(status);
  if (told != nullptr) told->on_cancelled();
}

void Call::answer(const Status& status) {
  ASSERT(stage_ == Stage::open || stage_ == Stage::parked);
  if (stage_ == Stage::parked) consume(std::exchange(parked_input_, {}).size());
  stage_ = Stage::answered;
  status_ = status;
  waiting_ = nullptr;
  receiver_ = nullptr;
  if (is_armed()) connection_->core().world.clock.disarm(*this);
  if (headers_sent_) {
    nghttp2_session_resume_data(&connection_->session(), stream_id_);
  } else if (queue_.empty()) {
    submit_only_trailers("200");
  } else {
    submit_headers();
  }
  connection_->wake();
}

void Call::submit_headers() {
  ASSERT(!headers_sent_);
  headers_sent_ = true;
  const std::array<nghttp2_nv, 2> headers = {header(":status", "200"), header("content-type", kContentType)};
  nghttp2_data_provider provider;
  provider.source.ptr = this;
  provider.read_callback = [](nghttp2_session*, std::int32_t, std::uint8_t*, std::size_t length, std::uint32_t* flags,
                              nghttp2_data_source* source, void*) -> ssize_t {
    return static_cast<Call*>(source->ptr)->read_data(length, *flags);
  };
  const int rv = nghttp2_submit_response(&connection_->session(), stream_id_, headers.data(), headers.size(), &provider);
  ASSERT(rv == 0);
}

ssize_t Call::read_data(std::size_t length, std::uint32_t& flags) {
  const std::size_t count = std::min(length, queue_.front().size());
  const bool is_last = stage_ == Stage::answered && count == queue_.size();
  if (count == 0 && !is_last) return NGHTTP2_ERR_DEFERRED;
  flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (is_last) {
    flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
    submit_trailers();
  }
  return static_cast<ssize_t>(count);
}

void Call::pop(std::size_t length) {
  queue_.pop(length);
  connection_->note_dequeued(length);
  if (queue_.empty() && stage_ == Stage::open) connection_->ask_room(*this);
}

void Call::give_room() {
  if (stage_ != Stage::open || !queue_.empty()) return;
  release_window();
  receiver_->on_room();
}

void Call::submit_trailers() {
  const std::string message = percent_encode(std::string_view(status_.message).substr(0, kStatusMessageBytesMax));
  const std::array<nghttp2_nv, 2> trailers = {header("grpc-status", status_code_value(status_.code)),
                                              header("grpc-message", message, Copy::value)};
  const int rv = nghttp2_submit_trailer(&connection_->session(), stream_id_, trailers.data(), message.empty() ? 1 : 2);
  ASSERT(rv == 0);
}

void Call::submit_only_trailers(std::string_view http_status) {
  headers_sent_ = true;
  const std::string message = percent_encode(std::string_view(status_.message).substr(0, kStatusMessageBytesMax));
  const std::array<nghttp2_nv, 4> headers = {header(":status", http_status), header("content-type", kContentType),
                                             header("grpc-status", status_code_value(status_.code)),
                                             header("grpc-message", message, Copy::value)};
  const int rv = nghttp2_submit_response(&connection_->session(), stream_id_, headers.data(), message.empty() ? 3 : 4, nullptr);
  ASSERT(rv == 0);
}

// --- who calls ---

std::string Call::peer_text() const { return connection_->stream().peer_text(); }

std::string_view Call::verified_identity() const { return connection_->stream().verified_identity(); }

std::unique_ptr<Call> CallPool::take() {
  if (idle_.empty()) return std::make_unique<Call>();
  std::unique_ptr<Call> call = std::move(idle_.back());
  idle_.pop_back();
  return call;
}

void CallPool::give_back(std::unique_ptr<Call> call) {
  call->end();
  if (idle_.size() < kIdleCallsMax) idle_.push_back(std::move(call));
}

}  // namespace rpc

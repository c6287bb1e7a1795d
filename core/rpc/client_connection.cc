#include "core/rpc/client_connection.h"

#include <algorithm>
#include <utility>

#include "core/base/bytes.h"
#include "core/rpc/base64.h"
#include "core/rpc/server.h"
#include "core/rpc/status_wire.h"
#include "core/rpc/timeout.h"

namespace rpc {
namespace {

constexpr std::size_t kClientReadBytes = 64U << 10U;
constexpr std::string_view kUserAgent = "grpc-lockstep/1";

}  // namespace

ClientConnection::ClientConnection(const io::World& world, const io::Address& address, ChannelOptions options, ChannelListener* listener)
    : world_(world),
      options_(options),
      authority_(to_text(address)),
      listener_(listener),
      flush_hook_(*this),
      next_turn_hook_(*this),
      callbacks_(make_client_callbacks()) {
  start_session();
  world_.clock.arm(*this, world_.clock.now() + options_.connect_timeout);
  stream_ = world_.network.connect(address, *this);
}

ClientConnection::~ClientConnection() {
  ASSERT(!is_entered_);
  world_.loop.forget(flush_hook_);
  world_.loop.forget(next_turn_hook_);
  world_.clock.disarm(*this);
}

void ClientConnection::start_session() {
  nghttp2_session* session = nullptr;
  const OptionPtr option = make_option();
  const int rv = nghttp2_session_client_new2(&session, callbacks_.get(), this, option.get());
  ASSERT(rv == 0);
  session_.reset(session);
  submit_settings(*session_, {NGHTTP2_SETTINGS_ENABLE_PUSH, 0}, options_.stream_window_bytes);
}

void ClientConnection::abandon() {
  ASSERT(!is_abandoned_);
  is_abandoned_ = true;
  stage_ = Stage::closed;
  listener_ = nullptr;
  for (const auto& [stream_id, call] : calls_) call->release_user();
  for (const auto& call : refused_) call->release_user();
  if (!is_entered_) delete this;
}

void ClientConnection::leave() {
  ASSERT(is_entered_);
  is_entered_ = false;
  ended_.clear();
  if (is_abandoned_) {
    delete this;
  } else if (stage_ == Stage::closed) {
    stream_.reset();
  }
}

// --- calls ---

void ClientConnection::start(OpenCall::Kind kind, std::string_view path, std::optional<std::string_view> request,
                             const CallOptions& options, ClientCall& user) {
  auto call = std::make_unique<OpenCall>(*this, world_.clock, user, kind, options_.receive_bytes_max);
  if (request) {
    queued_bytes_ += call->queue.push(*request);
    call->is_half_closed = true;
  }
  if (options.deadline && *options.deadline <= world_.clock.now()) {
    call->refusal = Status{StatusCode::deadline_exceeded, "context deadline exceeded"};
  } else if (stage_ == Stage::closed) {
    call->refusal = Status{StatusCode::unavailable, "the connection is closed"};
  } else if (is_going_away_) {
    call->refusal = Status{StatusCode::unavailable, why_going_away_};
  } else if (!submit(*call, path, options)) {
    call->refusal = Status{StatusCode::unavailable, "the connection can carry no further call"};
  }
  if (call->refusal) {
    queued_bytes_ -= call->queue.size();
    refused_.push_back(std::move(call));
    return ask_next_turn();
  }
  if (options.deadline) call->arm(*options.deadline);
  const std::int32_t stream_id = call->stream_id;
  calls_.emplace(stream_id, std::move(call));
  wake();
}

bool ClientConnection::submit(OpenCall& call, std::string_view path, const CallOptions& options) {
  const std::string timeout = options.deadline ? format_timeout(*options.deadline - world_.clock.now()) : std::string();
  std::vector<std::string> encoded;
  encoded.reserve(options.metadata.size());
  std::vector<nghttp2_nv> headers = {header(":method", "POST"),
                                     header(":scheme", "http"),
                                     header(":path", path, Copy::value),
                                     header(":authority", authority_),
                                     header("te", "trailers"),
                                     header("content-type", "application/grpc"),
                                     header("user-agent", kUserAgent)};
  if (options.deadline) headers.push_back(header("grpc-timeout", timeout, Copy::value));
  for (const auto& [name, value] : options.metadata) {
    encoded.push_back(name.ends_with("-bin") ? base64_encode(value) : value);
    headers.push_back(header(name, encoded.back(), Copy::both));
  }
  nghttp2_data_provider provider;
  provider.source.ptr = nullptr;  // the call is found by its stream, since it may be gone by then
  provider.read_callback = [](nghttp2_session*, std::int32_t stream_id, std::uint8_t*, std::size_t length, std::uint32_t* flags,
                              nghttp2_data_source*, void* user_data) -> ssize_t {
    return static_cast<ClientConnection*>(user_data)->read_data(stream_id, length, *flags);
  };
  call.stream_id = nghttp2_submit_request(session_.get(), nullptr, headers.data(), headers.size(), &provider, nullptr);
  ASSERT(call.stream_id > 0 || call.stream_id == NGHTTP2_ERR_STREAM_ID_NOT_AVAILABLE);
  if (call.stream_id > 0) return true;
  call.stream_id = 0;
  return false;
}

void ClientConnection::send(OpenCall& call, std::string_view message) {
  ASSERT(call.kind == OpenCall::Kind::stream);
  ASSERT(!call.is_half_closed);
  if (call.stream_id == 0) return;  // it never reached the connection, and will be told
  queued_bytes_ += call.queue.push(message);
  nghttp2_session_resume_data(session_.get(), call.stream_id);  // refused when nothing was deferred: fine
  wake();
}

void ClientConnection::half_close(OpenCall& call) {
  ASSERT(!call.is_half_closed);
  call.is_half_closed = true;
  if (call.stream_id == 0) return;
  nghttp2_session_resume_data(session_.get(), call.stream_id);
  wake();
}

void ClientConnection::pause_receiving(OpenCall& call, bool paused) {
  call.is_paused = paused;
  if (paused || call.stream_id == 0) return;
  nghttp2_session_consume_stream(session_.get(), call.stream_id, std::exchange(call.unconsumed, 0));
  wake();
}

OpenCall* ClientConnection::find(std::int32_t stream_id) {
  const auto found = calls_.find(stream_id);
  return found == calls_.end() || found->second->user() == nullptr ? nullptr : found->second.get();
}

// Takes the call out, so that nothing finds it any more. A callback may still hold it, and a message of its.
OpenCall& ClientConnection::retire(OpenCall& call) {
  if (call.stream_id == 0) {
    const auto found = std::find_if(refused_.begin(), refused_.end(), [&](const auto& candidate) { return candidate.get() == &call; });
    ASSERT(found != refused_.end());
    ended_.push_back(std::move(*found));
    refused_.erase(found);
  } else {
    queued_bytes_ -= call.queue.size();
    const auto found = calls_.find(call.stream_id);
    ASSERT(found != calls_.end());
    ended_.push_back(std::move(found->second));
    calls_.erase(found);
  }
  return *ended_.back();
}

void ClientConnection::end(OpenCall& call, const Status& status) {
  ASSERT(is_entered_);
  ClientCall* const user = retire(call).release_user();
  if (user != nullptr) user->on_status(status);
}

void ClientConnection::drop(OpenCall& call) {
  reset_stream(call.stream_id, NGHTTP2_CANCEL);
  retire(call).release_user();
  if (!is_entered_) ended_.clear();
}

void ClientConnection::on_deadline(OpenCall& call) {
  const Entry entry(*this);
  reset_stream(call.stream_id, NGHTTP2_CANCEL);
  end(call, {StatusCode::deadline_exceeded, "context deadline exceeded"});
}

void ClientConnection::reset_stream(std::int32_t stream_id, std::uint32_t error_code) {
  if (stream_id == 0 || stage_ == Stage::closed) return;
  const int rv = nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, stream_id, error_code);
  ASSERT(rv == 0);
  wake();
}

// --- the stream ---

void ClientConnection::on_readable() {
  const Entry entry(*this);
  if (stage_ == Stage::closed) return;
  if (input_.empty()) input_.resize(kClientReadBytes);  // not before: most attempts to reach a member that is away end without a byte
  const io::ReadResult result = stream_->read(base::as_writable_bytes(input_));
  if (result.count > 0) {
    const std::string_view bytes = std::string_view(input_).substr(0, result.count);
    const ssize_t count = nghttp2_session_mem_recv(session_.get(), h2_bytes(bytes), bytes.size());
    if (is_abandoned_) return;
    if (count < 0) return disconnect({base::Code::io, std::string("not HTTP/2: ") + nghttp2_strerror(static_cast<int>(count))});
  }
  if (result.finished) return disconnect({base::Code::io, is_going_away_ ? why_going_away_ : "the server closed the connection"});
  wake();
}

void ClientConnection::on_writable() {
  const Entry entry(*this);
  wake();
}

void ClientConnection::on_closed(const base::Error& why) {
  const Entry entry(*this);
  disconnect(why);
}

void ClientConnection::on_timer() {
  const Entry entry(*this);
  disconnect({base::Code::io, "connect " + authority_ + ": timed out"});
}

void ClientConnection::disconnect(const base::Error& why) {
  ASSERT(is_entered_);
  if (stage_ == Stage::closed) return;
  stage_ = Stage::closed;
  world_.clock.disarm(*this);
  const Status status{StatusCode::unavailable, "connection error: " + why.detail};
  while (!calls_.empty()) end(*calls_.begin()->second, status);  // oldest first
  if (listener_ != nullptr) listener_->on_disconnected(why);
}

void ClientConnection::wake() {
  if (is_dirty_ || stage_ == Stage::closed) return;
  is_dirty_ = true;
  world_.loop.at_end_of_turn(flush_hook_);
}

void ClientConnection::flush() {
  const Entry entry(*this);
  is_dirty_ = false;
  if (stage_ == Stage::closed) return;
  const SessionOutput::Flushed flushed = output_.flush(*session_, *stream_, scratch_);
  if (is_abandoned_ || stage_ == Stage::closed) return;
  switch (flushed) {
    case SessionOutput::Flushed::failed: return disconnect({base::Code::io, "the HTTP/2 session failed"});
    case SessionOutput::Flushed::more: ask_next_turn(); break;
    case SessionOutput::Flushed::blocked: break;
    case SessionOutput::Flushed::all:
      if (nghttp2_session_want_read(session_.get()) == 0 && nghttp2_session_want_write(session_.get()) == 0) {
        return disconnect({base::Code::io, is_going_away_ ? why_going_away_ : "the server broke the rules of HTTP/2"});
      }
      break;
  }
  if (!wanting_room_.empty()) ask_next_turn();
}

void ClientConnection::ask_next_turn() {
  if (is_next_turn_asked_) return;
  is_next_turn_asked_ = true;
  world_.loop.on_next_turn(next_turn_hook_);
}

void ClientConnection::on_next_turn() {
  const Entry entry(*this);
  is_next_turn_asked_ = false;
  // Calls refused from now on wait for another turn.
  for (std::size_t count = refused_.size(); count > 0 && !refused_.empty(); --count) {
    const Status status = *refused_.front()->refusal;
    end(*refused_.front(), status);
    if (is_abandoned_) return;
  }
  for (const std::int32_t stream_id : std::exchange(wanting_room_, {})) {
    OpenCall* const call = find(stream_id);
    if (call != nullptr && call->queue.empty()) call->user()->on_room();
    if (is_abandoned_) return;
  }
  wake();
}

// --- the session's callbacks ---

void ClientConnection::on_frame(const nghttp2_frame& frame) {
  if (frame.hd.type == NGHTTP2_SETTINGS && stage_ == Stage::connecting) {
    stage_ = Stage::connected;
    world_.clock.disarm(*this);
    if (listener_ != nullptr) listener_->on_connected();
    return;
  }
  if (frame.hd.type == NGHTTP2_GOAWAY && !is_going_away_) {
    is_going_away_ = true;
    why_going_away_ = "the server went away";
    const std::string_view reason = h2_text(frame.goaway.opaque_data, frame.goaway.opaque_data_len);
    if (!reason.empty()) why_going_away_.append(": ").append(percent_encode(reason));
    return;
  }
  const bool may_end = frame.hd.type == NGHTTP2_HEADERS || frame.hd.type == NGHTTP2_DATA;
  if (!may_end || (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) return;
  OpenCall* const call = find(frame.hd.stream_id);
  if (call == nullptr) return;
  // The answer is whole; if the request is not, nobody wants the rest.
  if (!call->is_half_closed || !call->queue.empty()) reset_stream(call->stream_id, NGHTTP2_NO_ERROR);
  const bool is_cut = !call->reader.at_boundary();
  end(*call, is_cut ? Status{StatusCode::internal, "unexpected EOF"} : call->final_status());
}

void ClientConnection::on_data(std::int32_t stream_id, std::string_view bytes) {
  OpenCall* call = find(stream_id);
  if (call != nullptr && call->is_paused) {
    call->unconsumed += bytes.size();
    nghttp2_session_consume_connection(session_.get(), bytes.size());
  } else {
    nghttp2_session_consume(session_.get(), stream_id, bytes.size());
  }
  // A message may end the call, and even the channel; then it is not found any more.
  for (; call != nullptr; call = find(stream_id)) {
    const MessageReader::Step step = call->reader.next(bytes);
    switch (step.outcome) {
      case MessageReader::Outcome::incomplete: return;
      case MessageReader::Outcome::message:
        if (call->kind == OpenCall::Kind::unary && call->has_message) {
          reset_stream(stream_id, NGHTTP2_CANCEL);
          return end(*call, {StatusCode::internal, "the server answered with more than one message"});
        }
        call->has_message = true;
        call->user()->on_message(step.message);
        break;
      case MessageReader::Outcome::too_large:
        reset_stream(stream_id, NGHTTP2_CANCEL);
        return end(*call, {StatusCode::resource_exhausted, "grpc: received message larger than max (" + std::to_string(step.announced_size) +
                                                               " vs. " + std::to_string(options_.receive_bytes_max) + ")"});
      case MessageReader::Outcome::compressed:
      case MessageReader::Outcome::malformed:
        reset_stream(stream_id, NGHTTP2_CANCEL);
        return end(*call, {StatusCode::internal, "grpc: received unexpected payload format"});
    }
  }
}

void ClientConnection::on_stream_close(std::int32_t stream_id, std::uint32_t error_code) {
  if (OpenCall* const call = find(stream_id)) end(*call, from_http2_error(error_code));
}

void ClientConnection::on_frame_not_sent(const nghttp2_frame& frame, int error) {
  if (frame.hd.type != NGHTTP2_HEADERS) return;
  if (OpenCall* const call = find(frame.hd.stream_id)) end(*call, {StatusCode::unavailable, std::string("not sent: ") + nghttp2_strerror(error)});
}

ssize_t ClientConnection::read_data(std::int32_t stream_id, std::size_t length, std::uint32_t& flags) {
  OpenCall* const call = find(stream_id);
  if (call == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;  // a reset is on its way already
  const std::size_t count = std::min(length, call->queue.front().size());
  const bool is_last = call->is_half_closed && count == call->queue.size();
  if (count == 0 && !is_last) return NGHTTP2_ERR_DEFERRED;
  flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (is_last) flags |= NGHTTP2_DATA_FLAG_EOF;
  return static_cast<ssize_t>(count);
}

void ClientConnection::append_data(const std::uint8_t* frame_header, std::int32_t stream_id, std::size_t length) {
  OpenCall* const call = find(stream_id);
  ASSERT(call != nullptr);  // read_data() has just found it
  output_.append_data(frame_header, call->queue.front().substr(0, length));
  call->queue.pop(length);
  queued_bytes_ -= length;
  if (call->kind == OpenCall::Kind::stream && call->queue.empty() && length > 0) wanting_room_.push_back(stream_id);
}

}  // namespace rpc

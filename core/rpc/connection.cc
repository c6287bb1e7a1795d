#include "core/rpc/connection.h"

#include <algorithm>
#include <utility>

#include "core/base/assert.h"
#include "core/base/bytes.h"
#include "core/rpc/protocol.h"
#include "core/rpc/server_core.h"

namespace rpc {
namespace {

// Frames that a blocked connection may have waiting inside the session: answers without a body, resets, acks.
constexpr std::size_t kWaitingFramesMax = 10'000;
constexpr std::size_t kParkedCallsMax = 1'000;
constexpr base::Duration kLingerTime = std::chrono::seconds(1);
constexpr std::string_view kDrainPing = "draining";  // eight bytes, as a PING carries
constexpr std::string_view kKeepalivePing = "keepaliv";

}  // namespace

Connection::Connection(ServerCore& core, std::uint64_t number_, std::unique_ptr<io::Stream> stream)
    : number(number_), core_(core), stream_(std::move(stream)), ping_policy_(core.options.keepalive_min_time) {
  stream_->set_handler(*this);
  last_read_ = core_.world.clock.now();
  core_.world.clock.arm(*this, last_read_ + core_.options.handshake_timeout);
}

Connection::~Connection() {
  ASSERT(stage_ == Stage::dead);
  ASSERT(!in_session_);
  session_.reset();  // before the calls: it points to them
  while (first_call_ != nullptr) core_.calls.give_back(std::unique_ptr<Call>(std::exchange(first_call_, first_call_->next)));
}

void Connection::die() {
  if (stage_ == Stage::dead) return;
  stage_ = Stage::dead;
  core_.world.clock.disarm(*this);
  for (Call* call = first_call_; call != nullptr; call = call->next) call->on_gone();
  if (http1_ != nullptr) http1_->on_gone();
  wake();
}

void Connection::wake() { core_.attention.flush_at_end_of_turn(*this); }

// --- input ---

void Connection::on_readable() {
  if (stage_ == Stage::dead) return;
  const io::ReadResult result = stream_->read(base::as_writable_bytes(core_.input));
  if (result.count > 0) {
    last_read_ = core_.world.clock.now();
    receive(std::string_view(core_.input).substr(0, result.count));
  }
  if (result.finished) {
    // Nobody waits for answers any more, except an HTTP/1 client that has said all it wanted.
    if (stage_ == Stage::http1) {
      http1_->on_end();
    } else if (stage_ != Stage::closing) {
      die();
    }
  }
  wake();
}

void Connection::receive(std::string_view bytes) {
  switch (stage_) {
    case Stage::opening:
      opening_.append(bytes);
      switch (detect_protocol(opening_)) {
        case Protocol::undecided: return;
        case Protocol::neither: return die();
        case Protocol::http1:
          start_http1();
          return http1_->receive(std::exchange(opening_, {}));
        case Protocol::http2:
          start_http2();
          return feed(std::exchange(opening_, {}));
      }
      return;
    case Stage::http2: return feed(bytes);
    case Stage::http1: return http1_->receive(bytes);
    case Stage::closing:
    case Stage::lingering:
    case Stage::dead: return;
  }
}

void Connection::start_http2() {
  ASSERT(stage_ == Stage::opening);
  nghttp2_session* session = nullptr;
  const int rv = nghttp2_session_server_new2(&session, core_.callbacks.get(), this, core_.option.get());
  ASSERT(rv == 0);
  session_.reset(session);
  submit_settings(*session_, {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, core_.options.concurrent_streams_max}, kStreamWindowBytes);
  stage_ = Stage::http2;
}

void Connection::start_http1() {
  ASSERT(stage_ == Stage::opening);
  stage_ = Stage::http1;
  http1_ = std::make_unique<Http1Session>(core_, *this, *stream_);
}

void Connection::feed(std::string_view bytes) {
  ASSERT(!in_session_);
  in_session_ = true;
  const ssize_t count = nghttp2_session_mem_recv(session_.get(), h2_bytes(bytes), bytes.size());
  in_session_ = false;
  if (count < 0) return die();  // a flood, or not even a preface: nothing can be said to such a client
  if (stage_ != Stage::http2) return;
  for (const std::int32_t stream_id : std::exchange(new_deadlines_, {})) {
    if (Call* const call = find(stream_id)) call->arm_deadline();
  }
}

void Connection::on_writable() { wake(); }

void Connection::on_closed(const base::Error&) { die(); }

// --- output ---

void Connection::flush() {
  switch (stage_) {
    case Stage::opening: return;
    case Stage::http2:
    case Stage::closing: return flush_http2();
    case Stage::http1: return flush_http1();
    case Stage::lingering:
    case Stage::dead: return;
  }
}

void Connection::flush_http2() {
  ASSERT(!in_session_);
  in_session_ = true;
  const SessionOutput::Flushed flushed = output_.flush(*session_, *stream_, core_.scratch);
  in_session_ = false;
  switch (flushed) {
    case SessionOutput::Flushed::failed: return die();
    case SessionOutput::Flushed::more: core_.attention.call_next_turn(*this); break;
    case SessionOutput::Flushed::blocked: break;
    case SessionOutput::Flushed::all:
      if (stage_ == Stage::closing || is_session_over()) return close_gently();
      break;
  }
  if (stage_ == Stage::http2 && is_session_over()) begin_closing();
  // A client that does not take its answers is not asked for more requests. One that takes bytes, but opens
  // no window for the streams, has to be read for the window's sake; its new calls are parked instead.
  const bool is_stuck = output_.is_blocked() && (has_too_much_output() || nghttp2_session_get_outbound_queue_size(session_.get()) > kWaitingFramesMax);
  stream_->pause_reading(is_stuck);
  if (!wanting_room_.empty() || (!parked_.empty() && !has_too_much_output())) core_.attention.call_next_turn(*this);
}

void Connection::flush_http1() {
  switch (http1_->flush()) {
    case Http1Session::Flushed::over: return close_gently();
    case Http1Session::Flushed::more: core_.attention.call_next_turn(*this); break;
    case Http1Session::Flushed::waiting: break;
  }
  if (const std::optional<base::Instant> deadline = http1_->deadline()) {
    core_.world.clock.arm(*this, *deadline);
  } else {
    core_.world.clock.disarm(*this);
  }
}

// After a GOAWAY, and without open calls: the rules were broken, or the drain is complete.
bool Connection::is_session_over() const { return nghttp2_session_want_read(session_.get()) == 0; }

void Connection::close_gently() {
  for (Call* call = first_call_; call != nullptr; call = call->next) call->on_gone();
  stage_ = Stage::lingering;
  stream_->pause_reading(false);
  stream_->finish();
  core_.world.clock.arm(*this, core_.world.clock.now() + kLingerTime);
}

void Connection::on_next_turn() {
  if (stage_ == Stage::http1) {
    http1_->on_next_turn();
    return wake();
  }
  if (stage_ != Stage::http2) return;
  // Calls that end meanwhile, here or on the wire, are simply no longer found.
  for (const std::int32_t stream_id : std::exchange(wanting_room_, {})) {
    if (Call* const call = find(stream_id)) call->give_room();
  }
  unpark_calls();
  wake();
}

void Connection::unpark_calls() {
  std::size_t count = 0;
  while (count < parked_.size() && !has_too_much_output()) {
    if (Call* const call = find(parked_[count++])) call->unpark();
  }
  parked_.erase(parked_.begin(), parked_.begin() + static_cast<std::ptrdiff_t>(count));
}

bool Connection::has_too_much_output() const { return queued_bytes_ + output_.unsent_bytes() > core_.options.output_bytes_max; }

void Connection::note_dequeued(std::size_t size) {
  ASSERT(size <= queued_bytes_);
  queued_bytes_ -= size;
}

void Connection::ask_room(Call& call) { wanting_room_.push_back(call.stream_id()); }

bool Connection::park(Call& call) {
  if (parked_.size() >= kParkedCallsMax) {
    // It has had no effect, and says so: the client may try it again.
    nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, call.stream_id(), NGHTTP2_REFUSED_STREAM);
    return false;
  }
  parked_.push_back(call.stream_id());
  return true;
}

// --- ending ---

void Connection::drain() {
  is_draining_ = true;
  switch (stage_) {
    case Stage::opening: return die();
    case Stage::http2: {
      // Calls that are on their way are still served: the client is warned first, and only once its
      // acknowledgement has come back are later calls refused (RFC 9113 §6.8).
      int rv = nghttp2_submit_shutdown_notice(session_.get());
      ASSERT(rv == 0);
      rv = nghttp2_submit_ping(session_.get(), NGHTTP2_FLAG_NONE, h2_bytes(kDrainPing));
      ASSERT(rv == 0);
      return wake();
    }
    case Stage::http1:
      http1_->drain();
      return wake();
    case Stage::closing:
    case Stage::lingering:
    case Stage::dead: return;
  }
}

void Connection::send_away(std::string_view reason) {
  const int rv = nghttp2_submit_goaway(session_.get(), NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(session_.get()),
                                       NGHTTP2_ENHANCE_YOUR_CALM, h2_bytes(reason), reason.size());
  ASSERT(rv == 0);
  begin_closing();
}

// The last words have been queued; a client that does not take them in time goes without.
void Connection::begin_closing() {
  stage_ = Stage::closing;
  core_.world.clock.arm(*this, core_.world.clock.now() + kLingerTime);
}

void Connection::on_timer() {
  switch (stage_) {
    case Stage::http2:
      if (has_settings_) return check_keepalive();
      return die();
    case Stage::http1:
      if (http1_->on_deadline()) return wake();
      return die();
    case Stage::opening:
    case Stage::closing:
    case Stage::lingering: return die();
    case Stage::dead: return;
  }
}

// The timer runs when there may be something to check, not at each read.
void Connection::check_keepalive() {
  const base::Instant now = core_.world.clock.now();
  const base::Instant due = last_read_ + core_.options.keepalive_interval;
  if (now < due) {
    has_pinged_ = false;
    return core_.world.clock.arm(*this, due);
  }
  if (has_pinged_) return die();
  has_pinged_ = true;
  const int rv = nghttp2_submit_ping(session_.get(), NGHTTP2_FLAG_NONE, h2_bytes(kKeepalivePing));
  ASSERT(rv == 0);
  wake();
  core_.world.clock.arm(*this, now + core_.options.keepalive_timeout);
}

// --- the session's callbacks ---

void Connection::on_call_begin(std::int32_t stream_id) {
  Call* const call = core_.calls.take().release();
  call->begin(*this, stream_id);
  call->previous = last_call_;
  call->next = nullptr;
  (last_call_ != nullptr ? last_call_->next : first_call_) = call;
  last_call_ = call;
  const int rv = nghttp2_session_set_stream_user_data(session_.get(), stream_id, call);
  ASSERT(rv == 0);
}

void Connection::on_call_end(Call& call) {
  call.on_gone();
  (call.previous != nullptr ? call.previous->next : first_call_) = call.next;
  (call.next != nullptr ? call.next->previous : last_call_) = call.previous;
  core_.calls.give_back(std::unique_ptr<Call>(&call));
}

Call* Connection::find(std::int32_t stream_id) {
  return static_cast<Call*>(nghttp2_session_get_stream_user_data(session_.get(), stream_id));
}

void Connection::on_ping(const nghttp2_ping& ping) {
  if (stage_ != Stage::http2) return;
  if ((ping.hd.flags & NGHTTP2_FLAG_ACK) == 0) {
    if (!ping_policy_.allow_ping(core_.world.clock.now(), first_call_ != nullptr)) send_away("too_many_pings");
    return;
  }
  if (!is_draining_ || h2_text(ping.opaque_data, sizeof ping.opaque_data) != kDrainPing) return;
  const int rv = nghttp2_submit_goaway(session_.get(), NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(session_.get()),
                                       NGHTTP2_NO_ERROR, nullptr, 0);
  ASSERT(rv == 0);
}

void Connection::on_reset() {
  if (stage_ == Stage::http2 && !reset_limiter_.allow_reset(core_.world.clock.now())) send_away("too_many_resets");
}

void Connection::on_frame_sent(const nghttp2_frame& frame) {
  if (frame.hd.type != NGHTTP2_HEADERS && frame.hd.type != NGHTTP2_DATA) return;
  ping_policy_.on_sent();
  // Answered before the client has sent everything: what is left of the request is not wanted (RFC 9113 §8.1).
  if ((frame.hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) return;
  const Call* const call = find(frame.hd.stream_id);
  if (call == nullptr || call->is_half_closed()) return;
  nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, frame.hd.stream_id, NGHTTP2_NO_ERROR);
}

void Connection::append_data(const std::uint8_t* frame_header, Call& call, std::size_t length) {
  output_.append_data(frame_header, call.front(length));
  call.pop(length);
}

}  // namespace rpc

#include "core/rpc/http1_session.h"

#include <utility>

#include "core/base/assert.h"
#include "core/base/bytes.h"
#include "core/base/release.h"
#include "core/rpc/connection.h"
#include "core/rpc/http1_answer.h"
#include "core/rpc/server_core.h"

namespace rpc {
namespace {

constexpr int kRequestsPerTurn = 16;
constexpr std::size_t kOutputBytesMax = 64U << 10U;  // beyond it the next request waits

}  // namespace

Http1Session::Http1Session(ServerCore& core, Connection& connection, io::Stream& stream)
    : core_(core), connection_(connection), stream_(stream), parser_(core.options.http), since_(core.world.clock.now()) {}

Http1Session::~Http1Session() { ASSERT(!is_serving_); }

// --- input ------------------------------------------------------------------------------------------

void Http1Session::receive(std::string_view bytes) {
  if (is_over_) return;
  input_.append(bytes);
  serve();
}

void Http1Session::on_end() {
  is_ended_ = true;
  serve();
}

bool Http1Session::may_serve() const { return !is_serving_ && !is_over_ && !input_.empty() && output_.size() <= kOutputBytesMax; }

void Http1Session::serve() {
  std::string_view rest = input_;
  for (int count = 0; count < kRequestsPerTurn && may_serve() && !rest.empty(); ++count) {
    parser_.feed(rest);
    if (parser_.is_refused()) {
      refuse(parser_.refusal());
    } else if (parser_.is_done()) {
      dispatch();
    } else if (parser_.take_continue()) {
      output_.append(kHttp1Continue);
    }
  }
  if (is_over_) rest = {};
  input_.erase(0, input_.size() - rest.size());
  if (input_.empty()) base::release(input_);
  note_phase();
}

// The handler may answer at once, and then the request is gone.
void Http1Session::dispatch() {
  is_serving_ = true;
  waiting_ = nullptr;
  if (core_.options.http_allows_options && request().method == "OPTIONS") return respond({});
  const auto page = core_.pages.find(request().path);
  if (page == core_.pages.end()) return respond(http_not_found());
  page->second->handle(*this);
  ASSERT(!is_serving_ || waiting_ != nullptr);
}

void Http1Session::on_gone() {
  is_over_ = true;
  if (!std::exchange(is_serving_, false)) return;
  std::exchange(waiting_, nullptr)->on_cancelled();
}

// --- output -----------------------------------------------------------------------------------------

void Http1Session::respond(HttpResponse response) {
  ASSERT(is_serving_);
  is_serving_ = false;
  waiting_ = nullptr;
  response.headers.insert(response.headers.begin(), core_.options.http_headers.begin(), core_.options.http_headers.end());
  answer(response, parser_.keeps_alive() && !is_draining_);
  parser_.reset();
  ++request_number_;
  connection_.wake();
}

void Http1Session::refuse(const HttpResponse& why) {
  ASSERT(!is_serving_);
  answer(why, false);
}

void Http1Session::answer(const HttpResponse& response, bool stays_open) {
  const bool is_request = parser_.is_done();
  const Http1Form form{!is_request || parser_.request().is_1_1, is_request && parser_.request().method == "HEAD", stays_open};
  append_http1(output_, response, form, core_.world.clock.wall_now());
  is_over_ = !stays_open;
}

void Http1Session::drain() {
  is_draining_ = true;
  if (!is_serving_) is_over_ = true;  // whatever has come of a request has had no effect
}

Http1Session::Flushed Http1Session::flush() {
  if (!output_.empty()) {
    const std::size_t count = stream_.write(base::as_bytes(output_));
    if (count > 0) since_ = core_.world.clock.now();
    output_.erase(0, count);
    if (output_.empty()) base::release(output_);
  }
  note_phase();
  const bool is_blocked = !output_.empty();
  stream_.pause_reading(is_blocked || (is_serving_ && !input_.empty()));
  if (is_blocked || is_serving_) return Flushed::waiting;
  if (is_over_ || (is_ended_ && input_.empty())) return Flushed::over;
  return input_.empty() ? Flushed::waiting : Flushed::more;
}

// --- patience ---------------------------------------------------------------------------------------

Http1Session::Phase Http1Session::phase() const {
  if (!output_.empty()) return Phase::answering;
  if (is_serving_) return Phase::serving;
  if (parser_.is_idle()) return Phase::idle;
  return parser_.is_in_head() ? Phase::head : Phase::body;
}

void Http1Session::note_phase() {
  if (phase() == phase_ && request_number_ == phase_request_) return;
  phase_ = phase();
  phase_request_ = request_number_;
  since_ = core_.world.clock.now();
}

std::optional<base::Instant> Http1Session::deadline() const {
  const HttpLimits& limits = core_.options.http;
  switch (phase_) {
    case Phase::idle: return since_ + limits.idle_timeout;
    case Phase::head: return since_ + limits.head_timeout;
    case Phase::body: return since_ + limits.body_timeout;
    case Phase::answering: return since_ + limits.answer_timeout;
    case Phase::serving: return std::nullopt;  // its handler knows how long that takes
  }
  ASSERT(false && "no other phase");
  return std::nullopt;
}

bool Http1Session::on_deadline() {
  if (phase_ != Phase::head && phase_ != Phase::body) return false;
  refuse(http_error(408, "408 Request Timeout"));
  return true;
}

}  // namespace rpc

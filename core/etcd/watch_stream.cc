#include "core/etcd/watch_stream.h"

#include <algorithm>
#include <utility>

#include "core/base/assert.h"
#include "core/base/mark.h"
#include "core/etcd/parse.h"
#include "storage/mvcc/key_range.h"

namespace etcd {

using etcdserverpb::WatchCreateRequest;

namespace {

constexpr std::string_view kEmptyRange = "mvcc: watcher range is empty";
constexpr std::string_view kDuplicateId = "mvcc: duplicate watch ID provided on the WatchStream";
constexpr std::uint64_t kFragmentOverheadBytes = 512U << 10U;  // what a response may exceed a request by

}  // namespace

WatchStream::WatchStream(ServiceContext& context, WatchHub& hub, LedStreams& led, rpc::StreamCall& call, std::uint64_t number,
                         WatchStreamOwner& owner)
    : context_(context), hub_(hub), call_(&call), number_(number), owner_(owner) {
  if (call.metadata("hasleader") == "true") led.add(*this);
}

WatchStream::~WatchStream() {
  for (const auto& watcher : watchers_) hub_.remove(*watcher.second);
  context_.world.clock.disarm(*this);
}

// --- what the client asks ---------------------------------------------------------------------------

void WatchStream::on_message(std::string_view message) {
  if (!parse(request_, message)) return finish(ErrorId::unmarshal_failed);
  switch (request_.request_union_case()) {
    case etcdserverpb::WatchRequest::kCreateRequest: return create(request_.create_request());
    case etcdserverpb::WatchRequest::kCancelRequest: return cancel(request_.cancel_request().watch_id());
    case etcdserverpb::WatchRequest::kProgressRequest: return tell_progress();
    case etcdserverpb::WatchRequest::REQUEST_UNION_NOT_SET: return;  // of a later version perhaps
  }
}

void WatchStream::create(const WatchCreateRequest& request) {
  std::string key = request.key().empty() ? std::string(1, '\0') : request.key();
  const bool is_open = request.range_end() == mvcc::kOpenEnd;
  if (!request.range_end().empty() && !is_open && key >= request.range_end()) return refuse(kEmptyRange);
  if (request.start_revision() < 0) return refuse(wire_error(ErrorId::compacted).text);
  if (request.watch_id() != 0 && watchers_.count(request.watch_id()) > 0) return refuse(kDuplicateId);
  const std::int64_t id = request.watch_id() != 0 ? request.watch_id() : free_id();
  WatchSink& sink = *this;
  auto watcher = std::make_unique<Watcher>(sink, id, std::move(key), request.range_end());
  for (const int filter : request.filters()) {
    if (filter == WatchCreateRequest::NOPUT) watcher->wants_puts = false;
    if (filter == WatchCreateRequest::NODELETE) watcher->wants_deletes = false;
  }
  watcher->wants_previous = request.prev_kv();
  watcher->may_fragment = request.fragment();
  watcher->wants_progress = request.progress_notify();
  watcher->start = request.start_revision();
  watcher->next = request.start_revision() == 0 ? context_.machine.store().current().next() : mvcc::revision_from(request.start_revision());
  WatchWords words;
  words.watch_id = id;
  words.is_created = true;
  send(words);
  hub_.add(*watcher);
  if (watcher->wants_progress && !is_armed()) arm();
  watchers_.emplace(id, std::move(watcher));
}

std::int64_t WatchStream::free_id() {
  while (watchers_.count(next_id_) > 0) ++next_id_;
  return next_id_++;
}

void WatchStream::refuse(std::string_view reason) {
  WatchWords words;
  words.watch_id = kWholeStream;
  words.is_created = true;
  words.is_canceled = true;
  words.cancel_reason = reason;
  send(words);
}

void WatchStream::cancel(std::int64_t id) {
  const auto found = watchers_.find(id);
  if (found == watchers_.end()) return;
  hub_.flush();  // what it was to hear of comes before
  hub_.remove(*found->second);
  watchers_.erase(found);
  WatchWords words;
  words.watch_id = id;
  words.is_canceled = true;
  send(words);
}

// --- progress ---------------------------------------------------------------------------------------

// Behind everything that the client has been sent, so it may take the revision for known.
void WatchStream::tell_progress() {
  if (watchers_.empty()) return;
  hub_.flush();
  const bool is_known = std::all_of(watchers_.begin(), watchers_.end(), [this](const auto& one) { return hub_.is_up_to_date(*one.second); });
  if (!is_known) return;
  WatchWords words;
  words.watch_id = kWholeStream;
  send(words);
}

void WatchStream::arm() {
  const base::Duration interval = context_.config.watch_progress_notify_interval;
  const auto more = static_cast<std::uint64_t>(interval.count() / 10 + 1);  // so that not all streams speak at once
  const std::uint64_t drawn = io::below(context_.world.random.draw("watch-progress", {number_}), more);
  context_.world.clock.arm(*this, context_.world.clock.now() + interval + base::Duration(static_cast<base::Duration::rep>(drawn)));
}

void WatchStream::on_timer() {
  hub_.flush();
  bool is_wanted = false;
  for (const auto& one : watchers_) {
    Watcher& watcher = *one.second;
    if (!watcher.wants_progress || watcher.state == Watcher::State::dead) continue;
    is_wanted = true;
    if (std::exchange(watcher.had_events, false) || !hub_.is_up_to_date(watcher)) continue;
    WatchWords words;
    words.watch_id = watcher.id;
    send(words);
  }
  if (is_wanted) arm();
}

// --- what it is told --------------------------------------------------------------------------------

bool WatchStream::has_room() const { return call_->queued_bytes() < context_.config.tuning.stream_queued_bytes_max; }

void WatchStream::on_room() { hub_.on_room(behind_); }

void WatchStream::send_events(const Watcher& watcher, mvcc::Revision at, const EventBatch& events) {
  ASSERT(!events.is_empty());
  std::size_t fragment_bytes_max = SIZE_MAX;
  if (watcher.may_fragment) fragment_bytes_max = static_cast<std::size_t>(context_.config.max_request_bytes + kFragmentOverheadBytes);
  for (std::size_t first = 0; first < events.count();) {
    head_.assign(hub_.header_at(at));
    const std::size_t count = fitting_events(events, first, head_.size(), fragment_bytes_max);
    WatchWords words;
    words.watch_id = watcher.id;
    words.is_fragment = first + count < events.count();
    append_words(head_, words);
    call_->send(head_, events.bytes(first, first + count));
    first += count;
  }
}

void WatchStream::send_compacted(const Watcher& watcher, mvcc::Revision compacted) {
  WatchWords words;
  words.watch_id = watcher.id;
  words.is_canceled = true;
  words.compact_revision = to_signed(compacted);
  send(mvcc::Revision(), words);
}

void WatchStream::send(mvcc::Revision at, const WatchWords& words) {
  head_.assign(hub_.header_at(at));
  append_words(head_, words);
  call_->send(head_);
}

// --- the end ----------------------------------------------------------------------------------------

void WatchStream::on_no_leader() {
  context_.world.observer.reached(base::Mark::watch_without_leader);
  finish(ErrorId::no_leader);
}

void WatchStream::finish(ErrorId id) {
  call_->finish(to_status(id));
  end();
}

void WatchStream::end() {
  call_ = nullptr;
  owner_.on_over(number_);
}

}  // namespace etcd

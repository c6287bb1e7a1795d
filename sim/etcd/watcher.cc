#include "sim/etcd/watcher.h"

#include <algorithm>
#include <utility>

#include "core/base/assert.h"
#include "core/etcd/parse.h"
#include "sim/etcd/watch_text.h"

namespace sim::etcd {

namespace {

constexpr std::string_view kWatchPath = "/etcdserverpb.Watch/Watch";
constexpr base::Duration kOpenAgainDelay = std::chrono::milliseconds(100);
constexpr base::Duration kAskEvery = std::chrono::seconds(2);
// Somebody who has to start again, or whom a stalled link keeps silent, is given up.
constexpr base::Duration kSilenceMax = std::chrono::seconds(5);
constexpr base::Duration kOnlyBrokenAfter = std::chrono::seconds(20);

std::vector<ScheduledWatchLine> by_time(std::vector<ScheduledWatchLine> lines) {
  std::stable_sort(lines.begin(), lines.end(), [](const ScheduledWatchLine& a, const ScheduledWatchLine& b) { return a.at < b.at; });
  return lines;
}

}  // namespace

Watcher::Watcher(const io::World& world, WatcherOptions options, const std::vector<ScheduledWatchLine>& lines, const KvOracle& answers,
                 WatchOracle& oracle)
    : world_(world), options_(std::move(options)), answers_(answers), oracle_(oracle) {
  ASSERT(!options_.servers.empty());
  const std::vector<ScheduledWatchLine> sorted = by_time(lines);
  lines_.assign(sorted.begin(), sorted.end());
  server_ = static_cast<std::size_t>(io::below(world_.random.draw("watcher-server", {}), options_.servers.size()));
}

Watcher::~Watcher() { world_.clock.disarm(*this); }

// --- what it does -----------------------------------------------------------------------------------

void Watcher::go_on() {
  const base::Instant now = world_.clock.now();
  oracle_.on_time(now.since_start());
  if (is_calm() && !std::exchange(has_seen_calm_, true) && options_.broken.count(static_cast<std::uint32_t>(server_)) > 0) go_elsewhere();
  while (!lines_.empty() && now >= base::Instant(lines_.front().at)) {
    const ScheduledWatchLine line = std::move(lines_.front());
    lines_.pop_front();
    do_line(line);
  }
  if (stream_ && unanswered_since_ && is_reading() && now >= *unanswered_since_ + kSilenceMax) go_elsewhere();
  if (!stream_ && !owns_.empty() && now >= open_again_at_) open();
  if (has_paused_ && is_reading()) {
    has_paused_ = false;
    if (stream_) channel_->pause_receiving(*this, false);
    if (unanswered_since_) unanswered_since_ = now;  // the answer may lie there
  }
  if (stream_) {
    for (auto& one : owns_) {
      if (!std::exchange(one.second.is_asked_for, true)) send_create(one.second.create, one.first);
    }
    if (now >= ask_again_at_) ask_whether_anybody_is_there();
  }
  base::Instant next = now + kAskEvery;
  if (!lines_.empty()) next = std::min(next, base::Instant(lines_.front().at));
  if (!stream_ && !owns_.empty()) next = std::min(next, open_again_at_);
  if (stream_) next = std::min(next, ask_again_at_);
  if (has_paused_) next = std::min(next, reads_at_);
  if (!has_seen_calm_) next = std::min(next, base::Instant(options_.faults_until));
  world_.clock.arm(*this, next);
}

void Watcher::do_line(const ScheduledWatchLine& scheduled) {
  const WatchLine& line = scheduled.line;
  switch (line.kind) {
    case WatchLineKind::create: return create(scheduled.number, line);
    case WatchLineKind::cancel: return cancel(line.number);
    case WatchLineKind::progress: {
      if (!stream_) return;
      etcdserverpb::WatchRequest request;
      request.mutable_progress_request();
      stream_->on_progress_request();
      return send(request);
    }
    case WatchLineKind::pause:
      reads_at_ = std::max(reads_at_, world_.clock.now() + line.lasting);
      has_paused_ = true;
      if (stream_) channel_->pause_receiving(*this, true);
      return;
    case WatchLineKind::move: return go_elsewhere();
  }
  ASSERT(false && "a kind outside the enumeration");
}

void Watcher::create(std::uint32_t number, const WatchLine& line) {
  Own& own = owns_[number];
  etcdserverpb::WatchCreateRequest& create = own.create;
  create.set_key(line.key);
  create.set_range_end(line.range_end);
  if (line.from) create.set_start_revision(std::max<std::int64_t>(1, answers_.revealed_revision() + *line.from));
  create.set_watch_id(line.id);
  create.set_prev_kv(line.prev_kv);
  if (line.no_puts) create.add_filters(etcdserverpb::WatchCreateRequest::NOPUT);
  if (line.no_deletes) create.add_filters(etcdserverpb::WatchCreateRequest::NODELETE);
  create.set_fragment(line.fragment);
  create.set_progress_notify(line.progress_notify);
  oracle_.want({options_.client, number});
  if (options_.listener != nullptr) options_.listener->on_asked({options_.client, number}, to_text(create));
}

// A smaller plan may have nothing of the kind any more.
void Watcher::cancel(std::uint32_t number) {
  const auto own = owns_.find(number);
  if (own == owns_.end() || own->second.is_unwanted) return;
  oracle_.unwant({options_.client, number});
  own->second.is_unwanted = true;
  if (own->second.id) return send_cancel(*own->second.id);
  if (!own->second.is_asked_for) forget(number, OperationEnd::answered, "wanted no more before anybody was asked");
}

void Watcher::forget(std::uint32_t number, OperationEnd end, const std::string& how) {
  oracle_.unwant({options_.client, number});
  owns_.erase(number);
  if (options_.listener != nullptr) options_.listener->on_ended({options_.client, number}, end, how);
}

// --- the stream -------------------------------------------------------------------------------------

void Watcher::open() {
  ASSERT(!stream_);
  rpc::ChannelOptions channel;
  if (options_.window_bytes) channel.stream_window_bytes = static_cast<std::size_t>(*options_.window_bytes);
  channel_ = std::make_unique<rpc::Channel>(world_, options_.servers[server_], channel, nullptr);
  stream_.emplace(oracle_, options_.client);
  rpc::CallOptions call;
  // Who is not told that there is no leader waits for one, perhaps on a member that nobody else sees.
  const bool wants_leader = is_calm() || io::below(world_.random.draw("watcher-wants-leader", {streams_}), 2) == 0;
  ++streams_;
  if (wants_leader) call.metadata.emplace_back("hasleader", "true");
  channel_->open_stream(kWatchPath, call, *this);
  if (has_paused_) channel_->pause_receiving(*this, true);
  ask_again_at_ = world_.clock.now();
}

void Watcher::close() {
  channel_.reset();
  stream_.reset();
  asked_.clear();
  numbers_.clear();
  unanswered_since_.reset();
  open_again_at_ = world_.clock.now() + kOpenAgainDelay;
  std::vector<std::uint32_t> unwanted;
  for (auto& [number, own] : owns_) {
    own.id.reset();
    own.is_asked_for = false;
    if (own.is_unwanted) unwanted.push_back(number);
  }
  for (const std::uint32_t number : unwanted) forget(number, OperationEnd::answered, "wanted no more, and its stream broke");
}

void Watcher::go_elsewhere() {
  close();
  const std::size_t count = options_.servers.size();
  if (count == 1) return;
  server_ = (server_ + 1 + static_cast<std::size_t>(io::below(world_.random.draw("watcher-next-server", {moves_++}), count - 1))) % count;
  // Where nobody else answers the group could not do without one of them, and none stayed broken.
  const base::Instant silent_since = std::max(base::Instant(options_.faults_until), heard_at_);
  if (options_.broken.size() >= count || world_.clock.now() >= silent_since + kOnlyBrokenAfter) return;
  while (is_calm() && options_.broken.count(static_cast<std::uint32_t>(server_)) > 0) server_ = (server_ + 1) % count;
}

void Watcher::send(const etcdserverpb::WatchRequest& request) { channel_->send(*this, request.SerializeAsString()); }

void Watcher::send_create(const etcdserverpb::WatchCreateRequest& create, std::optional<std::uint32_t> number) {
  etcdserverpb::WatchRequest request;
  *request.mutable_create_request() = create;
  asked_.push_back(number);
  stream_->on_create(number, create);
  send(request);
}

void Watcher::send_cancel(std::int64_t id) {
  etcdserverpb::WatchRequest request;
  request.mutable_cancel_request()->set_watch_id(id);
  stream_->on_cancel(id);
  send(request);
}

void Watcher::ask_whether_anybody_is_there() {
  const base::Instant now = world_.clock.now();
  ask_again_at_ = now + kAskEvery;
  if (unanswered_since_ || !is_reading()) return;
  unanswered_since_ = now;
  etcdserverpb::WatchCreateRequest nothing;
  nothing.set_key("b");
  nothing.set_range_end("a");
  send_create(nothing, std::nullopt);
}

void Watcher::on_status(const rpc::Status&) {
  go_elsewhere();
  go_on_soon();
}

// --- what it is told --------------------------------------------------------------------------------

void Watcher::on_message(std::string_view message) {
  etcdserverpb::WatchResponse response;
  if (!::etcd::parse(response, message)) {
    return oracle_.accuse(options_.client, std::nullopt, {}, {WatchGuarantee::written, "an answer cannot be read"});
  }
  stream_->on_response(response);
  if (response.created()) return on_created(response);
  const std::int64_t revision = response.header().revision();
  const auto number = numbers_.find(response.watch_id());
  if (number != numbers_.end() && response.canceled()) return on_canceled(number->second, response);
  if (response.watch_id() == -1 && response.events().empty()) {
    for (const auto& one : numbers_) note(owns_.at(one.second), revision + 1);
    return;
  }
  if (number == numbers_.end() || response.fragment()) return;  // of a part it does not know how much of its last revision it holds
  const std::int64_t next = 1 + (response.events().empty() ? revision : response.events(response.events_size() - 1).kv().mod_revision());
  note(owns_.at(number->second), next);
}

void Watcher::on_created(const etcdserverpb::WatchResponse& response) {
  if (asked_.empty()) return;
  heard_at_ = world_.clock.now();
  const std::optional<std::uint32_t> number = asked_.front();
  asked_.pop_front();
  if (!number) {
    unanswered_since_.reset();
    return;
  }
  Own& own = owns_.at(*number);
  if (response.canceled()) return forget(*number, OperationEnd::refused, response.cancel_reason());
  own.id = response.watch_id();
  numbers_[*own.id] = *number;
  if (own.create.start_revision() == 0) note(own, response.header().revision() + 1);
  if (own.is_unwanted) send_cancel(*own.id);
}

void Watcher::on_canceled(std::uint32_t number, const etcdserverpb::WatchResponse& response) {
  Own& own = owns_.at(number);
  numbers_.erase(response.watch_id());
  own.id.reset();
  if (own.is_unwanted || response.compact_revision() == 0) return forget(number, OperationEnd::answered, "cancelled");
  own.create.set_start_revision(response.compact_revision());
  own.is_asked_for = false;
  // The id stays taken until it is given back.
  if (own.create.watch_id() != 0) send_cancel(response.watch_id());
  go_on_soon();
}

// From here on it is to be told when its stream breaks.
void Watcher::note(Own& own, std::int64_t next_revision) {
  own.create.set_start_revision(std::max(own.create.start_revision(), next_revision));
}

}  // namespace sim::etcd

#include "apps/lockstep/bench_watch.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <vector>

#include "apps/lockstep/bench_process.h"
#include "apps/lockstep/bench_watch_ledger.h"
#include "apps/lockstep/precise_timer.h"
#include "core/api/kv.pb.h"
#include "core/api/watch.pb.h"
#include "core/rpc/client.h"

namespace lockstep {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::string_view kPrefix = "watch/";
constexpr std::string_view kPrefixEnd = "watch0";
constexpr base::Duration kQuietTime = std::chrono::seconds(3);  // until a server has put away what it does not need
constexpr unsigned kPastOutstanding = 100;

class WatchRun;

// One place for a put.
class PutPlace final : public rpc::ClientCall {
 public:
  explicit PutPlace(WatchRun& run) : run_(run) {}
  void on_message(std::string_view message) override;
  void on_status(const rpc::Status& status) override;

  std::uint64_t number = 0;
  Clock::time_point due;
  std::int64_t revision = 0;  // of the answer
  bool is_answered = false;

 private:
  WatchRun& run_;
};

// One stream with its watchers, which have the ids 1, 2, …
class WatchersStream final : public rpc::ClientCall {
 public:
  WatchersStream(WatchRun& run, rpc::Channel& its_channel, std::size_t first, std::size_t count)
      : channel(its_channel), first_watcher(first), watcher_count(count), run_(run) {}
  void on_message(std::string_view message) override;
  void on_status(const rpc::Status& status) override;

  rpc::Channel& channel;
  const std::size_t first_watcher;  // in the ledger
  const std::size_t watcher_count;

 private:
  WatchRun& run_;
};

// connecting -> (writing the past) -> creating -> (quiet) -> putting -> settling -> draining -> over
class WatchRun final : private rpc::ChannelListener, private io::Timer, private TimerHandler {
 public:
  WatchRun(BenchWorld& world, const WatchPlan& plan, IdleProbe* probe)
      : bench_(world), world_(world.real()), plan_(plan), probe_(probe), slow_watchers_(plan.slow_streams * watchers_of_stream(0)),
        ledger_({plan.first_number, plan.behind, plan.watchers, slow_watchers_, plan.behind > 0 ? std::size_t{1} : 0}),
        pacer_(world_.loop(), *this) {
    writer_ = &connect();
    for (unsigned i = 0; i < plan.connections; ++i) connect();
    std::size_t first = 0;
    for (unsigned i = 0; i < plan.streams; ++i) {
      add_stream(*channels_[1 + i % plan.connections], first, watchers_of_stream(i));
      first += watchers_of_stream(i);
    }
    if (plan.slow_streams > 0) {
      rpc::Channel& slow = connect();
      for (unsigned i = 0; i < plan.slow_streams; ++i) {
        add_stream(slow, first, watchers_of_stream(0));
        first += watchers_of_stream(0);
      }
    }
    if (plan.behind > 0) late_ = std::make_unique<WatchersStream>(*this, connect(), first, 1);
    const unsigned places = plan.behind > 0 ? std::max(plan.outstanding, kPastOutstanding) : plan.outstanding;
    for (unsigned i = 0; i < places; ++i) places_.push_back(std::make_unique<PutPlace>(*this));
    watch_for_stalls();
  }
  ~WatchRun() { world_.world().clock.disarm(*this); }

  base::Result<WatchResult> perform() {
    while (stage_ != Stage::over) {
      world_.run_turn(base::Duration(-1));
      if (bench_.is_interrupted()) fail(base::Code::unavailable, "interrupted");
    }
    if (failure_) return base::fail(*failure_);
    return std::move(result_);
  }

  void on_put_answer(PutPlace& place, std::string_view message) {
    if (!answer_.ParseFromArray(message.data(), static_cast<int>(message.size()))) ++result_.errors["an answer of a put could not be read"];
    place.revision = answer_.header().revision();
  }

  void on_put_end(PutPlace& place, const rpc::Status& status) {
    if (stage_ == Stage::over) return;
    ++progress_;
    const bool is_past = stage_ == Stage::writing_past;
    place.is_answered = true;
    ++answered_;
    if (status.code != rpc::StatusCode::ok) {
      if (is_past) return fail(base::Code::unavailable, "the past cannot be written: " + to_text(status));
      ++result_.errors[to_text(status)];
    } else {
      ledger_.on_answered(place.number, place.revision);
      if (is_past && (first_revision_ == 0 || place.revision < first_revision_)) first_revision_ = place.revision;
      if (!is_past) {
        result_.answered.add(Clock::now() - place.due);
        ++result_.puts;
      }
    }
    const bool is_over = is_past || status.code != rpc::StatusCode::ok || !plan_.until_told || ledger_.is_told_to_all(place.number);
    if (is_over) release(place);
    go_on();
  }

  void on_watch_message(WatchersStream& stream, std::string_view message) {
    if (stage_ == Stage::over) return;
    ++progress_;
    if (!told_.ParseFromArray(message.data(), static_cast<int>(message.size()))) return fail(base::Code::invalid, "a response of a watch could not be read");
    if (told_.canceled()) return fail(base::Code::unavailable, "a watcher was cancelled: " + told_.cancel_reason());
    if (told_.created()) ++created_;
    if (told_.events_size() > 0) {
      const auto id = static_cast<std::uint64_t>(told_.watch_id());
      if (id == 0 || id > stream.watcher_count) return fail(base::Code::invalid, "an event came for a watcher that is not there");
      const std::size_t watcher = stream.first_watcher + id - 1;
      const Clock::time_point now = Clock::now();
      if (ledger_.kind_of(watcher) == WatcherKind::live) ++result_.messages;
      for (const mvccpb::Event& event : told_.events()) {
        if (!ledger_.on_event(watcher, event.kv().mod_revision(), event.kv().value(), now) || !plan_.until_told) continue;
        PutPlace& place = *place_of_[ledger_.last_told() - plan_.first_number];
        if (place.is_answered && place.number == ledger_.last_told()) release(place);
      }
      if (result_.catch_up_seconds == 0 && plan_.behind > 0 && ledger_.deliveries(WatcherKind::late) >= plan_.behind) {
        result_.catch_up_seconds = std::chrono::duration<double>(now - begin_).count();
      }
    }
    go_on();
  }

  void on_watch_end(const rpc::Status& status) { fail(base::Code::unavailable, "a watch stream has ended: " + to_text(status)); }

 private:
  enum class Stage : std::uint8_t { connecting, writing_past, quiet_before, creating, quiet_after, putting, settling, draining, over };

  std::size_t watchers_of_stream(unsigned stream) const {
    return plan_.watchers / plan_.streams + (stream < plan_.watchers % plan_.streams ? 1 : 0);
  }
  rpc::Channel& connect() {
    rpc::ChannelListener* const listener = this;
    channels_.push_back(std::make_unique<rpc::Channel>(world_.world(), plan_.address, rpc::ChannelOptions{}, listener));
    return *channels_.back();
  }
  void add_stream(rpc::Channel& channel, std::size_t first, std::size_t count) {
    streams_.push_back(std::make_unique<WatchersStream>(*this, channel, first, count));
  }

  void on_connected() override {
    if (++connected_ != channels_.size() || stage_ != Stage::connecting) return;
    if (plan_.behind > 0) {
      stage_ = Stage::writing_past;
      for (unsigned i = 0; i < kPastOutstanding; ++i) idle_.push_back(places_[i].get());
      return start_due();
    }
    if (probe_ == nullptr) return create_watchers();
    stage_ = Stage::quiet_before;
    wait_for_quiet();
  }
  void on_disconnected(const base::Error& why) override {
    fail(base::Code::io, (stage_ == Stage::connecting ? "cannot connect to " : "lost the connection to ") + to_text(plan_.address) + ": " + why.detail);
  }
  void on_due() override { start_due(); }
  void on_timer() override {
    if (stage_ == Stage::quiet_before) {
      probe_->on_before();
      create_watchers();
    } else if (stage_ == Stage::quiet_after) {
      probe_->on_after();
      begin();
    } else if (progress_ == progress_at_look_) {
      // Events that never come are what the check is for: it says so at the end.
      if (stage_ >= Stage::putting && started_ == answered_) return finish();
      return fail(base::Code::unavailable, to_text(plan_.address) + " has answered nothing for too long");
    }
    if (stage_ != Stage::over) watch_for_stalls();
  }
  void watch_for_stalls() {
    progress_at_look_ = progress_;
    world_.world().clock.arm(*this, world_.world().clock.now() + plan_.stall_timeout);
  }
  void wait_for_quiet() { world_.world().clock.arm(*this, world_.world().clock.now() + kQuietTime); }

  void create_watchers() {
    stage_ = Stage::creating;
    for (const auto& stream : streams_) create_on(*stream, 0);
  }
  void create_on(WatchersStream& stream, std::int64_t start_revision) {
    stream.channel.open_stream("/etcdserverpb.Watch/Watch", {}, stream);
    etcdserverpb::WatchRequest request;
    etcdserverpb::WatchCreateRequest& create = *request.mutable_create_request();
    create.set_key(std::string(kPrefix));
    create.set_range_end(std::string(kPrefixEnd));
    create.set_start_revision(start_revision);
    for (std::size_t i = 1; i <= stream.watcher_count; ++i) {
      create.set_watch_id(static_cast<std::int64_t>(i));
      stream.channel.send(stream, request.SerializeAsString());
    }
  }

  void begin() {
    stage_ = Stage::putting;
    for (const auto& stream : streams_) {
      if (is_slow(*stream)) stream->channel.pause_receiving(*stream, true);
    }
    idle_.clear();
    for (unsigned i = 0; i < plan_.outstanding; ++i) idle_.push_back(places_[i].get());
    result_.server_cpu_seconds = -process_cpu_seconds(plan_.pid).value_or(0);
    result_.client_cpu_seconds = -own_cpu_seconds();
    begin_ = Clock::now();
    if (late_ != nullptr) create_on(*late_, first_revision_);
    start_due();
  }
  bool is_slow(const WatchersStream& stream) const { return ledger_.kind_of(stream.first_watcher) == WatcherKind::slow; }

  std::uint64_t last_to_start() const { return stage_ == Stage::writing_past ? plan_.behind : plan_.behind + plan_.puts; }

  void start_due() {
    if (stage_ != Stage::putting && stage_ != Stage::writing_past) return;
    while (!idle_.empty() && started_ < last_to_start()) {
      const Clock::time_point now = Clock::now();
      Clock::time_point since = now;
      if (plan_.rate > 0 && stage_ == Stage::putting) {
        const double seconds = static_cast<double>(started_ - plan_.behind) / plan_.rate;
        since = begin_ + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
        if (since > now) return pacer_.arm(since);
      }
      PutPlace& place = *idle_.back();
      idle_.pop_back();
      place.number = plan_.first_number + started_++;
      place.due = since;
      place.is_answered = false;
      place_of_.push_back(&place);
      ledger_.on_sent(place.number, now);
      const std::string digits = std::to_string(place.number % plan_.key_space);
      put_.set_key(std::string(kPrefix) + std::string(plan_.key_bytes - digits.size(), '0') + digits);
      put_.set_value(put_value(place.number, plan_.value_bytes));
      writer_->unary("/etcdserverpb.KV/Put", put_.SerializeAsString(), {}, place);
    }
  }

  // Free for the next put.
  void release(PutPlace& place) {
    place.is_answered = false;
    idle_.push_back(&place);
    start_due();
  }

  // What has just come may have been the last of a stage.
  void go_on() {
    switch (stage_) {
      case Stage::connecting:
      case Stage::quiet_before:
      case Stage::quiet_after:
      case Stage::over: return;
      case Stage::writing_past:
        if (answered_ == plan_.behind) create_watchers();
        return;
      case Stage::creating:
        if (created_ != plan_.watchers + slow_watchers_) return;
        if (probe_ == nullptr) return begin();
        stage_ = Stage::quiet_after;
        return wait_for_quiet();
      case Stage::putting:
        if (answered_ != plan_.behind + plan_.puts) return;
        stage_ = Stage::settling;
        [[fallthrough]];
      case Stage::settling:
        if (!ledger_.is_complete(WatcherKind::live)) return;
        measure();
        stage_ = Stage::draining;
        for (const auto& stream : streams_) {
          if (is_slow(*stream)) stream->channel.pause_receiving(*stream, false);
        }
        [[fallthrough]];
      case Stage::draining:
        if (ledger_.is_complete(WatcherKind::slow) && ledger_.is_complete(WatcherKind::late)) finish();
        return;
    }
  }

  void measure() {
    result_.seconds = std::chrono::duration<double>(Clock::now() - begin_).count();
    result_.client_cpu_seconds += own_cpu_seconds();
    const std::optional<double> cpu = process_cpu_seconds(plan_.pid);
    result_.server_cpu_seconds = cpu ? result_.server_cpu_seconds + *cpu : 0;
  }

  void finish() {
    if (stage_ != Stage::draining) measure();
    stage_ = Stage::over;
    ledger_.check();
    result_.told = ledger_.latency();
    result_.deliveries = ledger_.deliveries(WatcherKind::live);
    for (const auto& error : ledger_.errors()) result_.errors[error.first] += error.second;
  }

  void fail(base::Code code, std::string why) {
    if (stage_ != Stage::over) failure_ = base::Error{code, std::move(why)};
    stage_ = Stage::over;
  }

  BenchWorld& bench_;
  io::real::RealWorld& world_;
  const WatchPlan plan_;
  IdleProbe* const probe_;  // null: nobody looks
  const std::size_t slow_watchers_;
  WatchLedger ledger_;
  PreciseTimer pacer_;
  // Channels go before the calls that they hold.
  std::vector<std::unique_ptr<PutPlace>> places_;
  std::vector<std::unique_ptr<WatchersStream>> streams_;  // live ones, then slow ones
  std::unique_ptr<WatchersStream> late_;
  std::vector<std::unique_ptr<rpc::Channel>> channels_;
  rpc::Channel* writer_ = nullptr;
  std::vector<PutPlace*> idle_;
  std::vector<PutPlace*> place_of_;  // of each put
  etcdserverpb::PutRequest put_;
  etcdserverpb::PutResponse answer_;
  etcdserverpb::WatchResponse told_;
  Stage stage_ = Stage::connecting;
  std::size_t connected_ = 0;
  std::uint64_t created_ = 0;
  std::int64_t first_revision_ = 0;  // of the past; 0: none yet
  Clock::time_point begin_;
  std::uint64_t started_ = 0;
  std::uint64_t answered_ = 0;  // invariant: answered_ <= started_
  std::uint64_t progress_ = 0;  // everything that the server has sent
  std::uint64_t progress_at_look_ = 0;
  std::optional<base::Error> failure_;
  WatchResult result_;
};

void PutPlace::on_message(std::string_view message) { run_.on_put_answer(*this, message); }
void PutPlace::on_status(const rpc::Status& status) { run_.on_put_end(*this, status); }
void WatchersStream::on_message(std::string_view message) { run_.on_watch_message(*this, message); }
void WatchersStream::on_status(const rpc::Status& status) { run_.on_watch_end(status); }

}  // namespace

base::Result<WatchResult> run_watch(BenchWorld& world, const WatchPlan& plan) {
  WatchRun run(world, plan, nullptr);
  return run.perform();
}

base::Result<WatchResult> run_idle_watch(BenchWorld& world, const WatchPlan& plan, IdleProbe& probe) {
  WatchRun run(world, plan, &probe);
  return run.perform();
}

}  // namespace lockstep

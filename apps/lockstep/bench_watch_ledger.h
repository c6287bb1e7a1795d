// apps/lockstep/bench_watch_ledger.h: what the watchers of a load have to be told, and what each was told.
//
// Puts are numbered, and a value begins with the number of its put, so an event says which put it is of, however late it comes. Each put
// is a revision. A watcher whose revisions only rise, whose events are all of puts of this run, and whose count and sum are those of the answered
// puts, was told everything exactly once and in order; anything else is an error of the run.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "apps/lockstep/histogram.h"

namespace lockstep {

// Live ones read all the time; slow ones read nothing while puts go on; the late one begins with the puts before the run.
enum class WatcherKind : std::uint8_t { live, slow, late };

// The first bytes of a value.
constexpr std::size_t kPutNumberBytes = 16;
std::string put_value(std::uint64_t number, std::size_t value_bytes);

class WatchLedger {
 public:
  using Clock = std::chrono::steady_clock;

  struct Plan {
    std::uint64_t first_number = 0;
    std::uint64_t past_puts = 0;  // before the watchers began: for the late one alone
    std::size_t live = 0;         // how many watchers
    std::size_t slow = 0;
    std::size_t late = 0;
  };
  explicit WatchLedger(const Plan& plan) : plan_(plan), watchers_(plan.live + plan.slow + plan.late) {}

  // Puts come one number after the other, from first_number on.
  void on_sent(std::uint64_t number, Clock::time_point at);
  void on_answered(std::uint64_t number, std::int64_t revision);
  // Watchers stand in the order live, slow, late. True: it was the last live one to be told of that put, whose number is in `last_told`.
  bool on_event(std::size_t watcher, std::int64_t revision, std::string_view value, Clock::time_point now);
  std::uint64_t last_told() const { return last_told_; }
  bool is_told_to_all(std::uint64_t number) const { return puts_[number - plan_.first_number].told == plan_.live; }

  WatcherKind kind_of(std::size_t watcher) const;
  // As many events as there are answered puts for all watchers of a kind. Whether they were the right ones is for check() to say.
  bool is_complete(WatcherKind kind) const;
  // Events that counted, of all watchers of a kind.
  std::uint64_t deliveries(WatcherKind kind) const { return deliveries_[static_cast<std::size_t>(kind)]; }
  // Adds an error for each watcher that was not told exactly the answered puts.
  void check();

  const Histogram& latency() const { return latency_; }  // of live watchers, from when a put was sent
  const std::map<std::string, std::uint64_t>& errors() const { return errors_; }

 private:
  // Which events, whatever their order.
  struct Sum {
    std::uint64_t count = 0;
    std::uint64_t digest = 0;
    void add(std::uint64_t number, std::int64_t revision);
    friend bool operator==(const Sum&, const Sum&) = default;
  };
  struct Put {
    Clock::time_point sent;
    std::size_t told = 0;  // how many live watchers
  };
  struct WatcherState {
    std::int64_t revision = 0;  // of the last event
    Sum told;
  };
  bool is_past(std::uint64_t number) const { return number - plan_.first_number < plan_.past_puts; }
  Sum expected(WatcherKind kind) const;

  const Plan plan_;
  std::vector<Put> puts_;  // by number, from first_number on
  std::vector<WatcherState> watchers_;
  Sum past_;     // of the answered puts before the run
  Sum present_;  // and of the others
  std::uint64_t deliveries_[3] = {0, 0, 0};
  std::uint64_t last_told_ = 0;
  Histogram latency_;
  std::map<std::string, std::uint64_t> errors_;
};

}  // namespace lockstep

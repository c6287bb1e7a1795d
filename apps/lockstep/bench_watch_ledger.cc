#include "apps/lockstep/bench_watch_ledger.h"

#include <charconv>
#include <optional>

#include "core/base/assert.h"

namespace lockstep {

namespace {

std::optional<std::uint64_t> number_of_put(std::string_view value) {
  std::uint64_t number = 0;
  if (value.size() < kPutNumberBytes) return std::nullopt;
  const auto [end, error] = std::from_chars(value.data(), value.data() + kPutNumberBytes, number);
  return error == std::errc() && end == value.data() + kPutNumberBytes ? std::optional(number) : std::nullopt;
}

}  // namespace

std::string put_value(std::uint64_t number, std::size_t value_bytes) {
  ASSERT(value_bytes >= kPutNumberBytes);
  const std::string digits = std::to_string(number);
  ASSERT(digits.size() <= kPutNumberBytes);
  std::string value(kPutNumberBytes - digits.size(), '0');
  value += digits;
  for (std::size_t i = kPutNumberBytes; i < value_bytes; ++i) value += static_cast<char>('!' + (number * 31 + i * 7) % 94);
  return value;
}

void WatchLedger::Sum::add(std::uint64_t number, std::int64_t revision) {
  ++count;
  std::uint64_t mixed = (number + 1) * 0x9e3779b97f4a7c15U ^ static_cast<std::uint64_t>(revision) * 0xd1342543de82ef95U;
  mixed = (mixed ^ (mixed >> 29U)) * 0xbf58476d1ce4e5b9U;
  digest += mixed ^ (mixed >> 32U);
}

void WatchLedger::on_sent(std::uint64_t number, Clock::time_point at) {
  ASSERT(number == plan_.first_number + puts_.size());
  puts_.push_back({at, 0});
}

void WatchLedger::on_answered(std::uint64_t number, std::int64_t revision) {
  ASSERT(number - plan_.first_number < puts_.size());
  (is_past(number) ? past_ : present_).add(number, revision);
}

WatcherKind WatchLedger::kind_of(std::size_t watcher) const {
  ASSERT(watcher < watchers_.size());
  if (watcher < plan_.live) return WatcherKind::live;
  return watcher < plan_.live + plan_.slow ? WatcherKind::slow : WatcherKind::late;
}

bool WatchLedger::on_event(std::size_t watcher, std::int64_t revision, std::string_view value, Clock::time_point now) {
  const WatcherKind kind = kind_of(watcher);
  WatcherState& state = watchers_[watcher];
  const std::optional<std::uint64_t> number = number_of_put(value);
  if (!number || *number < plan_.first_number || *number - plan_.first_number >= puts_.size() || (is_past(*number) && kind != WatcherKind::late)) {
    ++errors_["an event is of no put that this watcher should see"];
    return false;
  }
  if (revision <= state.revision) {
    ++errors_["an event came twice or out of order"];
    return false;
  }
  state.revision = revision;
  state.told.add(*number, revision);
  ++deliveries_[static_cast<std::size_t>(kind)];
  if (kind != WatcherKind::live) return false;
  Put& put = puts_[*number - plan_.first_number];
  latency_.add(now - put.sent);
  last_told_ = *number;
  return ++put.told == plan_.live;
}

WatchLedger::Sum WatchLedger::expected(WatcherKind kind) const {
  Sum out = present_;
  if (kind != WatcherKind::late) return out;
  out.count += past_.count;
  out.digest += past_.digest;
  return out;
}

bool WatchLedger::is_complete(WatcherKind kind) const {
  const std::size_t count = kind == WatcherKind::live ? plan_.live : kind == WatcherKind::slow ? plan_.slow : plan_.late;
  return deliveries(kind) >= count * expected(kind).count;
}

void WatchLedger::check() {
  for (std::size_t i = 0; i < watchers_.size(); ++i) {
    if (watchers_[i].told != expected(kind_of(i))) ++errors_["a watcher was not told of every put exactly once"];
  }
}

}  // namespace lockstep

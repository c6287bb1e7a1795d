#include "core/raft/progress.h"

#include <algorithm>

#include "core/base/assert.h"

namespace raft {

bool Progress::is_paused(const FlowLimits& limits) const {
  switch (state_) {
    case State::probing: return is_probe_sent_;
    case State::pipelining:
      return in_flight_.size() >= limits.in_flight_appends_max || in_flight_bytes_ >= limits.in_flight_bytes_max;
    case State::snapshot: return true;
  }
  return true;
}

void Progress::on_sent(base::LogIndex last, std::uint64_t bytes, base::LogIndex committed) {
  ASSERT(state_ != State::snapshot);
  commit_sent_ = std::max(commit_sent_, committed);
  if (state_ == State::probing) {
    is_probe_sent_ = true;
    return;
  }
  if (last < next_) return;  // no entries: the commit index alone
  next_ = last.next();
  in_flight_.push_back({last, bytes});
  in_flight_bytes_ += bytes;
}

bool Progress::on_accepted(base::LogIndex matched) {
  const bool is_news = matched > matched_;
  matched_ = std::max(matched_, matched);
  next_ = std::max(next_, matched_.next());
  while (!in_flight_.empty() && in_flight_.front().last <= matched) {
    in_flight_bytes_ -= in_flight_.front().bytes;
    in_flight_.pop_front();
  }
  if (state_ == State::probing) {
    state_ = State::pipelining;
    is_probe_sent_ = false;
    next_ = matched_.next();
  }
  return is_news;
}

bool Progress::on_rejected(base::LogIndex rejected, base::LogIndex agreed) {
  if (state_ == State::pipelining) {
    if (rejected <= matched_) return false;  // it has that by now
    become_probing();
    return true;
  }
  // A probe is rejected at the place where it was sent, or long ago.
  if (state_ == State::snapshot || rejected.next() != next_) return false;
  is_probe_sent_ = false;
  if (rejected != matched_ || matched_ == base::LogIndex()) {
    next_ = std::max(std::min(rejected, agreed.next()), matched_.next());
    return true;
  }
  // It lacks what it had acknowledged: its disk has lost it, which is not for raft to mend, but it gets it again. This may also be the late
  // answer to a probe of before it had that; then it gets it twice.
  next_ = std::min(rejected, agreed.next());
  matched_ = next_.previous();
  return true;
}

void Progress::on_unreachable() {
  if (state_ == State::pipelining) become_probing();
}

void Progress::become_probing() {
  state_ = State::probing;
  next_ = matched_.next();
  is_probe_sent_ = false;
  in_flight_.clear();
  in_flight_bytes_ = 0;
}

void Progress::become_snapshot() {
  become_probing();
  state_ = State::snapshot;
}

void Progress::on_snapshot_over() {
  if (state_ != State::snapshot) return;
  become_probing();
  is_probe_sent_ = true;
}

void Progress::leave_snapshot() {
  if (state_ == State::snapshot) become_probing();
}

}  // namespace raft

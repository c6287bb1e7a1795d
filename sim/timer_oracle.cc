#include "sim/timer_oracle.h"

namespace sim {

namespace {
constexpr base::Duration kBeginning = std::chrono::seconds(8);

// As much of a member's time as certainly passed on it: its clock may run fast by a fifth.
base::Duration true_time(base::Duration local) { return local * 4 / 5; }

std::string milliseconds(base::Duration time) { return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(time).count()) + " ms"; }
}  // namespace

void TimerOracle::on_start(std::string_view name) { members_[std::string(name)] = {truth_.now(), std::nullopt}; }

void TimerOracle::on_event(std::string_view name, const io::Event& event) {
  const auto* vote = std::get_if<io::VoteGiven>(&event);
  const auto* taken = std::get_if<io::PartTaken>(&event);
  if (least_ == base::Duration::zero() || (vote == nullptr && taken == nullptr)) return;
  Member& member = members_.find(name)->second;
  const base::Duration now = truth_.now();
  if (vote != nullptr) {
    member.voted = now;
    return;
  }
  const bool is_sooner = member.voted && now - *member.voted < true_time(least_);
  if (taken->part == io::Part::candidate && is_sooner && !taken->is_asked && now - member.started > kBeginning) {
    findings_.safety(kName, "member " + std::string(name) + " campaigned " + milliseconds(now - *member.voted) +
                                " after it had given its vote to another, and waits " + milliseconds(least_) + " at least");
  }
  if (taken->part != io::Part::follower || taken->leader != base::MemberId::none) member.voted.reset();
}

}  // namespace sim

// sim/timer_oracle.h: who gives a vote gives the candidate time (Raft §5.2).
//
// A member that voted for another campaigns no sooner than an election timeout later, unless its leader asks it to (thesis §3.10):
// else elections get in each other's way. Members in their first seconds are let alone, for they may shorten their first timeout.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "core/base/time.h"
#include "sim/oracle.h"

namespace sim {

class TimerOracle final : public Oracle {
 public:
  static constexpr std::string_view kName = "election timer";
  // `least`: that a member waits, on its own clock; zero: nothing is known. All references outlive the oracle.
  TimerOracle(const Truth& truth, base::Duration least, Findings& findings) : truth_(truth), least_(least), findings_(findings) {}

  void on_start(std::string_view member) override;
  void on_event(std::string_view member, const io::Event& event) override;

 private:
  struct Member {
    base::Duration started{};
    std::optional<base::Duration> voted;  // for another, and has not heard of a leader since; in this incarnation
  };

  const Truth& truth_;
  const base::Duration least_;
  Findings& findings_;
  std::map<std::string, Member, std::less<>> members_;
};

}  // namespace sim

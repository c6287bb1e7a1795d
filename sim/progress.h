// sim/progress.h: what has to be well again when the faults have ended, how soon, and the oracle of that.
//
// A bound is what the worst case adds up to, and well above what the slowest of a few hundred seeds took (`sim` prints it): it may
// break for a mistake, never for bad luck.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/time.h"
#include "sim/verdict.h"

namespace sim {

enum class Milestone : std::uint8_t {
  leader,    // all who recovered follow the same one, and it serves
  answered,  // nobody waits for an answer
  changed,   // no change of the group that was begun is left half done
  equal,     // then: all who recovered have applied all that is committed, and with that have the same state (StateOracle)
};
inline constexpr std::size_t kMilestoneCount = 4;

struct Bound {
  std::string_view name;
  base::Duration within;  // since the faults ended; of the last one since the others were reached
};
inline constexpr std::array<Bound, kMilestoneCount> kBounds = {{
    // Who hangs and leads does not notice before somebody wants something written, and clients may begin to after ten seconds. Then a
    // handful of elections, of two seconds at most each.
    {"leader", std::chrono::seconds(20)},
    // A client begins to ask for the last time ten seconds after the faults, and may come to each of seven machines before it finds one that
    // serves: each that is broken, or left, costs it up to eight seconds of patience. In runs that end before, their end is the bound.
    {"answered", std::chrono::seconds(75)},
    // An operator ends what it began: perhaps a list, a removal, an addition and a promotion, each with timeouts like a client's.
    {"changed", std::chrono::seconds(45)},
    // Who needs a snapshot gets one of a few hundred kilobytes over a sound link and replays what came meanwhile, after up to three others
    // that are cut off have kept the leader's two places for snapshots, until nothing has been heard of them for eight seconds each.
    {"equal", std::chrono::seconds(35)},
}};

// A member that has to start again reads its files, asks the others whether they know it, and makes itself known: each takes a
// second at most, with elections in between.
inline constexpr base::Duration kReadyWithin = std::chrono::seconds(5);
// What was committed this long before the end has reached every member that recovered: as `equal`, for those who stay behind later.
inline constexpr base::Duration kCaughtUpWithin = std::chrono::seconds(10);

class Progress {
 public:
  static constexpr std::string_view kName = "progress";
  explicit Progress(Findings& findings) : findings_(findings) {}

  // All faults have ended.
  void begin(base::Duration now) { calm_since_ = now; }
  // What is in the way of a milestone, now; empty: it is reached, for good. Asked again and again until then. Requires: begin().
  void on_look(base::Duration now, Milestone milestone, std::string obstacle, Subject subject = {});
  // Nobody will look again: the run ends.
  void on_last_look(Milestone milestone, std::string obstacle, Subject subject = {});

  bool is_reached(Milestone milestone) const { return reached_[static_cast<std::size_t>(milestone)].has_value(); }
  bool is_to_look(Milestone milestone) const;  // what has to come before it was reached, and it was not
  // How long it took; nothing: it was not reached.
  std::optional<base::Duration> took(Milestone milestone) const { return reached_[static_cast<std::size_t>(milestone)]; }

 private:
  base::Duration since(Milestone milestone) const;
  void stuck(Milestone milestone, std::string obstacle, Subject subject);

  Findings& findings_;
  base::Duration calm_since_{};
  std::array<std::optional<base::Duration>, kMilestoneCount> reached_;
};

}  // namespace sim

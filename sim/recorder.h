// sim/recorder.h: writes the story of a run down while it happens.
//
// There only when somebody wants the story. It asks no decision and touches nothing, so the run is the same with it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "io/observer.h"
#include "io/sim/simulation.h"
#include "sim/conversations.h"
#include "sim/plan.h"
#include "sim/story.h"

namespace sim {

class Recorder final : public OperationListener, private TurnCounter {
 public:
  // All references outlive it; `teller` may be null. From now on it hears the wire of the simulation.
  Recorder(io::sim::Simulation& sim, Teller* teller);
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  // Members first.
  void add_machine(io::sim::Node& node, bool is_member);

  void on_event(std::uint32_t member, const io::Event& event);
  void on_process(std::uint32_t member, StoryKind what, std::string text = {});
  // It has begun; a crash is the process's. `members`: how many lanes are those of members.
  void on_action(const Action& action, std::uint32_t members);
  void on_broken(const Broken& broken);
  // All actions that have begun end.
  void on_calm();
  void on_turn_end();

  void on_asked(const OperationName& operation, std::string what) override;
  void on_ended(const OperationName& operation, OperationEnd end, std::string answer) override;

  Story take(const Verdict& verdict, const Subject& subject);

 private:
  std::uint64_t turn() const override { return sim_.turns().count() + 1; }
  StoryMoment now() const { return {sim_.now().since_start(), turn()}; }
  std::int32_t lane_of(base::MemberId id) const;
  void name_members();
  void add(std::uint32_t lane, StoryKind kind, base::EntryId entry, std::int32_t other = kNoLane, std::string text = {});

  io::sim::Simulation& sim_;
  Teller* const teller_;
  Conversations conversations_;
  Story story_;
  std::vector<io::sim::Node*> nodes_;
  std::vector<std::size_t> log_lines_;                  // of each machine, written down
  std::map<std::uint64_t, std::uint32_t> lane_by_key_;  // of the machines, by the node's key
  std::map<base::MemberId, std::uint32_t> lane_by_id_;  // where the member was seen last
  std::map<OperationName, std::size_t> open_;           // operations that have not ended
  io::sim::FaultCounters counted_;
};

}  // namespace sim

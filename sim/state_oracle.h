// sim/state_oracle.h: the same log leaves the same state, and a store comes back with what it promised.
//
// Every applied entry has a hash of its effect and leaves a hash of all rows. Whoever applies that entry
// again, another member or the same one after a restart, must say the same; and a store that is opened must
// hold exactly the rows of the index that it names, at or above its last durable mark. So must one that came as a snapshot, and
// it brings its member forward; and what a member sends as one is what it says, so nobody has a reason to refuse it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "sim/oracle.h"

namespace sim {

class StateOracle final : public Oracle {
 public:
  static constexpr std::string_view kName = "state hash";
  explicit StateOracle(Findings& findings) : findings_(findings) {}

  void on_start(std::string_view member) override;
  void on_event(std::string_view member, const io::Event& event) override;
  void on_wipe(std::string_view member) override;
  void on_rot(std::string_view member);  // a bit of its store has changed

  base::LogIndex applied(std::string_view member) const;  // as it said last

 private:
  struct Known {
    base::Hash128 effect;
    base::Hash128 state;
  };
  struct Member {
    base::LogIndex applied;
    base::StoreMark durable;  // as the store's own sync made it
    base::StoreMark logged;   // the newest that is certainly durable in the log too
    bool is_mark_on_its_way = false;
    int syncs = 0;  // of the log since `durable` moved
    bool has_rotted = false;
  };

  Member& member(std::string_view name);
  void on_applied(std::string_view name, Member& member, const io::Applied& applied);
  void on_recovered(std::string_view name, Member& member, const io::Recovered& recovered);
  void on_durable(std::string_view name, Member& member, const base::StoreMark& mark);
  void on_installed(std::string_view name, Member& member, const io::Installed& installed);
  void on_refused(std::string_view name, const io::SnapshotRefused& refused);
  static void on_log_synced(Member& member);

  Findings& findings_;
  std::map<std::string, Member, std::less<>> members_;
  std::vector<Known> known_;  // of log index 1 and up
};

}  // namespace sim

// sim/etcd/roster.h: what the administrators of a run have written down: which member each machine is there for.
//
//   idle -> started for a member -> identified -> has served -> gone (the group goes on without that member) -> started for another …
//
// A machine is started once for each member, with an empty disk: a member that came back without its log would have forgotten what it
// promised. Until it has served it may be started with a newer list of the group by whoever restarts processes, for the group may have
// changed since. Who it is shows when it has joined, and may be another than was meant: the group may have changed, and whom it asked may lag.
//
// A member is moved to another peer URL by asking the group first (the documentation's "update a member"): when a list shows the new one its
// process starts again, and listens there.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "core/api/cluster.pb.h"
#include "core/base/ids.h"
#include "core/etcd/config.h"
#include "sim/tenant.h"

namespace sim::etcd {

// The machine that a member is to be found at, by its peer URL; nullopt: none of this run.
std::optional<std::uint32_t> machine_of(const etcdserverpb::Member& member, std::uint32_t machines);
// Where on that machine. Requires: it is at one.
std::uint32_t place_of(const etcdserverpb::Member& member);

inline constexpr std::uint32_t kPlaces = 40;  // on a machine, which nobody uses up

class Roster {
 public:
  // The first `founders` machines run a member each from the beginning; what these are called a list will tell.
  Roster(std::uint32_t founders, std::uint32_t machines);
  void use(Machines& machines) { owner_ = &machines; }

  enum class ListKind : std::uint8_t {
    linearizable,  // the group as it was at some time after the question
    stale,         // as it was some time ago
  };
  // For a question that is asked now: what its answer says of machines of which there has been news since is not heard.
  std::uint64_t moment() const { return moment_; }
  // Starts a machine for everybody who is listed and was never started.
  void note(const etcdserverpb::MemberListResponse& list, ListKind kind, std::uint64_t asked_at);

  // Nobody lists anything: perhaps because the group waits for somebody whom it has taken in, as one member does that took a second one.
  // If the machine is idle, starts whoever is added there, on top of the group that was listed last.
  void start_unlisted(std::uint32_t machine, const etcdserverpb::MemberListResponse& last);
  // Somebody is to be added there: if a member runs there that was removed and has not heard of it, it ends. A group that waits for the
  // new one might not be able to tell it.
  void make_room(std::uint32_t machine);
  // In the calm: who was removed and has not heard of it ends, if a member has left a place. It asks where it knew the others to be, and
  // nobody may be there.
  void end_removed();
  // Nobody is to be added there any more.
  void give_up(std::uint32_t machine);
  // When its member is listed at another place from now on, it goes on answering where it was.
  void keep_places(std::uint32_t machine, bool keeps) { machines_[machine].keeps_places = keeps; }

  // How to start what this machine is there for; nullopt: as a founder.
  const std::optional<std::vector<::etcd::InitialMember>>& group_to_join(std::uint32_t machine) const { return machines_[machine].group; }
  // Where its member answers: first where it was listed last. As flags have it that say where a member begins, see group_to_join().
  const std::vector<std::uint32_t>& places(std::uint32_t machine) const { return machines_[machine].places; }

  // What the machine's process tells: it begins, it is this member, it serves.
  void on_begun(std::uint32_t machine) { machines_[machine].is_starting = false; }
  void on_identified(std::uint32_t machine, base::MemberId member);
  void on_served(std::uint32_t machine) { machines_[machine].has_served = true; }
  bool has_served(std::uint32_t machine) const { return machines_[machine].has_served; }
  // It was started for somebody who has been removed, and has not served, though it may have joined in vain: nobody will tell it.
  bool is_given_up(std::uint32_t machine) const { return machines_[machine].is_gone && !machines_[machine].has_served; }
  // It runs this member, or will.
  bool is_started_for(std::uint32_t machine, base::MemberId member) const { return machines_[machine].member == member; }
  std::uint32_t machines() const { return static_cast<std::uint32_t>(machines_.size()); }
  std::uint64_t starts() const { return starts_; }
  std::uint64_t moves() const { return moves_; }

 private:
  struct Machine {
    base::MemberId member;       // none: nobody has started it, or it is not known for whom it runs
    bool awaits_id = false;      // so: a list will tell, or itself
    std::uint64_t known_at = 0;  // since when the above is so
    std::optional<std::vector<::etcd::InitialMember>> group;
    bool is_starting = false;    // it will, and has not yet
    bool is_identified = false;  // by itself
    bool has_served = false;
    bool is_gone = false;
    std::vector<std::uint32_t> places = {0};
    bool keeps_places = false;
  };
  bool is_idle(std::uint32_t machine) const { return !machines_[machine].is_starting && owner_->is_idle(machine); }
  void note(std::uint32_t machine, const etcdserverpb::Member* listed, const etcdserverpb::MemberListResponse& list, ListKind kind);
  void move(std::uint32_t number, std::uint32_t place, ListKind kind);
  void refresh(Machine& machine, const etcdserverpb::MemberListResponse& list);
  void start(std::uint32_t number, Machine machine);

  std::vector<Machine> machines_;
  std::set<base::MemberId> started_;  // ever
  Machines* owner_ = nullptr;
  bool has_left_place_ = false;  // somebody no longer answers where it did
  std::uint64_t moment_ = 0;  // operators' clocks differ
  std::uint64_t starts_ = 0;
  std::uint64_t moves_ = 0;
};

}  // namespace sim::etcd

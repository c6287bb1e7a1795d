// sim/plan.h: everything that a run is a function of, spelled out.
//
// A scenario draws a plan from a seed; a trace file stores one; the shrinker takes parts of one away. Whoever
// runs a plan draws nothing but named decisions (io/sim/decisions.h), so two runs of one plan are one run.
//
// Elements carry numbers of their own, which stay when others are taken out: they are identities, not positions.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/time.h"

namespace sim {

enum class ActionKind : std::uint8_t {
  power_loss,    // of the member, and of `others` at the same instant: what was not synced may go
  process_kill,  // likewise; the page cache stays
  pause,         // the member executes nothing for a while
  cut_link,      // between the member and one client, both ways
  disk_full,     // everything that needs space fails for a while
  disk_hang,     // every disk call of a while takes until its end
  wall_jump,     // of the member's wall clock, forward or back
  bit_rot,       // in `part` of the member's files
  clock_drift,   // the member's clocks run fast or slow for a while
  partition,     // links between members are cut for a while; what is on its way waits
  slow_links,    // between the member and `others`, both ways, for a while
  reset_links,   // every connection between the member and `others` is reset
  cut_leader,    // a partition in which the member and whoever leads then have exchanged their places
  misdirected_write,  // the next one to `part` of the member's files reaches the disk at another place of its file
  lost_disk,     // the member loses its power, and its disk with all that is on it: it never comes back
};
inline constexpr int kActionKindCount = 15;
std::string_view to_text(ActionKind kind);

// Of a partition, which links are cut.
enum class Shape : std::uint8_t {
  halves,    // the member and `others` on one side, the rest on the other
  outgoing,  // what the member sends to `others`
  incoming,  // what `others` send to the member
  bridge,    // `others` on one side, the rest on the other, and the member sees both
  pairs,     // the member and each of `others` do not see each other
};
inline constexpr int kShapeCount = 5;
std::string_view to_text(Shape shape);

// Which of a member's files.
enum class Part : std::uint8_t {
  store_wal,  // what its store writes first
  log,
  store,
};
inline constexpr int kPartCount = 3;
std::string_view to_text(Part part);

// A crash, or a cut that is meant for the leader, strikes at the first instant from its time on at which this holds, or when its
// patience ends.
enum class Moment : std::uint8_t {
  any,
  syncing,     // a sync of the log is in flight
  storing,     // a job of the store is running
  recovering,  // the member has started, and is not ready
  changing,    // a change of the group is in its log, and not committed
};
inline constexpr int kMomentCount = 5;
std::string_view to_text(Moment moment);

struct Action {
  std::uint32_t id = 0;
  ActionKind kind = ActionKind::power_loss;
  base::Duration at{};
  base::Duration lasting{};       // down time, pause, cut, full, hang, jump, drift, partition, slowness
  Moment moment = Moment::any;    // of a crash, as it is with `member`; of cut_leader, as it is with whoever leads: any or changing
  std::uint32_t client = 0;       // of cut_link
  std::int32_t ppm = 0;           // of clock_drift: microseconds that the clock gains in a second
  std::uint32_t member = 0;       // whose; counted from 0
  std::vector<std::uint32_t> others = {};  // members too, ascending, without `member`
  Shape shape = Shape::halves;    // of a partition, and of cut_leader
  base::Duration delay{};         // of slow_links: what is sent takes at least this
  std::uint64_t bytes_per_second = 0;  // and likewise no more than this goes one way; 0: no limit
  bool is_back = false;           // of wall_jump: the clock is behind then
  Part part = Part::store_wal;    // of what spoils a disk
};
// Behind the member's back: what it has promised may be gone.
constexpr bool spoils_a_disk(ActionKind kind) {
  return kind == ActionKind::bit_rot || kind == ActionKind::misdirected_write || kind == ActionKind::lost_disk;
}

// What stays wrong with a member when the faults end.
enum class Ailment : std::uint8_t {
  down,      // it loses its power and never comes back
  cut_off,   // no other member sees it, and it sees none; clients do
  isolated,  // nor do clients
  hanging,   // no disk call of it ever ends
};
inline constexpr int kAilmentCount = 4;
std::string_view to_text(Ailment ailment);

struct Broken {
  std::uint32_t member = 0;
  Ailment ailment = Ailment::down;
};

// What a client asks; the words belong to the scenario's workload. Starts at a time drawn from its own name,
// or when the client's previous operation ends, if that is later.
struct Operation {
  std::uint32_t client = 0;
  std::uint32_t number = 0;  // within its client
  base::Duration at{};
  std::string what;
};

struct Plan {
  std::string scenario;
  std::uint64_t seed = 0;
  std::uint32_t members = 1;
  std::uint32_t learners = 0;  // of them, the last ones: they have no vote
  std::uint32_t spares = 0;    // machines besides, which members may join on later, and whose members may leave: the group changes
  std::uint32_t clients = 1;
  base::Duration faults_until{};  // then everything heals but for `broken`, and progress is demanded
  base::Duration duration{};
  base::Duration turn_cost = std::chrono::microseconds(1);  // what the member's every turn takes besides its disk calls
  std::map<std::string, std::uint64_t> rates;  // by name, per million; what is not named is zero (rates.h)
  std::map<std::string, std::uint64_t> sizes;  // of logs, batches and budgets, by name; the tenant reads them
  std::vector<std::uint32_t> speaks_later;  // whose messages say what only a later version knows; numbers of machines, ascending
  std::vector<Action> actions;        // by time
  std::vector<Broken> broken;         // for good; the others are the core, and a quorum. Of a group that changes as many of them as leave one
  std::vector<Operation> operations;  // by client and time
  std::map<std::uint64_t, std::uint64_t> pins;  // decisions fixed by their name's hash; what happens by chance does with zero
};

inline std::uint32_t voters_of(const Plan& plan) { return plan.members - plan.learners; }
// Numbers of members are numbers of their machines: those of the spares come last.
inline std::uint32_t machines_of(const Plan& plan) { return plan.members + plan.spares; }

// What the messages of a machine's member say besides (peer::Options::further_fields); nothing, unless it is of a later version.
std::string further_fields_of(const Plan& plan, std::uint32_t machine);

// A leader whose disk hangs has noticed what was to be written from the end of the faults until so long before the end of the run.
inline constexpr base::Duration kNoticesWithin = std::chrono::seconds(20);
inline bool is_noticed_in_calm(const Plan& plan, base::Duration written) {
  return written >= plan.faults_until && written < plan.duration - kNoticesWithin;
}

// `m1` is member 0.
std::string member_name(std::uint32_t member);
// How many of a group this large have to agree.
constexpr std::uint32_t quorum_of(std::uint32_t members) { return members / 2 + 1; }

inline constexpr std::uint32_t kMembersMax = 7;

// Empty when it can be run; else what is wrong: it may have been edited by hand.
std::string contradiction(const Plan& plan);

}  // namespace sim

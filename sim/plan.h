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
  power_loss,    // of the member: what was not synced may go
  process_kill,  // the page cache stays
  pause,         // the member executes nothing for a while
  cut_link,      // between the member and one client, both ways
  disk_full,     // everything that needs space fails for a while
  disk_hang,     // every disk call of a while takes until its end
  wall_jump,     // of the member's wall clock
  bit_rot,       // in one of the member's files (Tenant::rotting_file)
  clock_drift,   // the member's clocks run fast or slow for a while
};
inline constexpr int kActionKindCount = 9;
std::string_view to_text(ActionKind kind);

// A crash strikes at the first instant from its time on at which this holds, or when its patience ends.
enum class Moment : std::uint8_t {
  any,
  syncing,     // a sync of the log is in flight
  storing,     // a job of the store is running
  recovering,  // the member has started, and is not ready
};
inline constexpr int kMomentCount = 4;
std::string_view to_text(Moment moment);

struct Action {
  std::uint32_t id = 0;
  ActionKind kind = ActionKind::power_loss;
  base::Duration at{};
  base::Duration lasting{};       // down time, pause, cut, full, hang, jump, drift
  Moment moment = Moment::any;    // of a crash
  std::uint32_t client = 0;       // of cut_link
  std::int32_t ppm = 0;           // of clock_drift: microseconds that the clock gains in a second
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
  std::uint32_t clients = 1;
  base::Duration faults_until{};  // then everything heals, and progress is demanded
  base::Duration duration{};
  base::Duration turn_cost = std::chrono::microseconds(1);  // what the member's every turn takes besides its disk calls
  std::map<std::string, std::uint64_t> rates;  // by name, per million; what is not named is zero (rates.h)
  std::map<std::string, std::uint64_t> sizes;  // of logs, batches and budgets, by name; the tenant reads them
  std::vector<Action> actions;        // by time
  std::vector<Operation> operations;  // by client and time
  std::map<std::uint64_t, std::uint64_t> pins;  // decisions fixed by their name's hash
};

}  // namespace sim

#include "sim/draft.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "core/base/assert.h"
#include "sim/swarm.h"

namespace sim {

namespace {

using std::chrono::milliseconds;

constexpr base::Duration kFaultsUntil = std::chrono::seconds(50);
constexpr base::Duration kDuration = std::chrono::seconds(100);
constexpr std::uint32_t kProcessesMax = 8;
constexpr char kMark = '!';
constexpr std::string_view kKill = "!kill ";
constexpr std::string_view kPause = "!pause ";
constexpr std::int64_t kMillisecondsMax = 1'000'000;
// Of one process: one that is left alone for a whole run is as frequent as one that is hit several times.
constexpr std::uint64_t kDisturbancesMax = 5;

bool parse(std::string_view text, std::string_view word, Disturbance& out) {
  if (text.substr(0, word.size()) != word) return false;
  std::int64_t count = 0;
  const char* const end = text.data() + text.size();
  const std::from_chars_result parsed = std::from_chars(text.data() + word.size(), end, count);
  if (parsed.ec != std::errc() || parsed.ptr != end || count < 0 || count > kMillisecondsMax) return false;
  out.lasting = milliseconds(count);
  out.is_kill = word == kKill;
  return true;
}

}  // namespace

std::string to_text(const Disturbance& disturbance) {
  const auto count = std::chrono::duration_cast<milliseconds>(disturbance.lasting).count();
  return std::string(disturbance.is_kill ? kKill : kPause) + std::to_string(count);
}

base::Result<std::optional<Disturbance>> parse_disturbance(const Operation& line) {
  if (line.what.empty() || line.what[0] != kMark) return std::optional<Disturbance>();
  Disturbance out;
  out.at = line.at;
  if (parse(line.what, kKill, out) || parse(line.what, kPause, out)) return std::optional<Disturbance>(out);
  return base::fail(base::Code::invalid, "`" + line.what + "` is nothing that happens to a process");
}

void Draft::add(std::uint32_t process, base::Duration at, std::string what) {
  ASSERT(!what.empty());
  ASSERT(what[0] != kMark);
  add_line(process, at, std::move(what));
}

void Draft::add_line(std::uint32_t process, base::Duration at, std::string what) {
  ASSERT(process < plan_.clients);
  ASSERT(what.find('\n') == std::string::npos);
  plan_.operations.push_back({process, numbers_[process]++, at, std::move(what)});
}

void Draft::disturb_processes() {
  for (std::uint32_t process = 0; process < plan_.clients; ++process) {
    const std::uint64_t count = below("plan-disturbances", {process}, kDisturbancesMax + 1);
    for (std::uint64_t i = 0; i < count; ++i) {
      Disturbance one;
      one.is_kill = below("plan-is-kill", {process, i}, 2) == 0;
      one.lasting = between("plan-disturbed", {process, i}, milliseconds(1), one.is_kill ? milliseconds(1500) : milliseconds(5000));
      add_line(process, between("plan-disturbed-at", {process, i}, milliseconds(100), plan_.faults_until), to_text(one));
    }
  }
}

void Draft::sort() {
  std::stable_sort(plan_.operations.begin(), plan_.operations.end(), [](const Operation& one, const Operation& other) {
    return one.client != other.client ? one.client < other.client : one.at < other.at;
  });
}

Plan drafted_plan(std::string_view scenario, std::uint64_t seed, void (*draw_sizes)(io::sim::Decisions&, Plan&),
                  void (*draw)(Draft&)) {
  constexpr std::array<std::uint32_t, 10> kMembers = {3, 3, 3, 3, 3, 5, 5, 7, 1, 2};
  io::sim::Decisions decisions(seed);
  Plan plan;
  plan.scenario = scenario;
  plan.seed = seed;
  plan.members = kMembers[decisions.below("plan-members", {}, kMembers.size())];
  plan.clients = 1 + static_cast<std::uint32_t>(decisions.below("plan-clients", {}, kProcessesMax));
  plan.faults_until = kFaultsUntil;
  plan.duration = kDuration;
  draw_sizes(decisions, plan);
  Draft draft(decisions, plan);
  draw(draft);
  draft.sort();
  draw_faults(decisions, Budget::within, plan);
  draw_versions(decisions, plan);
  return plan;
}

}  // namespace sim

#include "io/sim/host.h"

#include "core/base/assert.h"

namespace io::sim {

namespace {
__extension__ using Wide = unsigned __int128;
}

base::Duration draw_latency(Decisions& decisions, std::string_view purpose, const Identity& identity,
                            const Latency& latency) {
  // One draw: its upper half decides about the tail, its lower half where in the range.
  if (latency.last <= latency.first && latency.tail_per_million == 0) return latency.first;
  const std::uint64_t value = decisions.draw(purpose, identity);
  const bool in_tail = ((value >> 32U) * 1'000'000U) >> 32U < latency.tail_per_million;
  const base::Duration first = in_tail ? latency.last : latency.first;
  const base::Duration last = in_tail ? latency.tail_last : latency.last;
  if (last <= first) return first;
  const auto span = static_cast<Wide>((last - first).count());
  return first + base::Duration(static_cast<std::int64_t>((span * (value & 0xffffffffU)) >> 32U));
}

void Host::spend(base::Duration time) {
  ASSERT(time >= base::Duration::zero());
  cursor_ = instant() + time;
  if (!in_turn_ && !in_job_ && ready_at_ < cursor_) ready_at_ = cursor_;
}

void Host::run_next() {
  ASSERT(!in_turn_);
  ASSERT(!in_job_);
  Event& event = queue_.take_first();
  const TurnKind kind = event.kind();
  const VirtualTime before = cursor_;
  cursor_ = universe_.now;
  if (kind == TurnKind::job) {
    in_job_ = true;
    event.fire();
    in_job_ = false;
    cursor_ = before;  // the job's time is its worker's, not the loop's
  } else {
    in_turn_ = true;
    event.fire();
    hooks_->end_turn();
    in_turn_ = false;
    ready_at_ = cursor_ + faults.turn_cost;
  }
  universe_.turns.add(universe_.now, key_, kind, payload_);
  payload_ = 0;
}

void Host::pause_until(VirtualTime at) {
  if (ready_at_ < at) ready_at_ = at;
}

void Host::begin_incarnation(VirtualTime at) {
  ASSERT(queue_.is_empty());
  ++incarnation_;
  ready_at_ = at;
  cursor_ = at;
}

}  // namespace io::sim

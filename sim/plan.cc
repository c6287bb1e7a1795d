#include "sim/plan.h"

#include "core/base/assert.h"

namespace sim {

std::string_view to_text(ActionKind kind) {
  switch (kind) {
    case ActionKind::power_loss: return "power_loss";
    case ActionKind::process_kill: return "process_kill";
    case ActionKind::pause: return "pause";
    case ActionKind::cut_link: return "cut_link";
    case ActionKind::disk_full: return "disk_full";
    case ActionKind::disk_hang: return "disk_hang";
    case ActionKind::wall_jump: return "wall_jump";
    case ActionKind::bit_rot: return "bit_rot";
    case ActionKind::clock_drift: return "clock_drift";
  }
  ASSERT(false && "a kind outside the enumeration");
  return {};
}

std::string_view to_text(Moment moment) {
  switch (moment) {
    case Moment::any: return "any";
    case Moment::syncing: return "syncing";
    case Moment::storing: return "storing";
    case Moment::recovering: return "recovering";
  }
  ASSERT(false && "a moment outside the enumeration");
  return {};
}

}  // namespace sim

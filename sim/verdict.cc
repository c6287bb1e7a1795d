#include "sim/verdict.h"

#include "core/base/assert.h"

namespace sim {

std::string_view to_text(VerdictKind kind) {
  switch (kind) {
    case VerdictKind::pass: return "pass";
    case VerdictKind::safety: return "safety";
    case VerdictKind::liveness: return "liveness";
    case VerdictKind::crash: return "crash";
    case VerdictKind::refused: return "refused";
  }
  ASSERT(false && "a verdict outside the enumeration");
  return {};
}

}  // namespace sim

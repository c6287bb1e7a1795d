// sim/trace.h: a plan and its outcome as a JSON file (docs/formats/trace.md).
//
// It replays bit for bit on the build that wrote it, and on later builds too, perhaps with another verdict.
#pragma once

#include <string>
#include <string_view>

#include "core/base/hash.h"
#include "core/base/result.h"
#include "sim/plan.h"
#include "sim/verdict.h"

namespace sim {

struct Trace {
  Plan plan;
  Verdict verdict;
  base::Hash128 digest;
  std::string build;  // versions of our code and of the libraries whose behaviour a run depends on
};

std::string encode(const Trace& trace);
// invalid, with what is wrong and where: a trace may have been edited by hand.
base::Result<Trace> decode_trace(std::string_view json);

}  // namespace sim

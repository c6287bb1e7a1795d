// A trace file may have been edited by hand: it is refused, or it reads back as what was read; and so are the operations in it.
#include <cstdint>
#include <string_view>

#include "core/base/assert.h"
#include "sim/etcd/operation.h"
#include "sim/trace.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const base::Result<sim::Trace> trace = sim::decode_trace(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!trace) {
    ASSERT(!trace.error().detail.empty());
    return 0;
  }
  const std::string text = sim::encode(*trace);
  const base::Result<sim::Trace> again = sim::decode_trace(text);
  ASSERT(again.has_value());
  ASSERT(sim::encode(*again) == text);
  for (const sim::Operation& operation : trace->plan.operations) {
    const base::Result<sim::etcd::KvOperation> parsed = sim::etcd::parse_operation(operation.what);
    if (!parsed) continue;
    const std::string line = sim::etcd::to_text(*parsed);
    const base::Result<sim::etcd::KvOperation> reparsed = sim::etcd::parse_operation(line);
    ASSERT(reparsed.has_value());
    ASSERT(sim::etcd::to_text(*reparsed) == line);
  }
  return 0;
}

// A history may come from anywhere: it is refused, or it reads back as what was read, and is judged.
#include <cstdint>
#include <string_view>

#include "core/base/assert.h"
#include "sim/etcd/history_text.h"
#include "sim/etcd/serializability.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const base::Result<sim::etcd::History> history = sim::etcd::decode_history(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!history) {
    ASSERT(!history.error().detail.empty());
    return 0;
  }
  const std::string text = sim::etcd::encode_history(*history);
  const base::Result<sim::etcd::History> again = sim::etcd::decode_history(text);
  ASSERT(again.has_value());
  ASSERT(sim::etcd::encode_history(*again) == text);
  const base::Result<sim::etcd::HistoryVerdict> verdict = sim::etcd::check_history(*history);
  const base::Result<sim::etcd::HistoryVerdict> same = sim::etcd::check_history(*again);
  ASSERT(verdict.has_value() == same.has_value());
  if (verdict) ASSERT(verdict->violation == same->violation);
  return 0;
}

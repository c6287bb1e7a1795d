#include "storage/wal/replay.h"

#include <algorithm>
#include <string>
#include <utility>

#include "core/base/assert.h"

namespace wal {
namespace {

// Everything but the entries: the last word counts.
void replay_state(std::vector<ScannedBatch>& batches, Replayed& out) {
  for (ScannedBatch& batch : batches) {
    Contents& contents = batch.contents;
    if (contents.hard_state) out.hard_state = *contents.hard_state;
    if (contents.store_mark) out.store_mark = *contents.store_mark;
    if (contents.start) out.start = std::move(*contents.start);
  }
}

// An entry drops what stood at its log index and above, whether it is kept itself or not: the segment that said so may
// be all that is left of an older tail. Looked at with the final start in hand, since a segment that held the
// entries between an older start and this one may be gone.
base::Status replay_entry(base::Entry entry, Origin origin, Replayed& out) {
  const base::EntryId start = out.start.last_dropped;
  while (!out.entries.empty() && out.entries.back().id.index >= entry.id.index) {
    out.entries.pop_back();
    out.origins.pop_back();
  }
  // Of a lower term than the start: it lost to a snapshot (docs/formats/wal.md, "Records").
  if (entry.id.index <= start.index || entry.id.term < start.term) return {};
  const base::EntryId last = out.entries.empty() ? start : out.entries.back().id;
  if (entry.id.index != last.index.next() || entry.id.term < last.term) {
    return base::fail(base::Code::damaged, "entry " + base::to_text(entry.id) + " in segment " +
                                               base::to_text(origin.segment) + " does not follow " + base::to_text(last));
  }
  out.entries.push_back(std::move(entry));
  out.origins.push_back(origin);
  return {};
}

}  // namespace

base::Result<Replayed> replay(std::vector<ScannedBatch> batches) {
  ASSERT(!batches.empty());
  Replayed out;
  replay_state(batches, out);
  for (ScannedBatch& batch : batches) {
    for (base::Entry& entry : batch.contents.entries) {
      const base::Status status = replay_entry(std::move(entry), {batch.segment, batch.number}, out);
      if (!status) return base::fail(status.error());
    }
  }
  ASSERT(out.entries.size() == out.origins.size());
  return out;
}

}  // namespace wal

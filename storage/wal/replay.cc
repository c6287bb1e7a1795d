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

// What a snapshot took the place of.
void replay_reset(Replayed& out) {
  out.entries.clear();
  out.origins.clear();
}

// An entry drops what stood at its log index and above, whether it is kept itself or not.
void replay_entry(base::Entry entry, Origin origin, Replayed& out) {
  while (!out.entries.empty() && out.entries.back().id.index >= entry.id.index) {
    out.entries.pop_back();
    out.origins.pop_back();
  }
  if (entry.id.index <= out.start.last_dropped.index) return;
  out.entries.push_back(std::move(entry));
  out.origins.push_back(origin);
}

// Of what is left only: entries that were dropped or replaced later may well have lost the segments before them.
base::Status check_sequence(const Replayed& out) {
  base::EntryId last = out.start.last_dropped;
  for (std::size_t i = 0; i < out.entries.size(); ++i) {
    const base::EntryId id = out.entries[i].id;
    if (id.index != last.index.next() || id.term < last.term) {
      return base::fail(base::Code::damaged, "entry " + base::to_text(id) + " in segment " +
                                                 base::to_text(out.origins[i].segment) + " does not follow " +
                                                 base::to_text(last));
    }
    last = id;
  }
  return {};
}

}  // namespace

base::Result<Replayed> replay(std::vector<ScannedBatch> batches) {
  ASSERT(!batches.empty());
  Replayed out;
  replay_state(batches, out);
  for (ScannedBatch& batch : batches) {
    if (batch.contents.is_reset) replay_reset(out);
    for (base::Entry& entry : batch.contents.entries) {
      replay_entry(std::move(entry), {batch.segment, batch.number}, out);
    }
  }
  if (const base::Status status = check_sequence(out); !status) return base::fail(status.error());
  ASSERT(out.entries.size() == out.origins.size());
  return out;
}

}  // namespace wal

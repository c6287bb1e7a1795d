// core/raft/log.h: the kept part of the replicated log, whole in memory.
//
//          last_dropped        last
//   ………………………┤├──┬──┬──┬──┬──┤
//   in the store    entries_
//
// What is older than `last_dropped` lives in the state machine's store alone.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "core/base/ids.h"
#include "core/base/log_entry.h"

namespace raft {

class Log {
 public:
  // Requires: `entries` follow `last_dropped` without a gap, terms never falling.
  Log(base::EntryId last_dropped, std::vector<base::Entry> entries);

  base::EntryId last() const;
  base::EntryId last_dropped() const { return last_dropped_; }
  base::LogIndex first_index() const { return last_dropped_.index.next(); }  // of the oldest kept entry, or last.next()
  std::uint64_t entry_count() const { return entries_.size(); }
  std::uint64_t size_bytes() const { return size_bytes_; }  // of the entries' data and bookkeeping

  // Requires: first_index() <= index <= last().index.
  const base::Entry& at(base::LogIndex index) const;
  // Requires: last_dropped().index <= index <= last().index.
  base::Term term_at(base::LogIndex index) const;

  // Requires: entry.id.index == last().index.next(), and its term is not below the last one's.
  void append(base::Entry entry);
  // Is this entry, or the beginning of the kept log, in it? Then everything below is, too (log matching, Raft §5.3).
  bool contains(base::EntryId id) const;
  // The last entry not above `id.index` whose term is not above `id.term`: where two logs may still agree, so that
  // whoever looks for that place skips a term at a time (§5.3). Never below last_dropped().
  base::EntryId last_not_above(base::EntryId id) const;
  // Forgets the back: entries above `last` lost to a leader of a later term. Requires: last_dropped().index <= last <= last().index.
  void truncate_after(base::LogIndex last);
  // Nothing is kept; the state machine holds everything up to and with `last_dropped`.
  void reset(base::EntryId last_dropped);

  // Up to where the front has to be forgotten so that the rest takes no more than so much.
  base::LogIndex surplus_through(std::uint64_t bytes_max) const;
  // Forgets the front. Requires: last_dropped().index <= through <= last().index.
  void drop_through(base::LogIndex through);

 private:
  static std::uint64_t cost(const base::Entry& entry);

  base::EntryId last_dropped_;
  std::deque<base::Entry> entries_;
  std::uint64_t size_bytes_ = 0;
};

}  // namespace raft

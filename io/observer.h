// io/observer.h: one typed stream of what a member does, the same in both worlds.
//
// In io/real it feeds metrics and the log; in io/sim the oracles read it next to the simulator's own
// truth. An oracle never believes a member's "synced": it takes the file range that the member states
// and compares it with the durable bytes of the simulated disk at the instant of the promise.
//
// Views in an event live until on_event() returns.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>
#include <variant>

#include "core/base/hash.h"
#include "core/base/ids.h"
#include "core/base/log_entry.h"
#include "core/base/marks.h"

namespace io {

// An entry stands in the member's log from now on, in memory. One of the same log index replaces it and what followed.
struct Appended {
  base::EntryId id;
  base::EntryKind kind = base::EntryKind::empty;
  std::string_view bytes;
};

// The bytes [offset, offset + size) of a log file hold the entries [first, last]. Emitted when the write is
// requested. Entries of a later event replace those at the same log index and above.
struct WroteEntries {
  std::string_view file;
  std::uint64_t offset = 0;
  std::string_view bytes;  // the whole batch as written
  base::EntryId first;
  base::EntryId last;
};

// The bytes [offset, offset + size) of a log file hold this term and vote, another than before. Emitted when the write is requested.
struct WroteVote {
  std::string_view file;
  std::uint64_t offset = 0;
  std::string_view bytes;  // the whole batch as written
  base::Term term;
  base::MemberId voted_for;
};

// The bytes [offset, offset + size) of a log file say that the log begins behind `last` from now on, and that the store holds `store`. With
// `is_reset` a snapshot takes the place of everything that stood in the log before, above `last` too. Emitted when the write is
// requested, before WroteEntries for the same bytes.
struct WroteStart {
  std::string_view file;
  std::uint64_t offset = 0;
  std::string_view bytes;  // the whole batch as written
  base::EntryId last;
  base::StoreMark store;
  bool is_reset = false;
};

// Everything that this member wrote to its log before is durable, it says.
struct LogSynced {
  base::LogIndex last;
};

// A promise: the entry at this index is committed, and whoever waits may be told. Each index once per incarnation.
struct Committed {
  base::EntryId id;
};

// The member's part in consensus changed, or the leader that it knows did. `leader` is none while unknown.
enum class Part : std::uint8_t { follower, candidate, leader };
struct PartTaken {
  base::Term term;
  Part part = Part::follower;
  base::MemberId self;
  base::MemberId leader;
  bool is_asked = false;  // the leader wanted it to campaign
};

// A vote for another member, which is on its way to the disk and leaves when it is there.
struct VoteGiven {
  base::Term term;
  base::MemberId to;
};

// An entry took effect. `effect` hashes what it changed, the same on every member; empty entries have one too.
struct Applied {
  base::EntryId id;
  base::Hash128 effect;
  base::Hash128 state;  // order-free sum over the live rows after it
};

// The store says that everything up to the mark is durable.
struct StoreDurable {
  base::StoreMark mark;
};

// The member opened its files and stands at these points, before it handles any request.
struct Recovered {
  base::LogIndex first_kept;   // the oldest entry that the log still has, or last.next()
  base::EntryId last;          // of the log
  base::StoreMark store;       // what the store holds
  base::Hash128 state;         // recomputed from its rows
  base::MemberId self;
  std::string_view configuration;  // in force right before `first_kept`, encoded
};

// Entries up to and including this index were dropped from the front of the log.
struct LogTruncated {
  base::LogIndex through;
};

// A snapshot takes the place of the whole log, in memory: it begins behind `last` now, and the group is that of `configuration`. Entries
// up to `last` are committed.
struct LogReplaced {
  base::EntryId last;
  std::string_view configuration;  // encoded
};

// The store of that snapshot, with its last entry, is the member's state now. The log names it, durably.
struct Installed {
  base::EntryId last;
  base::StoreMark store;
  base::Hash128 state;  // recomputed from its rows
};

// An answer to the leader of this term leaves. Accepted: that leader's log stands on this member's disk up to this index, durably; else
// this member's log does not have the leader's entry there.
struct AppendAnswered {
  base::MemberId to;
  base::Term term;
  base::LogIndex index;
  bool is_accepted = false;
};

// A snapshot came from that member, not a byte of it changed on the way, and it is not what it says it is.
struct SnapshotRefused {
  base::MemberId from;
  base::EntryId last;
  std::string_view why;
};

// Of a leader: a snapshot with this last entry is on its way to a member that needs what the log no longer has; or that is over.
struct SnapshotBegun {
  base::MemberId to;
  base::EntryId last;
};
struct SnapshotEnded {
  base::MemberId to;
  bool is_complete = false;  // the other side has it
};

// The member cannot go on; the process ends with this message.
struct Stopped {
  std::string_view reason;
};

using Event = std::variant<Appended, WroteEntries, WroteVote, WroteStart, LogSynced, Committed, PartTaken, VoteGiven, Applied, StoreDurable,
                           Recovered, LogTruncated, LogReplaced, Installed, AppendAnswered, SnapshotRefused, SnapshotBegun, SnapshotEnded, Stopped>;

enum class Level : std::uint8_t { debug, info, warn, error, fatal };

struct LogField {
  std::string_view key;
  std::variant<std::string_view, std::int64_t, bool> value;
};

class Observer {
 public:
  virtual ~Observer() = default;
  virtual void on_event(const Event& event) = 0;
  // A rare branch was taken. On the loop, or in a job. Whoever does not simulate need not know.
  virtual void reached(base::Mark mark) { static_cast<void>(mark); }
  void reached(const base::Marks& marks) {
    marks.each([this](base::Mark mark) { reached(mark); });
  }
  // A line for the operator; in io/real one JSON object on stderr (etcd's keys, core/etcd decides the texts).
  virtual void log(Level level, std::string_view message, std::span<const LogField> fields) = 0;

  void log(Level level, std::string_view message) { log(level, message, std::span<const LogField>()); }
  void log(Level level, std::string_view message, std::initializer_list<LogField> fields) {
    log(level, message, std::span<const LogField>(fields.begin(), fields.size()));
  }
};

}  // namespace io

// storage/wal/wal.h: the durable log of one member.
//
// Zero-filled, recycled segments of checksummed batches, one batch in flight (docs/formats/wal.md has the
// bytes; design: what a booting member reads is not durable until it has written it again).
//
// Two halves. recover() is synchronous and runs in a job at start: it reads every segment, refuses damage
// that it can prove, cuts a torn tail, and writes what was not provably synced again, into a segment of its
// own. Wal lives on the loop and appends.
//
// Of each batch the Wal tells the observer: io::WroteVote, io::WroteStart and io::WroteEntries, whichever of these it holds, when the
// write is requested (the constructor repeats that for what recover() wrote again), and io::LogSynced when it is durable.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/ids.h"
#include "core/base/log_entry.h"
#include "core/base/marks.h"
#include "core/base/result.h"
#include "io/world.h"

namespace wal {

// Written into every segment, so that a log is never taken for another member's.
struct Identity {
  base::ClusterId cluster;
  base::MemberId member;
  friend bool operator==(const Identity&, const Identity&) = default;
};

struct Options {
  std::string directory = "wal";               // relative to the member's data directory; its parent exists
  std::uint64_t segment_bytes = 16U << 20U;    // a batch that fits no segment gets a longer one
  base::Duration idle_proof_delay = std::chrono::milliseconds(100);  // then an empty batch proves the last one
};

// Everything that a log says about a member.
struct State {
  Identity identity;
  base::LogStart start;
  base::HardState hard_state;
  base::StoreMark store_mark;
  std::vector<base::Entry> entries;  // log indices (start.last_dropped.index, last], without gaps

  // Where the log ends; 0/0 when nothing was ever in it.
  base::EntryId last() const { return entries.empty() ? start.last_dropped : entries.back().id; }
};

class Segments;  // the open files; segments.h

// What recover() hands to Wal. Movable, so a job can carry it to the loop.
struct Recovered {
  Recovered();
  Recovered(Recovered&&) noexcept;
  Recovered& operator=(Recovered&&) noexcept;
  ~Recovered();

  State state;
  std::unique_ptr<Segments> segments;
  bool was_created = false;
  base::Marks marks;  // Wal tells the observer
};

// In a job. Opens the log in `options.directory`, or creates one from `initial` when that directory does not
// exist or holds a creation that never finished. `initial.entries` is empty. An identity of {none, none} in
// `initial` stands for whichever the log carries, and is refused when there is no log.
// Errors: damaged (with the file, the offset and what to do) when something provably written is gone or
// changed; invalid when the directory holds something else, another member's log or a newer format; io and no_space from the disk.
base::Result<Recovered> recover(io::Disk& disk, io::Random& random, const Options& options, const State& initial);

// True when the directory holds a log, finished or damaged; false when recover() would create one. In a job.
base::Result<bool> exists(io::Disk& disk, const Options& options);

// One atomic, durable step. A crash keeps all of it or none.
struct Batch {
  std::optional<base::HardState> hard_state;
  std::span<const base::Entry> entries;  // the first may replace a tail: log index <= last + 1
  std::optional<base::StoreMark> store_mark;
  // Drops entries from the front; only ever forward. `entries` come after it.
  std::optional<base::LogStart> start;
  // With `start`: a snapshot takes the place of everything that was in the log, above it too: it lost to the snapshot.
  bool is_reset = false;
};

// Learns of what fails while nothing is being appended: the empty batch of an idle log, the next segment.
class WalListener {
 public:
  // Once at most, not after an append has failed or close() was called, and not inside a call: on the turn that learned of it, after
  // the completion of an append that ended well on the same turn. As final as the error of an append. May close the log, not destroy it.
  virtual void on_wal_failed(const base::Error& error) = 0;

 protected:
  ~WalListener() = default;
};

class Wal {
 public:
  // Takes nothing from `recovered.state`, which may have been moved from.
  Wal(const io::World& world, Options options, Recovered recovered, WalListener& listener);
  // Requires: close() has completed, or the member crashed.
  ~Wal();

  // Completes when the batch is durable; everything in `batch` may be destroyed once the call returns.
  // An error is final: every later append fails with it, and the member must stop.
  // Requires: !is_writing(); the batch is not empty; entries follow each other, their terms never fall.
  void append(const Batch& batch, io::Completion& done);
  bool is_writing() const;

  // The orderly end: completes, without an error, when nothing of this log is in flight and no job of it runs.
  // Requires: !is_writing(). Nothing is appended afterwards.
  void close(io::Completion& done);

  // For status and tests.
  std::uint64_t segment_count() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace wal

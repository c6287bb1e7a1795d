// core/replica/snapshot.h: the state of a machine on its way to another member, which lags so far behind that the log no longer has
// what it needs (Raft §7).
//
//   machine -> SnapshotSource -> transport ~~~> transport -> SnapshotSink -> machine (another one)
//
// A source is pulled at the pace of the link, a sink takes one piece at a time at the pace of its disk. What a piece holds is between
// the two machines; damage on the way is the transport's to find.
#pragma once

#include <cstddef>
#include <string>

#include "core/base/ids.h"
#include "core/base/result.h"
#include "io/completion.h"

namespace replica {

// One consistent state. It may keep its store from giving back space, so it has a budget, and may be destroyed at any time.
class SnapshotSource {
 public:
  virtual ~SnapshotSource() = default;
  // The last entry whose effects are in it.
  virtual base::LogIndex applied() const = 0;
  // Appends the next piece, of about `bytes` bytes, to `piece`. False: that was the last one. An error: overloaded, when it has used up
  // its budget (the next one that is taken has a larger one); otherwise the disk's, and the member must stop.
  virtual base::Result<bool> read(std::size_t bytes, std::string& piece) = 0;
};

// Where the pieces go. May be destroyed at any time, also while a completion is outstanding, which then never comes; without a
// successful end() everything that came is thrown away.
class SnapshotSink {
 public:
  virtual ~SnapshotSink() = default;
  // `done` is told on a later turn, when it takes the next piece. An error ends the attempt; unless it is `invalid` or `damaged`, which
  // speak of the pieces, it is the disk's. Requires: the one before is done.
  virtual void take(std::string piece, io::Completion& done) = 0;
  // All pieces have come. Done when they are durable, and the state that they make is known to be whole.
  virtual void end(io::Completion& done) = 0;
};

}  // namespace replica

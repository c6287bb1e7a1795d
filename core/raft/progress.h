// core/raft/progress.h: what a leader knows of one other member, and what it may send there next.
//
//            rejected, lost                      appends accepted
//   probing <-------------- pipelining      probing ----> pipelining
//      |                                       ^
//      |  what it needs is no longer kept      |  installed, or given up
//      +-----------------> snapshot -----------+
//
// Probing sends one append and waits, since it does not know where the logs agree. Pipelining sends on, up to the limits of what
// may be under way. While a snapshot is on its way nothing is appended. Whoever waits for an answer that does not come asks again at
// each sign of life, and without entries: they may still be on their way, and a slow link must not have to carry them twice.
#pragma once

#include <cstdint>
#include <deque>

#include "core/base/ids.h"
#include "core/raft/message.h"

namespace raft {

struct FlowLimits {
  std::uint64_t append_bytes_max = 1U << 20U;      // of entries in one append; one larger entry goes alone
  std::uint64_t in_flight_appends_max = 256;       // pipelined to one member and not yet acknowledged
  std::uint64_t in_flight_bytes_max = 16U << 20U;  // likewise; the last append may exceed it
};

class Progress {
 public:
  enum class State : std::uint8_t { probing, pipelining, snapshot };

  // Of a member about which nothing is known yet.
  explicit Progress(base::LogIndex next) : next_(next) {}

  State state() const { return state_; }
  base::LogIndex matched() const { return matched_; }  // it durably has the leader's log up to here, as it says, unless its disk has lost it
  base::LogIndex next() const { return next_; }        // the first entry to send; invariant: next_ > matched_
  base::LogIndex commit_sent() const { return commit_sent_; }

  // No append goes out now.
  bool is_paused(const FlowLimits& limits) const;

  // An append went out: entries from next() on, none or up to and with `last`.
  void on_sent(base::LogIndex last, std::uint64_t bytes, base::LogIndex committed);
  // True: it has more than was known.
  bool on_accepted(base::LogIndex matched);
  // It has no entry like the one before `rejected.next()`, and agrees at `agreed` at the highest. False: an old story.
  bool on_rejected(base::LogIndex rejected, base::LogIndex agreed);
  // Appends or their answers may be lost: begin again behind what is known.
  void on_unreachable();
  void become_snapshot();
  // The attempt to send one is over: wait for a sign of life, then look where it stands.
  void on_snapshot_over();
  // It was, perhaps, the snapshot that it has got: look at once.
  void leave_snapshot();

  bool is_active = true;      // heard of since the leader last looked (check-quorum, thesis §6.2), or newly come
  bool may_resume = false;    // the next heartbeat's answer is one that a tick asked for
  Round confirmed;         // the last round that it answered

 private:
  struct InFlight {
    base::LogIndex last;
    std::uint64_t bytes = 0;
  };
  void become_probing();

  State state_ = State::probing;
  base::LogIndex matched_;
  base::LogIndex next_;
  base::LogIndex commit_sent_;
  bool is_probe_sent_ = false;
  std::deque<InFlight> in_flight_;  // pipelining; ascending
  std::uint64_t in_flight_bytes_ = 0;
};

}  // namespace raft

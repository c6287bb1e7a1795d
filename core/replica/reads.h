// core/replica/reads.h: the linearizable reads that wait for their turn (Raft §8).
//
//   queued -> asked: which commit index must a read see? -> confirmed -> applied up to there: readable
//
// All reads of a turn share one question. A question may be asked more than once, and an answer to any of its tokens will do.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "core/base/ids.h"
#include "core/base/intrusive_list.h"
#include "core/base/result.h"
#include "core/raft/raft.h"

namespace replica {

// A linearizable read that waits for its turn; embedded in whoever wants it.
class ReadWait : public base::ListNode<ReadWait> {
 public:
  virtual void on_readable() = 0;  // the state machine has applied everything this read must see
  virtual void on_refused(const base::Error& error) = 0;

 protected:
  ~ReadWait() = default;
};

class Reads {
 public:
  // Once, before anything else. Two incarnations must not share tokens, and they must not wrap around.
  void begin(std::uint64_t draw) { next_token_ = draw >> 1U; }

  void add(ReadWait& wait) { queued_.push_back(wait); }
  // The question for all that were added since the last one; none: nobody was.
  std::optional<raft::ReadToken> ask();
  // Another tick without an answer: the questions to be asked again now, after `retry_ticks` of them. Of no use to a leader, whose own
  // questions go on with every heartbeat.
  std::vector<raft::ReadToken> ask_again(std::uint32_t retry_ticks);
  void forget_abandoned();  // the oldest, whose readers have all left

  void on_ready(const raft::ReadReady& ready);
  // Tells those who may read now that `applied` is.
  void answer(base::LogIndex applied);

  // Those that were asked and have no answer yet; what is queued may still be asked of somebody else.
  void refuse_under_way(const base::Error& error);
  void refuse_all(const base::Error& error);

 private:
  struct Group {  // one question to raft
    std::vector<raft::ReadToken> tokens;  // ascending; each time it was asked
    std::uint32_t waited_ticks = 0;       // since it was asked last
    bool is_confirmed = false;
    base::LogIndex index;  // once confirmed
    base::IntrusiveList<ReadWait> waiting;
  };

  raft::ReadToken next_token(Group& group);

  std::uint64_t next_token_ = 0;
  base::IntrusiveList<ReadWait> queued_;
  std::deque<std::unique_ptr<Group>> groups_;  // in the order in which they were first asked
};

}  // namespace replica

// Linearizable reads without a log entry (Raft §8, thesis §6.4): a leader notes its commit index, makes sure with a round of
// heartbeats that it still led when it was asked, and answers.
#include <utility>

#include "core/base/mark.h"
#include "core/raft/raft.h"

namespace raft {

void Raft::on_read_request(ReadToken token, Output& output) {
  if (role_ == Role::leader) {
    begin_read(options_.self, token, output);
  } else if (leader_ != base::MemberId::none) {
    output.messages.push_back({leader_, ForwardedRead{term_, token}});
  } else {
    output.reads_refused.push_back(token);
  }
}

void Raft::on_forwarded_read(base::MemberId from, ReadToken token, Output& output) {
  if (role_ == Role::leader) begin_read(from, token, output);
}

void Raft::on_read_reply(const ReadReply& reply, Output& output) { output.reads.push_back({reply.token, reply.index}); }

void Raft::begin_read(base::MemberId from, ReadToken token, Output& output) {
  PendingRead read{{}, {}, from, token};
  // Until it has committed an entry of its own it may not know of everything that an earlier leader committed (§8).
  if (!committed_in_this_term()) {
    output.marks.add(base::Mark::read_parked);
    parked_reads_.push_back(read);
    return;
  }
  read.index = committed_;
  // A sole voter cannot have been deposed.
  if (quorum_.is_alone(options_.self)) return answer_read(read, output);
  round_ = Round{round_.value + 1};
  read.round = round_;
  pending_reads_.push_back(read);
  send_heartbeats(output);
}

void Raft::release_reads(Output& output) {
  if (parked_reads_.empty() || !committed_in_this_term()) return;
  std::vector<PendingRead> parked;
  parked.swap(parked_reads_);
  for (const PendingRead& read : parked) begin_read(read.from, read.token, output);
}

// Learners answer too, and do not count (thesis §4.2.1).
void Raft::confirm_reads(Output& output) {
  const auto is_confirmed = [this](Round round) {
    return has_majority([round](const Progress& peer) { return peer.confirmed >= round; });
  };
  while (!pending_reads_.empty() && is_confirmed(pending_reads_.front().round)) {
    answer_read(pending_reads_.front(), output);
    pending_reads_.pop_front();
  }
}

void Raft::answer_read(const PendingRead& read, Output& output) const {
  if (read.from == options_.self) output.reads.push_back({read.token, read.index});
  else output.messages.push_back({read.from, ReadReply{term_, read.token, read.index}});
}

// Others ask again by themselves when no answer comes.
void Raft::refuse_reads(Output& output) {
  for (const PendingRead& read : parked_reads_) {
    if (read.from == options_.self) output.reads_refused.push_back(read.token);
  }
  for (const PendingRead& read : pending_reads_) {
    if (read.from == options_.self) output.reads_refused.push_back(read.token);
  }
  parked_reads_.clear();
  pending_reads_.clear();
}

}  // namespace raft

// core/replica/proposals.h: the commands that wait here: for a leader that takes them, and their proposers for an answer.
//
// A command that is queued leaves with all others of its turn, as soon as there is a leader. Its proposer is found again by the request
// id when the command is applied, whoever led it through.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/raft/message.h"
#include "core/raft/raft.h"

namespace replica {

// How the replica finds who waits for a command.
class ProposalTicket {
 public:
  ProposalTicket() = default;
  ProposalTicket(const ProposalTicket&) = delete;
  ProposalTicket& operator=(const ProposalTicket&) = delete;

 private:
  friend class Proposals;
  std::uint64_t request_id_ = 0;  // 0: not waiting
};

// A command on its way; embedded in whoever waits. After a successful Replica::propose() exactly one of these is
// called, on a later turn or at the end of this one, unless Replica::abandon() came first.
class Proposal : public ProposalTicket {
 public:
  virtual void on_applied(std::string response) = 0;
  // not_leader: certainly without effect. outcome_unknown: perhaps it takes effect later.
  virtual void on_refused(const base::Error& error) = 0;

 protected:
  ~Proposal() = default;
};

class Proposals {
 public:
  struct Batch {
    raft::Propose propose;
    std::size_t queued_count = 0;  // from the head of the queue on, abandoned ones included
    std::uint64_t size_bytes = 0;
  };

  // Once, before anything else. Two incarnations must not share request ids: an old entry would answer a new request.
  void begin(std::uint64_t draw) { next_request_id_ = draw | 1U; }

  // Requires: `proposal` does not wait. `command` is copied.
  void add(std::string_view command, std::string_view user, std::uint64_t auth_revision, Proposal& proposal);
  void abandon(Proposal& proposal);
  Proposal* find(std::uint64_t request_id) const;  // null: nobody waits here
  // All who wait hear it, and nothing waits any more.
  void refuse_all(const base::Error& error);

  bool is_queue_empty() const { return queued_.empty(); }
  // Of one command at least, unless only abandoned ones are left.
  Batch next_batch(std::uint64_t bytes_max) const;
  // Raft has taken it.
  void drop(const Batch& batch);

  // Commands of others, for the next leader: what was sent to this member while it led and handed over. Whoever waits for them has a
  // limit of its own, so they are kept for `ticks_max` and no longer.
  void add_passed_on(const raft::ForwardedProposal& proposal);
  bool has_passed_on() const { return !passed_on_.items.empty(); }
  raft::Propose take_passed_on();
  bool tick(std::uint32_t ticks_max);  // true: there were some, and their time is over

  // Of all that is here.
  std::uint64_t entry_count() const { return queued_count_ + passed_on_.items.size(); }
  std::uint64_t size_bytes() const { return queued_bytes_ + passed_on_bytes_; }

 private:
  struct QueuedCommand {
    std::uint64_t request_id = 0;
    std::shared_ptr<const std::string> record;  // null: abandoned
  };

  void forget_abandoned();

  std::uint64_t next_request_id_ = 0;
  std::map<std::uint64_t, Proposal*> waiting_;  // by request id
  std::vector<QueuedCommand> queued_;           // by request id: of this turn, or until there is a leader that takes them
  std::uint64_t queued_count_ = 0;              // of those that are not abandoned
  std::uint64_t queued_bytes_ = 0;              // of their records
  raft::Propose passed_on_;
  std::uint64_t passed_on_bytes_ = 0;
  std::uint32_t passed_on_ticks_ = 0;           // since the first of them came
};

}  // namespace replica

// core/raft/test_group.h: a group of members for tests. Disks, links and time belong to the test, which decides what is durable,
// what arrives and when; after every step the group checks what Raft promises (figure 3 of the paper, and more):
//
//   election safety        one leader per term
//   leader append-only     a leader never takes back an entry of its own log
//   log matching           equal ids mean equal entries behind equal logs
//   leader completeness    whoever leads has every entry that was committed before
//   state machine safety   what one member commits at an index, all do
//   durability             nothing commits before the disks of a majority have it, whatever was acknowledged;
//                          a vote, an acknowledgement and a candidacy leave after what they stand on
//   linearizable reads     an answer covers whatever was committed anywhere when the question was asked
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/raft/raft.h"

namespace raft {

constexpr base::MemberId member(std::uint64_t id) { return base::MemberId(id); }
// Voters 1 to n.
Configuration voters(std::uint64_t count);

class TestGroup {
 public:
  struct Envelope {
    base::MemberId from;
    base::MemberId to;
    Message message;
  };
  struct Limits {
    std::uint32_t election_ticks = 10;
    FlowLimits flow;
    std::uint64_t uncommitted_bytes_max = 1U << 20U;
  };

  // All voters of the configuration are started, with empty logs.
  TestGroup(Configuration initial, Limits limits, std::uint64_t seed);

  // A member that knows of the group and does not belong to it yet, or an old one again.
  void start(base::MemberId id);
  // What was not durable is gone. Messages under way stay there.
  void crash(base::MemberId id);
  bool is_up(base::MemberId id) const { return nodes_.at(id).raft != nullptr; }
  std::vector<base::MemberId> members() const;  // up or down

  // Requires: it is up.
  const Raft& raft(base::MemberId id) const { return *nodes_.at(id).raft; }
  void step(base::MemberId id, const Input& input);
  void tick(base::MemberId id);
  void propose(base::MemberId id);
  void read(base::MemberId id);
  // The oldest writes become durable, and what waited for them is sent.
  void persist(base::MemberId id, std::size_t writes_max);
  std::size_t write_count(base::MemberId id) const { return nodes_.at(id).writes.size(); }
  // Forgets the front of its log, as far as is allowed and no further than this.
  void drop_through(base::MemberId id, base::LogIndex through);
  // What comes next of a snapshot that a leader was asked to send: under way, or given up.
  void answer_snapshot_wish(bool is_sent);

  std::deque<Envelope>& network() { return network_; }
  // Down, or no such message any more: nothing happens.
  void deliver(const Envelope& envelope);

  // Everything durable, everything delivered, in order, until nothing is left to do. True: that point was reached.
  bool settle();
  // The same with ticks, at most this many rounds, until `is_done`.
  template <typename Done>
  bool run(std::size_t rounds_max, Done&& is_done);

  // One line per member, for whoever looks at a failure.
  std::string to_text() const;

  // The one that leads in the latest term; none.
  base::MemberId leader() const;
  const std::vector<base::EntryId>& committed() const { return ledger_; }  // by anybody; the entry of index n stands at n - 1
  std::uint64_t read_count() const { return read_count_; }                 // answered
  const std::string& failure() const { return failure_; }                  // the first promise that was broken; empty: none
  const Output& last_output() const { return output_; }
  // Called after each step, before anything is sent.
  std::function<void(base::MemberId id)> on_step;
  std::map<std::string, std::uint64_t>& marks() { return marks_; }         // what happened, and how often

 private:
  struct Disk {
    base::HardState hard_state;
    base::EntryId last_dropped;
    Configuration configuration;
    std::vector<base::Entry> entries;
    base::EntryId last() const { return entries.empty() ? last_dropped : entries.back().id; }
    bool contains(base::EntryId id) const;
  };
  struct Write {
    std::optional<base::HardState> hard_state;
    std::optional<Snapshot> install;
    std::vector<base::Entry> entries;
    std::vector<Outbound> after;
    Persisted done;
  };
  struct Node {
    Disk disk;
    std::unique_ptr<Raft> raft;  // null: down
    std::deque<Write> writes;
    std::uint64_t incarnation = 0;
  };
  struct Known {  // of an entry
    base::EntryId previous;
    base::EntryKind kind;
    std::string bytes;
  };
  struct Before {
    Role role;
    base::Term term;
    base::LogIndex committed;
    base::EntryId last;
  };

  void check(base::MemberId id, const Node& node, const Before& before);
  void check_entries(base::MemberId id, const Node& node, const Before& before);
  void check_commit(base::MemberId id, const Node& node, base::LogIndex index, base::LogIndex last_before);
  bool is_durable(const Configuration& configuration, base::EntryId id) const;
  void check_promise(base::MemberId id, const Node& node, const Outbound& outbound);
  void send(base::MemberId from, Outbound outbound) { network_.push_back({from, outbound.to, std::move(outbound.message)}); }
  void fail(const std::string& what) {
    if (failure_.empty()) failure_ = what;
  }

  const Configuration initial_;
  const Limits limits_;
  const std::uint64_t seed_;
  std::map<base::MemberId, Node> nodes_;
  std::deque<Envelope> network_;
  std::deque<std::pair<base::MemberId, base::MemberId>> snapshot_wishes_;  // leader, member
  Output output_;
  std::uint64_t proposal_count_ = 0;

  std::map<base::Term, base::MemberId> leaders_;
  std::map<base::EntryId, Known> entries_;
  std::vector<base::EntryId> ledger_;
  std::set<std::string> commands_;                  // committed
  std::map<std::uint64_t, base::LogIndex> floors_;  // by read token: what was committed when it was asked
  std::uint64_t read_count_ = 0;
  std::uint64_t token_ = 0;
  std::map<std::string, std::uint64_t> marks_;
  std::string failure_;
};

template <typename Done>
bool TestGroup::run(std::size_t rounds_max, Done&& is_done) {
  for (std::size_t round = 0; round < rounds_max; ++round) {
    settle();
    if (is_done()) return true;
    for (auto& node : nodes_) {
      if (node.second.raft != nullptr) tick(node.first);
    }
  }
  settle();
  return is_done();
}

}  // namespace raft

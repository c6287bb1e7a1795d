#include "core/raft/test_group.h"

#include <algorithm>
#include <utility>

#include "core/base/assert.h"
#include "core/base/hash.h"

namespace raft {

Configuration voters(std::uint64_t count) {
  Configuration out;
  for (std::uint64_t id = 1; id <= count; ++id) out.members.push_back(Member{member(id), false, "m" + std::to_string(id), false, false});
  return out;
}

bool TestGroup::Disk::contains(base::EntryId id) const {
  if (id == last_dropped) return true;
  if (id.index <= last_dropped.index || id.index > last().index) return false;
  return entries[id.index.since(last_dropped.index) - 1].id == id;
}

TestGroup::TestGroup(Configuration initial, Limits limits, std::uint64_t seed)
    : initial_(std::move(initial)), limits_(limits), seed_(seed) {
  for (const base::MemberId id : initial_.voters()) start(id);
}

// --- life and death ---------------------------------------------------------------------------------

void TestGroup::start(base::MemberId id) {
  Node& node = nodes_[id];
  ASSERT(node.raft == nullptr);
  if (node.incarnation++ == 0) node.disk.configuration = initial_;
  const Disk& disk = node.disk;
  node.raft = std::make_unique<Raft>(Options{id, limits_.election_ticks, limits_.flow, limits_.uncommitted_bytes_max},
                                     Remembered{disk.hard_state, disk.last_dropped, disk.configuration, disk.entries,
                                                disk.last_dropped.index});
}

void TestGroup::crash(base::MemberId id) {
  Node& node = nodes_.at(id);
  node.raft.reset();
  node.writes.clear();
}

std::vector<base::MemberId> TestGroup::members() const {
  std::vector<base::MemberId> out;
  for (const auto& node : nodes_) out.push_back(node.first);
  return out;
}

// --- inputs -----------------------------------------------------------------------------------------

void TestGroup::step(base::MemberId id, const Input& input) {
  Node& node = nodes_.at(id);
  const Before before{node.raft->role(), node.raft->term(), node.raft->committed(), node.raft->log().last()};
  output_.clear();
  node.raft->step(input, output_);
  if (output_.hard_state || output_.install || !output_.entries.empty() || !output_.after_persist.empty()) {
    node.writes.push_back({output_.hard_state, output_.install, output_.entries, output_.after_persist,
                           {node.raft->term(), node.raft->log().last()}});
  }
  check(id, node, before);
  if (on_step) on_step(id);
  for (const Outbound& outbound : output_.messages) {
    check_promise(id, node, outbound);
    send(id, outbound);
  }
  if (!output_.snapshots.empty() && node.raft->role() != Role::leader) fail("member " + base::to_text(id) + " wants to send a snapshot and does not lead");
  for (const base::MemberId to : output_.snapshots) snapshot_wishes_.emplace_back(id, to);
  for (const ReadReady& ready : output_.reads) {
    const auto floor = floors_.find(ready.token.value);
    if (floor == floors_.end()) continue;  // answered before
    if (ready.index < floor->second) {
      fail("a read is answered at index " + base::to_text(ready.index) + ", although " + base::to_text(floor->second) + " was committed before");
    }
    floors_.erase(floor);
    ++read_count_;
  }
}

void TestGroup::tick(base::MemberId id) {
  const Node& node = nodes_.at(id);
  const std::uint64_t draw = base::mix64(base::mix64(seed_, id.value()), base::mix64(node.incarnation, node.raft->term().value()));
  step(id, Tick{static_cast<std::uint32_t>(draw % limits_.election_ticks)});
}

void TestGroup::propose(base::MemberId id) {
  step(id, Propose{{{base::EntryKind::command, std::make_shared<const std::string>("command " + std::to_string(++proposal_count_))}}});
}

void TestGroup::read(base::MemberId id) {
  floors_[++token_] = base::LogIndex(ledger_.size());
  step(id, ReadRequest{{token_}});
}

void TestGroup::persist(base::MemberId id, std::size_t writes_max) {
  Node& node = nodes_.at(id);
  std::vector<Outbound> after;
  std::optional<Persisted> done;
  for (; writes_max > 0 && !node.writes.empty(); --writes_max) {
    Write write = std::move(node.writes.front());
    node.writes.pop_front();
    Disk& disk = node.disk;
    if (write.hard_state) disk.hard_state = *write.hard_state;
    if (write.install) {
      disk.entries.clear();
      disk.last_dropped = write.install->last;
      disk.configuration = write.install->configuration;
    }
    for (const base::Entry& entry : write.entries) {
      if (entry.id.index <= disk.last_dropped.index) continue;
      while (disk.last().index >= entry.id.index) disk.entries.pop_back();
      ASSERT(entry.id.index == disk.last().index.next());
      disk.entries.push_back(entry);
    }
    after.insert(after.end(), write.after.begin(), write.after.end());
    done = write.done;
  }
  for (Outbound& outbound : after) {
    check_promise(id, node, outbound);
    send(id, std::move(outbound));
  }
  if (done) step(id, *done);
}

void TestGroup::drop_through(base::MemberId id, base::LogIndex through) {
  Node& node = nodes_.at(id);
  if (!node.writes.empty()) return;  // of what is durable the disk knows then, and raft too
  through = std::min({through, node.raft->committed(), node.disk.last().index});
  if (through <= node.disk.last_dropped.index) return;
  const base::LogStart start = node.raft->drop_through(through);
  Disk& disk = node.disk;
  disk.entries.erase(disk.entries.begin(), disk.entries.begin() + static_cast<std::ptrdiff_t>(through.since(disk.last_dropped.index)));
  disk.last_dropped = start.last_dropped;
  disk.configuration = *decode_configuration(start.configuration);
  ++marks_["log dropped"];
}

void TestGroup::answer_snapshot_wish(bool is_sent) {
  if (snapshot_wishes_.empty()) return;
  const auto [from, to] = snapshot_wishes_.front();
  snapshot_wishes_.pop_front();
  const Node& node = nodes_.at(from);
  if (node.raft == nullptr || node.raft->role() != Role::leader) return;
  if (is_sent) {
    send(from, {to, node.raft->snapshot_at(node.raft->committed())});
    ++marks_["snapshot sent"];
  }
  // Whether it arrives nobody knows: the answer tells, or the next attempt.
  step(from, SnapshotOver{to});
}

void TestGroup::deliver(const Envelope& envelope) {
  const auto node = nodes_.find(envelope.to);
  if (node == nodes_.end() || node->second.raft == nullptr) return;
  step(envelope.to, Received{envelope.from, envelope.message});
}

bool TestGroup::settle() {
  constexpr int kRoundsMax = 1'000;
  for (int i = 0; i < kRoundsMax; ++i) {
    bool is_quiet = network_.empty() && snapshot_wishes_.empty();
    for (auto& node : nodes_) {
      if (node.second.raft == nullptr || node.second.writes.empty()) continue;
      is_quiet = false;
      persist(node.first, node.second.writes.size());
    }
    if (is_quiet) return true;
    std::deque<Envelope> now;
    now.swap(network_);
    for (const Envelope& envelope : now) deliver(envelope);
    while (!snapshot_wishes_.empty()) answer_snapshot_wish(true);
  }
  return false;
}

base::MemberId TestGroup::leader() const {
  base::MemberId best;
  base::Term term;
  for (const auto& node : nodes_) {
    if (node.second.raft == nullptr || node.second.raft->role() != Role::leader || node.second.raft->term() < term) continue;
    best = node.first;
    term = node.second.raft->term();
  }
  return best;
}

std::string TestGroup::to_text() const {
  std::string out;
  for (const auto& node : nodes_) {
    out += "member " + base::to_text(node.first) + ": ";
    if (node.second.raft == nullptr) {
      out += "down\n";
      continue;
    }
    const Raft& raft = *node.second.raft;
    out += std::string(raft::to_text(raft.role())) + " term " + base::to_text(raft.term()) + " leader " + base::to_text(raft.leader()) + " log " +
           base::to_text(raft.log().last_dropped()) + ".." + base::to_text(raft.log().last()) + " committed " + base::to_text(raft.committed()) + " group";
    for (const Member& one : raft.configuration().members) {
      out += " " + base::to_text(one.id) + (one.is_learner ? "L" : "") + (one.is_outgoing ? "<" : "") + (one.is_leaving ? "!" : "");
    }
    for (const base::MemberId peer : members()) {
      const Progress* const progress = raft.progress(peer);
      if (progress == nullptr) continue;
      out += "; " + base::to_text(peer) + " at " + base::to_text(progress->matched()) + " next " + base::to_text(progress->next()) + " state " +
             std::to_string(static_cast<int>(progress->state()));
    }
    out += "\n";
  }
  return out;
}

// --- promises ---------------------------------------------------------------------------------------

void TestGroup::check(base::MemberId id, const Node& node, const Before& before) {
  const Raft& raft = *node.raft;
  if (raft.role() == Role::leader && (before.role != Role::leader || before.term != raft.term())) {
    ++marks_["leader elected"];
    const auto [known, is_new] = leaders_.emplace(raft.term(), id);
    if (!is_new && known->second != id) fail("two leaders in term " + base::to_text(raft.term()));
    // Who is elected late, when a later term has committed, need not have that.
    if (!ledger_.empty() && ledger_.back().term < raft.term() && raft.log().last_dropped().index.value() < ledger_.size() && !raft.log().contains(ledger_.back())) {
      fail("member " + base::to_text(id) + " leads term " + base::to_text(raft.term()) + " without the committed entry " + base::to_text(ledger_.back()));
    }
  }
  if (output_.install) {
    ++marks_["snapshot installed"];
    const base::EntryId last = output_.install->last;
    if (last.index.value() > ledger_.size() || ledger_[last.index.value() - 1] != last) fail("a snapshot of what was not committed");
  }
  check_entries(id, node, before);
  for (base::LogIndex index = before.committed.next(); index <= raft.committed(); index = index.next()) {
    if (index > raft.log().last_dropped().index) check_commit(id, node, index, before.last.index);
  }
}

void TestGroup::check_entries(base::MemberId id, const Node& node, const Before& before) {
  const Log& log = node.raft->log();
  for (const base::Entry& entry : output_.entries) {
    if (entry.id.index <= log.last_dropped().index) continue;
    const base::LogIndex previous = entry.id.index.previous();
    const Known known{{log.term_at(previous), previous}, entry.kind, std::string(entry.bytes())};
    const auto [there, is_new] = entries_.emplace(entry.id, known);
    const bool is_equal = there->second.previous == known.previous && there->second.kind == known.kind && there->second.bytes == known.bytes;
    if (!is_new && !is_equal) fail("two entries are called " + base::to_text(entry.id));
    if (before.role == Role::leader && node.raft->term() == before.term && entry.id.index <= before.last.index) {
      fail("the leader " + base::to_text(id) + " replaces its entry at index " + base::to_text(entry.id.index));
    }
  }
}

void TestGroup::check_commit(base::MemberId id, const Node& node, base::LogIndex index, base::LogIndex last_before) {
  const base::EntryId entry{node.raft->log().term_at(index), index};
  if (index.value() <= ledger_.size()) {
    if (ledger_[index.value() - 1] != entry) {
      fail("member " + base::to_text(id) + " commits " + base::to_text(entry) + " where " + base::to_text(ledger_[index.value() - 1]) + " was committed");
    }
    return;
  }
  ASSERT(index.value() == ledger_.size() + 1);
  const base::Entry& committed = node.raft->log().at(index);
  if (committed.kind == base::EntryKind::command && !commands_.insert(std::string(committed.bytes())).second) {
    fail("`" + std::string(committed.bytes()) + "` is committed twice");
  }
  ledger_.push_back(entry);
  ++marks_["committed"];
  // By what was in force when the step began: what it appended itself counts from the next one on.
  if (!is_durable(node.raft->configuration_at(std::min(last_before, node.raft->log().last().index)), entry)) fail(base::to_text(entry) + " is committed, and no majority has it durably");
}

bool TestGroup::is_durable(const Configuration& configuration, base::EntryId id) const {
  return Quorum(configuration).is_agreed([&](base::MemberId voter) {
    const auto node = nodes_.find(voter);
    return node != nodes_.end() && (node->second.disk.contains(id) || node->second.disk.last_dropped.index >= id.index);
  });
}

void TestGroup::check_promise(base::MemberId id, const Node& node, const Outbound& outbound) {
  const base::HardState& durable = node.disk.hard_state;
  if (const auto* vote = std::get_if<VoteReply>(&outbound.message); vote != nullptr && vote->is_granted && !vote->is_pre_vote) {
    if (durable.term < vote->term || (durable.term == vote->term && durable.voted_for != outbound.to)) {
      fail("a vote leaves that is not durable");
    }
  } else if (const auto* request = std::get_if<VoteRequest>(&outbound.message)) {
    // One that is over binds nobody, and its log may have gone meanwhile.
    const bool is_over = node.raft->role() != Role::candidate || node.raft->term() != request->term;
    const bool is_durable = is_over || durable.term > request->term ||
                            (durable.term == request->term && durable.voted_for == id &&
                             (node.disk.contains(request->last) || node.disk.last_dropped.index >= request->last.index));
    if (!request->is_pre_vote && !is_durable) fail("a candidacy leaves before its term and log are durable");
  } else if (const auto* reply = std::get_if<AppendReply>(&outbound.message); reply != nullptr && reply->is_accepted) {
    if (reply->term == node.raft->term() && node.disk.last().index < reply->index) fail("an acknowledgement leaves before its entries are durable");
  }
}

}  // namespace raft

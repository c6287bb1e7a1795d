// core/replica/replica.h: one member of one raft group, hosting any state machine.
//
// Drives raft::Raft on a World: persists what it asks, sends what it says, applies what it commits in slices, answers
// whoever waits. Everything proposed during one turn, or while the log is being written, shares the next write and
// sync. It knows nothing of its tenant but StateMachine, and nothing of the other members but Transport.
//
// What is committed is applied once it is durable in this member's own log as well: a store is never ahead of its log.
//
// A member that needs what the log no longer has gets a snapshot (snapshot.h). It counts from the moment at which the log names its
// store, durably.
//
// The parts: boot.h reads the durable log at start, log_writer.h makes outputs durable one batch at a time, proposals.h and reads.h
// keep who waits, outgoing_snapshots.h and incoming_snapshot.h what is on its way, disk_watch.h an eye on the disk. This class moves
// between raft, these and the state machine: start.cc begins it, apply.cc feeds the machine, replica.cc has the turns and the rest.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/raft/raft.h"
#include "core/replica/boot.h"
#include "core/replica/disk_watch.h"
#include "core/replica/incoming_snapshot.h"
#include "core/replica/log_writer.h"
#include "core/replica/outgoing_snapshots.h"
#include "core/replica/proposals.h"
#include "core/replica/reads.h"
#include "core/replica/state_machine.h"
#include "core/replica/transport.h"
#include "io/world.h"
#include "storage/wal/wal.h"

namespace replica {

struct Options {
  // Used when the log does not exist yet; afterwards the log's own words count.
  wal::Identity identity;
  raft::Configuration configuration;

  // A disaster's way out: at start the log is continued so that this member is the whole group, with all that is in its log, unless it is
  // alone already. What others have beyond that is lost, and no other member of the old group may ever run again.
  bool goes_on_alone = false;

  wal::Options wal;
  base::Duration tick_interval = std::chrono::milliseconds(100);
  std::uint32_t election_ticks = 10;
  raft::FlowLimits flow;
  std::uint32_t read_retry_ticks = 5;  // a follower's question to its leader that nobody has answered is asked again
  std::uint64_t forward_bytes_max = 1U << 20U;  // of commands in one message to the leader; one larger command goes alone

  // Work budget of a turn, the same in both worlds.
  std::uint64_t apply_slice_entries = 512;
  std::uint64_t apply_slice_bytes = 1U << 20U;
  std::uint64_t write_batch_bytes = 4U << 20U;  // of entries in one log write; one larger entry goes alone

  // Bounds. At each of them new proposals are refused as overloaded until the store has caught up.
  std::uint64_t unapplied_entries_max = 5000;                // committed, and not applied (etcd's gate)
  std::uint64_t unmaterialised_bytes_max = 64U << 20U;       // applied, and not in the store's files: apply pauses
  std::uint64_t kept_entries_max = 200'000;                  // of the log in memory, queued proposals included
  std::uint64_t kept_bytes_max = 256U << 20U;
  // The log is cut behind the store's durable mark, leaving this many entries for members that lag. A group of several leaves all
  // that half of the bounds allow: who needs what is gone needs a snapshot, which costs more.
  std::uint64_t catch_up_entries = 5000;
  std::uint64_t truncate_step_entries = 1000;  // not for fewer than this
  std::size_t snapshots_max = 2;               // being read for others at a time
};

class ReplicaListener {
 public:
  virtual void on_started() = 0;                         // files are open; proposals and reads are taken
  virtual void on_leader(base::MemberId leader) = 0;     // another leader, or another term of the same; none when it is lost
  // configuration() or settled_configuration() is another one than before. Within a call of the replica's: the listener makes a note.
  virtual void on_configuration() {}
  virtual void on_stopped(const base::Error& why) = 0;   // for good; the last call

 protected:
  ~ReplicaListener() = default;
};

struct Status {
  raft::Role role = raft::Role::follower;
  base::Term term;
  base::MemberId leader;
  base::LogIndex committed;
  base::LogIndex applied;
  base::Term applied_term;
  bool is_led = false;  // it leads, or has heard from its leader lately
  // A process that was stopped knows less of the group than it thinks: what the clock says of its ticks.
  base::Instant last_tick;
  base::Instant last_late_tick;  // the last one that came more than three intervals after the one before it
};

class Replica final : private io::EndOfTurn, private io::Timer, private StateMachineListener,
                      private BootListener, private LogWriterListener, private TransportListener,
                      private IncomingSnapshotListener {
 public:
  // All references outlive the replica. `transport` may be null for a group of one; it is started right after on_started(),
  // in which the tenant tells it of the others, and stopped with the replica.
  Replica(const io::World& world, Options options, StateMachine& machine, Transport* transport, ReplicaListener& listener);
  // Requires: close() has completed, start() was never called, or the member crashed.
  ~Replica();

  // Opens the log and the store; on_started() or on_stopped() follows.
  void start();

  // The orderly end: refuses whoever waits, leaves the state machine alone from here on, and completes once the
  // log's files are at rest; then destroy it. A crashed member need not. Requires: on_started() or on_stopped()
  // was called; once.
  void close(io::Completion& done);

  // Requires: started and not stopped. `command` is copied. An error is a refusal at the gate, without effect:
  // overloaded or unavailable. While no leader is known proposals wait; a waiting caller sets its own limit. One that was given to
  // a leader which then fails is never heard of again, unless it is applied: the same limit ends it.
  base::Status propose(std::string_view command, std::string_view user, std::uint64_t auth_revision, Proposal& proposal);
  base::Status gate() const;  // what propose() would refuse now
  void abandon(Proposal& proposal);  // nobody waits any more; the command may still take effect, unless it waits here for a leader

  // Requires: started and not stopped. To give up, ReadWait::unlink(). Without a leader it waits; refused as not_leader when another
  // leader comes while the question is under way.
  void read_index(ReadWait& wait);

  // Requires: started and not stopped. Of no effect unless this member leads and `to` is another voter; given up after an election
  // timeout. on_leader() tells of success. Proposals wait meanwhile.
  void transfer_leadership(base::MemberId to);
  // Another group, if this member leads; it is led into by way of a joint one, if voters change. An error is a refusal, certainly without
  // effect: not_leader, or overloaded while an earlier change, a hand-over or this leader's first commit is under way. What came of it
  // StateMachine::apply_configuration() tells. Requires: started and not stopped; `target` is not joint, and has a voter.
  base::Status propose_configuration(raft::Configuration target);
  // The voter that has most of the log among those that were heard of lately; none unless this member leads and there is one.
  base::MemberId successor() const;
  // As if that many heartbeat intervals had passed in silence: a member that has just started need not wait a whole election timeout.
  // Requires: started and not stopped; fewer than election_ticks.
  void hasten_election(std::uint32_t ticks);

  // For tests of size: bytes that propose() adds to the command.
  static std::uint64_t record_overhead_bytes(std::string_view user);

  const wal::Identity& identity() const { return identity_; }  // after on_started()
  const raft::Configuration& configuration() const;            // likewise; the newest in the log, which is in force
  const raft::Configuration& settled_configuration() const;    // likewise; the newest that can no longer be undone, as far as this member knows
  bool has_applied_configuration() const;                      // likewise; the state machine has heard of configuration()
  const raft::Configuration& first_configuration() const;      // likewise; where the kept log begins
  // Up to where this member, who leads, knows that the other one has the log durably; nothing if it does not lead, or of strangers.
  std::optional<base::LogIndex> matched(base::MemberId member) const;
  Status status() const;

 private:
  void on_end_of_turn() override;
  void on_timer() override;
  void on_booted(base::Result<Booted> booted) override;
  void on_log_written(const raft::Persisted& persisted, std::vector<raft::Outbound> promises) override;
  void on_log_failed(const base::Error& error) override;
  void on_durable(const base::StoreMark& mark) override;
  void on_room() override;
  void on_failed(const base::Error& error) override;
  void on_message(base::MemberId from, raft::Message message) override;
  void on_unreachable(base::MemberId peer) override;
  void on_snapshot_over(base::MemberId peer, base::Status status) override;
  std::unique_ptr<SnapshotSink> on_snapshot_offered(base::MemberId from, const raft::Snapshot& snapshot) override;
  void on_snapshot_arrived() override;
  void on_snapshot_installed(const base::Result<base::StoreMark>& store) override;

  base::Status check_boot(const wal::State& state) const;
  base::Status begin_alone(Booted booted);  // writes the log's new end, and then begins
  void begin(const wal::State& state, std::optional<Booted> log);
  bool is_running() const { return raft_ != nullptr && !stopped_; }
  void wake();  // asks for the end of this turn
  void step(const raft::Input& input);
  void perform();  // what the step asked for
  void send(std::vector<raft::Outbound>& messages);
  void tell_part();
  void flush_proposals();
  bool propose_queued(std::uint64_t bytes_max);  // false: refused, and still queued
  bool pass_on(const raft::Message& message);    // true: it is a proposal for the leader that this member was
  void flush_reads();
  void ask_again();
  void note_tick();
  void watch_disk();
  bool has_room_for(const raft::Message& message) const;
  void take_arrived();
  void begin_install(const raft::Snapshot& snapshot);
  void tell_configuration();
  base::LogIndex may_apply_to() const;
  void observe_commits();
  void apply_slice();
  void apply_one(const base::Entry& entry);
  void truncate_log();
  bool is_crowded() const;  // past half of a bound: the log wants to be truncated
  std::uint32_t election_jitter_ticks();
  void stop(const base::Error& why);
  void halt(const std::string& why);  // nothing happens by itself any more; whoever waits is refused

  const io::World& world_;
  const Options options_;
  StateMachine& machine_;
  Transport* const transport_;
  ReplicaListener& listener_;

  wal::Identity identity_;
  std::unique_ptr<raft::Raft> raft_;  // null until booted
  std::optional<wal::State> alone_;   // while the log's new end is being written: what it says then
  raft::Output output_;               // reused
  bool stopped_ = false;
  io::Completion* closing_ = nullptr;
  bool awake_ = false;                // a hook for the end of this turn is set
  bool hurry_ = false;                // more to apply: a hook for the next turn is set
  io::PartTaken part_told_;
  bool is_asked_to_lead_ = false;     // by the message that is being handled
  base::MemberId leader_told_;
  base::Term leader_term_told_;
  base::LogIndex commit_observed_;
  base::EntryId applied_;
  base::StoreMark durable_;           // of the store, as it says

  Proposals proposals_;
  Reads reads_;
  OutgoingSnapshots outgoing_;
  IncomingSnapshot incoming_;
  DiskWatch disk_watch_;
  base::Instant last_tick_;
  base::Instant last_late_tick_;
  base::Term led_term_;      // the last one that this incarnation led
  bool is_refused_ = false;  // the leader, this member, takes no proposals now: not before the next tick
  std::uint64_t configurations_told_ = 0;
  bool is_certain_told_ = false;
  base::Term jitter_term_;
  std::uint32_t jitter_ticks_ = 0;
  bool has_jitter_ = false;

  Boot boot_;
  std::unique_ptr<LogWriter> writer_;  // last: destroyed first
};

}  // namespace replica

// core/etcd/state_machine.h: etcd, as a deterministic state machine on a store of its own.
//
// Commands come through the log and leave the same state on every member. The checks that a command must pass
// when it is applied are here (behaviour reference §2.1, gate 7); those that the request alone decides were
// made before it was proposed.
#pragma once

#include <memory>
#include <string>

#include "core/api/membership.pb.h"
#include "core/base/assert.h"
#include "core/base/ids.h"
#include "core/etcd/answer.h"
#include "core/etcd/compactor.h"
#include "core/etcd/members.h"
#include "core/etcd/open_store.h"
#include "core/replica/state_machine.h"
#include "io/world.h"
#include "storage/mvcc/hash.h"
#include "storage/mvcc/store.h"
#include "storage/sqlite/backend.h"
#include "storage/sqlite/receiver.h"

namespace etcd {

// Told when a configuration has been applied, or a snapshot installed; within that, so the listener makes a note.
class AppliedGroupListener {
 public:
  virtual void on_group_applied() = 0;

 protected:
  ~AppliedGroupListener() = default;
};

// Told what changes in the store, and when another one takes its place.
class StoreFollower : public mvcc::ChangeListener {
 public:
  // A snapshot was installed. It stands at `old_current` or later, and the compacted revision may have passed that too.
  virtual void on_store_replaced(mvcc::Revision old_current) = 0;

 protected:
  ~StoreFollower() = default;
};

class StateMachine final : public replica::StateMachine, private sqlite::BackendListener, private mvcc::ChangeListener {
 public:
  StateMachine(const io::World& world, sqlite::BackendOptions options, CompactionPace pace = {});
  // Requires: !is_open(), close() has completed, or the member crashed.
  ~StateMachine() = default;

  // Who answers: header fields of responses. Before it is known nobody waits for one.
  void set_identity(base::ClusterId cluster, base::MemberId member);

  // Whoever is to hear of it; at most one.
  void set_group_listener(AppliedGroupListener& listener) { group_listener_ = &listener; }

  // Null: nobody follows any more. At most one.
  void set_follower(StoreFollower* follower) { follower_ = follower; }

  // The store's files are open, and close() is due before this is destroyed.
  bool is_open() const { return open_ != nullptr && open_->is_open(); }
  // No entry is applied any more; completes when the files are at rest. Whoever waits for an install waits in vain. Requires: is_open().
  void close(io::Completion& done);

  // For reads, between entries. An install puts others in the place of these: whoever reads over several turns looks at generation()
  // on each, and begins anew or gives up when it is another one.
  base::StoreGeneration generation() const { return open_store().generation(); }
  mvcc::Store& store() { return open_store().store(); }
  const Members& members() const { return open_store().members(); }
  sqlite::Backend& backend() { return open_store().backend(); }
  const sqlite::Backend& backend() const { return open_store().backend(); }
  // With the store's current revision.
  Header header() const;
  // `revision` is the client's number. Not used any more when generation() is another one.
  mvcc::HashScan scan_hash(std::int64_t revision) { return {store(), open_store().backend(), revision}; }
  // See Compactor::wait(). An install does not end the wait.
  void wait_for_removal(RemovalWait& wait) { open_store().compactor().wait(wait); }

  // replica::StateMachine
  void open(const base::StoreMark& mark, base::LogIndex first_kept, replica::StateMachineListener& listener,
            io::Completion& done) override;
  base::LogIndex applied() const override { return backend().applied(); }
  base::Hash128 state_hash() const override { return backend().state(); }
  base::Result<replica::Effect> apply(const replica::Command& command, std::string* response) override;
  replica::Effect apply_empty(base::EntryId id) override;
  replica::Effect apply_configuration(base::EntryId id, const raft::Configuration& configuration) override;
  std::uint64_t unmaterialised_bytes() const override { return backend().unmaterialised_bytes(); }
  void want_durable() override { open_store().backend().want_durable(); }
  base::Result<std::unique_ptr<replica::SnapshotSource>> take_snapshot() override;
  std::unique_ptr<replica::SnapshotSink> receive_snapshot(const base::StoreMark& mark) override;
  void install(const base::StoreMark& mark, io::Completion& done) override;

 private:
  // One step of a change of generations, or of closing.
  template <void (StateMachine::*kHandler)(base::Status)>
  class Step final : public io::Completion {
   public:
    explicit Step(StateMachine& machine) : machine_(machine) {}
    void complete(base::Status status) override { (machine_.*kHandler)(std::move(status)); }

   private:
    StateMachine& machine_;
  };

  OpenStore& open_store() {
    ASSERT(open_ != nullptr);
    return *open_;
  }
  const OpenStore& open_store() const {
    ASSERT(open_ != nullptr);
    return *open_;
  }
  std::unique_ptr<OpenStore> make_store();

  void on_durable(const base::StoreMark& mark) override { listener_->on_durable(mark); }
  void on_room() override;
  void on_changes(mvcc::Revision revision, const std::vector<mvcc::KeyChange>& changes) override {
    if (follower_ != nullptr) follower_->on_changes(revision, changes);
  }
  void on_failed(const base::Error& error) override { listener_->on_failed(error); }

  void on_old_at_rest(base::Status status);
  void on_new_open(base::Status status);
  base::Status check_successor() const;
  void on_part_closed(base::Status status);

  // A command of the KV service: `message` is the client's request.
  template <typename Request>
  base::Status apply_request(const replica::Command& command, std::string_view message, std::string* response);
  void publish(const membershippb::Member& member, std::string* response);

  // Of an answer that knows its revision better.
  Header header_at(base::Term term) const { return {cluster_, member_, mvcc::Revision(), term}; }

  const io::World world_;
  const sqlite::BackendOptions options_;
  const CompactionPace pace_;
  replica::StateMachineListener* listener_ = nullptr;
  AppliedGroupListener* group_listener_ = nullptr;
  StoreFollower* follower_ = nullptr;
  std::unique_ptr<OpenStore> open_;

  enum class Change : std::uint8_t { none, closing_old, opening_new };
  Change change_ = Change::none;     // of generations
  std::unique_ptr<OpenStore> next_;  // opening_new: it takes the place of open_, which changes no more
  base::StoreMark installing_;
  io::Completion* installed_ = nullptr;
  Step<&StateMachine::on_old_at_rest> old_at_rest_{*this};
  Step<&StateMachine::on_new_open> new_open_{*this};

  io::Completion* closed_ = nullptr;  // from close() on
  int open_part_count_ = 0;           // while closing
  Step<&StateMachine::on_part_closed> part_closed_{*this};

  base::ClusterId cluster_;
  base::MemberId member_;

  sqlite::Receiver receiver_;
  const std::unique_ptr<io::WorkQueue> queue_;  // first to go: its jobs use all of the above
};

}  // namespace etcd

// core/etcd/state_machine.h: etcd, as a deterministic state machine on a store of its own.
//
// Commands come through the log and leave the same state on every member. The checks that a command must pass
// when it is applied are here (behaviour reference §2.1, gate 7); those that the request alone decides were
// made before it was proposed.
#pragma once

#include <optional>
#include <string>

#include "core/api/membership.pb.h"
#include "core/base/ids.h"
#include "core/etcd/answer.h"
#include "core/etcd/compactor.h"
#include "core/etcd/members.h"
#include "core/replica/state_machine.h"
#include "io/world.h"
#include "storage/mvcc/hash.h"
#include "storage/mvcc/loader.h"
#include "storage/mvcc/store.h"
#include "storage/sqlite/backend.h"

namespace etcd {

// Told when a configuration has been applied; within an entry, so the listener makes a note.
class AppliedGroupListener {
 public:
  virtual void on_group_applied() = 0;

 protected:
  ~AppliedGroupListener() = default;
};

class StateMachine final : public replica::StateMachine,
                           private io::Completion,
                           private sqlite::RowVisitor,
                           private sqlite::BackendListener {
 public:
  StateMachine(const io::World& world, sqlite::BackendOptions options, CompactionPace pace = {});
  // Requires: !is_open(), close() has completed, or the member crashed.
  ~StateMachine() = default;

  // Who answers: header fields of responses. Before it is known nobody waits for one.
  void set_identity(base::ClusterId cluster, base::MemberId member);

  // Whoever is to hear of it; at most one.
  void set_group_listener(AppliedGroupListener& listener) { group_listener_ = &listener; }

  // The store's files are open, and close() is due before this is destroyed.
  bool is_open() const { return is_open_; }
  // No entry is applied any more; completes when the store's files are at rest. Requires: is_open().
  void close(io::Completion& done);

  // For reads, between entries.
  mvcc::Store& store() { return store_; }
  const Members& members() const { return members_; }
  const sqlite::Backend& backend() const { return backend_; }
  // With the store's current revision.
  Header header() const;
  // `revision` is the client's number.
  mvcc::HashScan scan_hash(std::int64_t revision) { return {store_, backend_, revision}; }
  // See Compactor::wait().
  void wait_for_removal(RemovalWait& wait) { compactor_.wait(wait); }

  // replica::StateMachine
  void open(const base::StoreMark& mark, base::LogIndex first_kept, replica::StateMachineListener& listener,
            io::Completion& done) override;
  base::LogIndex applied() const override { return backend_.applied(); }
  base::Hash128 state_hash() const override { return backend_.state(); }
  base::Result<replica::Effect> apply(const replica::Command& command, std::string* response) override;
  replica::Effect apply_empty(base::EntryId id) override;
  replica::Effect apply_configuration(base::EntryId id, const raft::Configuration& configuration) override;
  std::uint64_t unmaterialised_bytes() const override { return backend_.unmaterialised_bytes(); }
  void want_durable() override { backend_.want_durable(); }
  base::Result<std::unique_ptr<replica::SnapshotSource>> take_snapshot() override;
  std::unique_ptr<replica::SnapshotSink> receive_snapshot(const base::StoreMark& mark) override;
  void install(const base::StoreMark& mark, io::Completion& done) override;

 private:
  void complete(base::Status status) override;           // of opening the backend
  void on_row(const sqlite::RowView& row) override;
  void on_durable(const base::StoreMark& mark) override { listener_->on_durable(mark); }
  void on_room() override;
  void on_failed(const base::Error& error) override { listener_->on_failed(error); }

  // A command of the KV service: `message` is the client's request.
  template <typename Request>
  base::Status apply_request(const replica::Command& command, std::string_view message, std::string* response);
  void publish(const membershippb::Member& member, std::string* response);

  // Of an answer that knows its revision better.
  Header header_at(base::Term term) const { return {cluster_, member_, mvcc::Revision(), term}; }

  sqlite::Backend backend_;
  mvcc::Store store_;
  Compactor compactor_;
  Members members_;
  mvcc::Loader loader_;  // while opening
  replica::StateMachineListener* listener_ = nullptr;
  AppliedGroupListener* group_listener_ = nullptr;
  io::Completion* opening_ = nullptr;
  bool is_open_ = false;
  base::ClusterId cluster_;
  base::MemberId member_;
};

}  // namespace etcd

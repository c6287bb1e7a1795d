#include "core/etcd/state_machine.h"

#include <utility>

#include "core/base/assert.h"
#include "core/etcd/apply_kv.h"
#include "core/etcd/command.h"
#include "core/etcd/parse.h"
#include "core/etcd/version.h"

namespace etcd {

namespace {

// Every member would stop here alike: the entry was written by a version that knows more than this one.
base::Status unknown_command(base::EntryId id) {
  return base::fail(base::Code::invalid, "the log entry " + base::to_text(id) +
                                             " holds a command that this version does not know; use the version that wrote it");
}

}  // namespace

StateMachine::StateMachine(const io::World& world, sqlite::BackendOptions options, CompactionPace pace)
    : world_(world),
      options_(std::move(options)),
      pace_(pace),
      receiver_(world, options_),
      queue_(world.workers.open_queue("store")) {}

void StateMachine::set_identity(base::ClusterId cluster, base::MemberId member) {
  ASSERT(member != base::MemberId::none);
  cluster_ = cluster;
  member_ = member;
}

Header StateMachine::header() const {
  return {cluster_, member_, open_store().store().current(), open_store().backend().applied_term()};
}

std::unique_ptr<OpenStore> StateMachine::make_store() {
  auto made = std::make_unique<OpenStore>(world_, options_, pace_, *queue_);
  made->store().set_listener(*this);
  return made;
}

// --- opening and closing ------------------------------------------------------------------------------

void StateMachine::open(const base::StoreMark& mark, base::LogIndex first_kept, replica::StateMachineListener& listener,
                        io::Completion& done) {
  ASSERT(open_ == nullptr);
  listener_ = &listener;
  open_ = make_store();
  open_->open(mark, first_kept, *this, done);
}

void StateMachine::on_room() {
  open_store().compactor().on_room();
  listener_->on_room();
}

void StateMachine::close(io::Completion& done) {
  ASSERT(closed_ == nullptr);
  closed_ = &done;
  installed_ = nullptr;
  open_part_count_ = 2;
  receiver_.close(part_closed_);
  switch (change_) {
    case Change::none: return open_store().close(part_closed_);
    case Change::closing_old: return;  // on_old_at_rest() goes on
    case Change::opening_new: return next_->close(part_closed_);
  }
}

void StateMachine::on_part_closed(base::Status /*status*/) {
  ASSERT(open_part_count_ > 0);
  if (--open_part_count_ == 0) closed_->complete({});
}

// --- snapshots --------------------------------------------------------------------------------------

namespace {

class Source final : public replica::SnapshotSource {
 public:
  explicit Source(std::unique_ptr<sqlite::Snapshot> snapshot) : snapshot_(std::move(snapshot)) {}
  base::LogIndex applied() const override { return snapshot_->applied(); }
  base::Result<bool> read(std::size_t bytes, std::string& piece) override { return snapshot_->read(bytes, piece); }

 private:
  const std::unique_ptr<sqlite::Snapshot> snapshot_;
};

class Sink final : public replica::SnapshotSink {
 public:
  explicit Sink(sqlite::Receiver::Attempt& attempt) : attempt_(attempt) {}
  ~Sink() override { attempt_.let_go(); }
  void take(std::string piece, io::Completion& done) override { attempt_.take(std::move(piece), done); }
  void end(io::Completion& done) override { attempt_.end(done); }

 private:
  sqlite::Receiver::Attempt& attempt_;
};

}  // namespace

base::Result<std::unique_ptr<replica::SnapshotSource>> StateMachine::take_snapshot() {
  // Who was just sent one may lead before it is installed.
  if (change_ != Change::none) return base::fail(base::Code::overloaded, "another store is being installed");
  base::Result<std::unique_ptr<sqlite::Snapshot>> snapshot = open_store().backend().take_snapshot();
  if (!snapshot) return base::fail(snapshot.error());
  return std::make_unique<Source>(std::move(*snapshot));
}

std::unique_ptr<replica::SnapshotSink> StateMachine::receive_snapshot(const base::StoreMark& mark) {
  ASSERT(mark.generation != generation());
  if (change_ != Change::none || closed_ != nullptr) return nullptr;
  return std::make_unique<Sink>(receiver_.begin(mark));
}

// The old one answers reads until the new one is open. Its running job ends first: two stores at work share nothing but the queue, but
// what the old one still wrote would go with it.
void StateMachine::install(const base::StoreMark& mark, io::Completion& done) {
  ASSERT(change_ == Change::none);
  ASSERT(closed_ == nullptr);
  ASSERT(mark.generation != generation());
  change_ = Change::closing_old;
  installing_ = mark;
  installed_ = &done;
  open_store().close(old_at_rest_);
}

void StateMachine::on_old_at_rest(base::Status status) {
  ASSERT(change_ == Change::closing_old);
  if (closed_ != nullptr) return on_part_closed(std::move(status));
  change_ = Change::opening_new;
  next_ = make_store();
  next_->open(installing_, installing_.applied.next(), *this, new_open_);
}

void StateMachine::on_new_open(base::Status status) {
  ASSERT(change_ == Change::opening_new);
  if (closed_ != nullptr) return;  // its close() was asked for
  const mvcc::Revision old_current = open_->store().current();
  if (status) status = check_successor();
  if (!status) return std::exchange(installed_, nullptr)->complete(std::move(status));
  next_->compactor().take_over(open_->compactor());
  open_ = std::move(next_);
  change_ = Change::none;
  if (group_listener_ != nullptr) group_listener_->on_group_applied();
  if (follower_ != nullptr) follower_->on_store_replaced(old_current);
  std::exchange(installed_, nullptr)->complete({});
}

// What no snapshot of this group can be, unless some member is wrong about the group's past.
base::Status StateMachine::check_successor() const {
  if (next_->backend().applied() != installing_.applied) {
    return base::fail(base::Code::damaged, "the store that was received stands at log index " + base::to_text(next_->backend().applied()) +
                                               " instead of " + base::to_text(installing_.applied));
  }
  const bool goes_back = next_->store().current() < open_->store().current() || next_->store().compacted() < open_->store().compacted();
  if (!goes_back) return {};
  return base::fail(base::Code::damaged, "the store that was received is of a later log index and yet behind this one's revisions");
}

// --- applying ---------------------------------------------------------------------------------------

replica::Effect StateMachine::apply_empty(base::EntryId id) {
  ASSERT(change_ == Change::none);
  const sqlite::Changes changes = open_store().backend().finish_entry(id);
  return {changes.effect, changes.state};
}

replica::Effect StateMachine::apply_configuration(base::EntryId id, const raft::Configuration& configuration) {
  open_store().members().follow(configuration);
  const replica::Effect effect = apply_empty(id);
  if (group_listener_ != nullptr) group_listener_->on_group_applied();
  return effect;
}

template <typename Request>
base::Status StateMachine::apply_request(const replica::Command& command, std::string_view message, std::string* response) {
  Request request;
  if (!parse(request, message)) return unknown_command(command.id);
  return etcd::apply(store(), request, header_at(command.id.term), response);
}

base::Result<replica::Effect> StateMachine::apply(const replica::Command& command, std::string* response) {
  const std::optional<CommandView> view = decode_command(command.bytes);
  if (!view) return base::fail(unknown_command(command.id).error());
  base::Status status;
  switch (view->kind) {
    case CommandKind::put: status = apply_request<etcdserverpb::PutRequest>(command, view->message, response); break;
    case CommandKind::delete_range: status = apply_request<etcdserverpb::DeleteRangeRequest>(command, view->message, response); break;
    case CommandKind::txn: status = apply_request<etcdserverpb::TxnRequest>(command, view->message, response); break;
    case CommandKind::compact:
      status = apply_request<etcdserverpb::CompactionRequest>(command, view->message, response);
      open_store().compactor().wake();
      break;
    case CommandKind::publish_member: {
      membershippb::Member member;
      if (parse(member, view->message)) {
        publish(member, response);
      } else {
        status = unknown_command(command.id);
      }
      break;
    }
    case CommandKind::set_cluster_version: {
      membershippb::ClusterVersionSetRequest request;
      if (parse(request, view->message) && parse_version(request.ver())) {
        open_store().members().set_cluster_version(request);
        if (response != nullptr) begin_ok(*response);
      } else {
        status = unknown_command(command.id);
      }
      break;
    }
  }
  if (!status) return base::fail(status.error());
  return apply_empty(command.id);
}

void StateMachine::publish(const membershippb::Member& member, std::string* response) {
  if (member.id() != 0) open_store().members().publish(member);
  if (response != nullptr) begin_ok(*response);
}

}  // namespace etcd

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
    : backend_(world, std::move(options)),
      store_(backend_),
      compactor_(world.clock, store_, backend_, pace),
      members_(backend_) {}

void StateMachine::set_identity(base::ClusterId cluster, base::MemberId member) {
  ASSERT(member != base::MemberId::none);
  cluster_ = cluster;
  member_ = member;
}

Header StateMachine::header() const { return {cluster_, member_, store_.current(), backend_.applied_term()}; }

// --- opening ----------------------------------------------------------------------------------------

void StateMachine::open(const base::StoreMark& mark, base::LogIndex first_kept, replica::StateMachineListener& listener,
                        io::Completion& done) {
  ASSERT(opening_ == nullptr);
  listener_ = &listener;
  opening_ = &done;
  backend_.open(mark, first_kept, *this, *this, *this);
}

void StateMachine::on_row(const sqlite::RowView& row) {
  switch (row.bucket) {
    case sqlite::Bucket::key:
    case sqlite::Bucket::compaction: return loader_.on_row(row);
    case sqlite::Bucket::members: return members_.on_row(row);
    case sqlite::Bucket::lease:
    case sqlite::Bucket::auth:
    case sqlite::Bucket::alarm: return;  // not written yet
  }
}

void StateMachine::complete(base::Status status) {
  ASSERT(opening_ != nullptr);
  io::Completion& done = *std::exchange(opening_, nullptr);
  if (!status) return done.complete(std::move(status));
  is_open_ = true;
  base::Result<mvcc::Loaded> loaded = loader_.take();
  if (!loaded) return done.complete(base::fail(std::move(loaded.error())));
  if (base::Status members = members_.loaded(); !members) return done.complete(std::move(members));
  store_.adopt(std::move(*loaded));
  compactor_.wake();  // a crash may have brought rows back
  done.complete({});
}

void StateMachine::close(io::Completion& done) {
  compactor_.stop();
  backend_.close(done);
}

void StateMachine::on_room() {
  compactor_.on_room();
  listener_->on_room();
}

// --- snapshots --------------------------------------------------------------------------------------

base::Result<std::unique_ptr<replica::SnapshotSource>> StateMachine::take_snapshot() {
  return base::fail(base::Code::overloaded, "the store cannot be read as a whole yet");
}

std::unique_ptr<replica::SnapshotSink> StateMachine::receive_snapshot(const base::StoreMark&) { return nullptr; }

void StateMachine::install(const base::StoreMark&, io::Completion&) { ASSERT(false && "nothing was received"); }

// --- applying ---------------------------------------------------------------------------------------

replica::Effect StateMachine::apply_empty(base::EntryId id) {
  const sqlite::Changes changes = backend_.finish_entry(id);
  return {changes.effect, changes.state};
}

replica::Effect StateMachine::apply_configuration(base::EntryId id, const raft::Configuration& configuration) {
  members_.follow(configuration);
  const replica::Effect effect = apply_empty(id);
  if (group_listener_ != nullptr) group_listener_->on_group_applied();
  return effect;
}

template <typename Request>
base::Status StateMachine::apply_request(const replica::Command& command, std::string_view message, std::string* response) {
  Request request;
  if (!parse(request, message)) return unknown_command(command.id);
  return etcd::apply(store_, request, header_at(command.id.term), response);
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
      compactor_.wake();
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
        members_.set_cluster_version(request);
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
  if (member.id() != 0) members_.publish(member);
  if (response != nullptr) begin_ok(*response);
}

}  // namespace etcd

#include "core/etcd/state_machine.h"

#include <limits>
#include <utility>
#include <vector>

#include "core/base/assert.h"
#include "core/etcd/command.h"
#include "storage/mvcc/proto_wire.h"
#include "storage/mvcc/record.h"

namespace etcd {

namespace {

constexpr std::uint32_t kPutPrevKv = 2;      // etcdserverpb.PutResponse
constexpr std::uint32_t kDeleted = 2;        // etcdserverpb.DeleteRangeResponse
constexpr std::uint32_t kDeletePrevKvs = 3;  // likewise

template <typename Message>
bool parse(Message& message, std::string_view bytes) {
  return bytes.size() <= std::numeric_limits<int>::max() &&
         message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

// Every member would stop here alike: the entry was written by a version that knows more than this one.
base::Status unknown_command(base::EntryId id) {
  return base::fail(base::Code::invalid, "the log entry " + base::to_text(id) +
                                             " holds a command that this version does not know; use the version that wrote it");
}

}  // namespace

StateMachine::StateMachine(const io::World& world, sqlite::BackendOptions options)
    : backend_(world, std::move(options)), store_(backend_), members_(backend_) {}

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
    case sqlite::Bucket::key: return loader_.on_row(row);
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
  done.complete({});
}

// --- applying ---------------------------------------------------------------------------------------

replica::Effect StateMachine::apply_empty(base::EntryId id) {
  const sqlite::Changes changes = backend_.finish_entry(id);
  return {changes.effect, changes.state};
}

base::Result<replica::Effect> StateMachine::apply(const replica::Command& command, std::string* response) {
  const std::optional<CommandView> view = decode_command(command.bytes);
  if (!view) return base::fail(unknown_command(command.id).error());
  base::Status status;
  switch (view->kind) {
    case CommandKind::put: {
      etcdserverpb::PutRequest request;
      status = parse(request, view->message) ? put(request, command.id.term, response) : unknown_command(command.id);
      break;
    }
    case CommandKind::delete_range: {
      etcdserverpb::DeleteRangeRequest request;
      status = parse(request, view->message) ? delete_range(request, command.id.term, response) : unknown_command(command.id);
      break;
    }
    case CommandKind::publish_member: {
      membershippb::Member member;
      if (parse(member, view->message)) {
        publish(member, response);
      } else {
        status = unknown_command(command.id);
      }
      break;
    }
  }
  if (!status) return base::fail(status.error());
  return apply_empty(command.id);
}

base::Status StateMachine::put(const etcdserverpb::PutRequest& request, base::Term term, std::string* response) {
  const auto refuse = [&](ErrorId id) {
    if (response != nullptr) append_error(*response, id);
    return base::Status();
  };
  // There are no leases yet, so none can be found.
  if (request.lease() != 0) return refuse(ErrorId::lease_not_found);
  const bool keeps = request.ignore_value() || request.ignore_lease();
  const bool wants_previous = response != nullptr && request.prev_kv();
  const mvcc::KeyVersion* found = nullptr;  // looked for only when it matters
  if (keeps || wants_previous) found = store_.find(request.key(), store_.newest());
  if (keeps && found == nullptr) return refuse(ErrorId::key_not_found);

  // Read before anything changes: a failed read must leave no trace.
  mvcc::Record previous;
  std::string_view previous_bytes;
  if (found != nullptr) {
    const base::Result<std::string_view> bytes = store_.read(*found);
    if (!bytes) return base::fail(bytes.error());
    const base::Result<mvcc::Record> record = mvcc::decode(*bytes);
    if (!record) return base::fail(record.error());
    previous = *record;
    previous_bytes = *bytes;
  }
  // Spliced before the put: the view is of a row that the put leaves alone, but it costs nothing to be sure.
  std::string prev_kv;
  if (wants_previous && found != nullptr) mvcc::wire::append_message(prev_kv, kPutPrevKv, previous_bytes);

  store_.begin_entry();
  store_.put(request.key(), request.ignore_value() ? previous.value : std::string_view(request.value()),
             request.ignore_lease() ? previous.lease : request.lease());
  store_.end_entry();
  if (response != nullptr) {
    begin_ok(*response);
    append_header(*response, header_after(term));
    response->append(prev_kv);
  }
  return {};
}

base::Status StateMachine::delete_range(const etcdserverpb::DeleteRangeRequest& request, base::Term term,
                                        std::string* response) {
  const mvcc::KeyRange range{request.key(), request.range_end()};
  std::string prev_kvs;
  if (response != nullptr && request.prev_kv()) {
    std::vector<mvcc::Found> doomed;
    store_.find(range, store_.newest(), std::numeric_limits<std::uint64_t>::max(), doomed);
    for (const mvcc::Found& found : doomed) {
      const base::Result<std::string_view> bytes = store_.read(found.version);
      if (!bytes) return base::fail(bytes.error());
      mvcc::wire::append_message(prev_kvs, kDeletePrevKvs, *bytes);
    }
  }
  store_.begin_entry();
  const std::uint64_t deleted = store_.erase(range);
  store_.end_entry();
  if (response != nullptr) {
    begin_ok(*response);
    append_header(*response, header_after(term));
    mvcc::wire::append_int64(*response, kDeleted, static_cast<std::int64_t>(deleted));
    response->append(prev_kvs);
  }
  return {};
}

void StateMachine::publish(const membershippb::Member& member, std::string* response) {
  if (member.id() != 0) members_.publish(member);
  if (response != nullptr) begin_ok(*response);
}

}  // namespace etcd

#include "sim/etcd/kv_oracle.h"

#include <algorithm>
#include <utility>

#include "core/api/kv.pb.h"
#include "core/api/maintenance.pb.h"
#include "core/base/assert.h"
#include "core/base/text.h"
#include "core/etcd/parse.h"
#include "core/replica/command.h"
#include "sim/etcd/answer_text.h"
#include "sim/etcd/difference.h"
#include "sim/etcd/hash_model.h"
#include "sim/etcd/outcome.h"
#include "sim/etcd/txn_model.h"

namespace sim::etcd {

namespace {

constexpr std::size_t kAnswerShownBytes = 600;  // of a message in a verdict

KeyValues to_wire(const std::vector<ModelKeyValue>& kvs) {
  KeyValues out;
  for (const ModelKeyValue& kv : kvs) *out.Add() = to_wire(kv);
  return out;
}

// What a request gets that is not in order.
bool may_be_programs_fault(rpc::StatusCode code) {
  return code == rpc::StatusCode::invalid_argument || code == rpc::StatusCode::not_found || code == rpc::StatusCode::failed_precondition;
}

using ::etcd::parse;

}  // namespace

// --- the log ----------------------------------------------------------------------------------------

void KvOracle::on_committed(const base::Entry& entry) {
  ASSERT(entry.id.index.value() == positions_.size() + 1);
  if (entry.kind == base::EntryKind::command) on_command(entry);
  positions_.push_back({model_.revision(), model_.compacted()});
}

std::optional<ModelPosition> KvOracle::position(base::LogIndex index) const {
  if (index == base::LogIndex()) return ModelPosition();
  if (index.value() > positions_.size()) return std::nullopt;
  return positions_[index.value() - 1];
}

void KvOracle::on_command(const base::Entry& entry) {
  const base::Result<replica::DecodedCommand> record = replica::decode_command(entry.bytes());
  if (!record) return findings_.safety(kName, "a committed entry is no command record: " + record.error().detail);
  const std::optional<::etcd::CommandView> command = ::etcd::decode_command(record->bytes);
  if (!command) return findings_.safety(kName, "a committed command is of no known kind");
  if (listener_ != nullptr) commands_[entry.id.index] = command->message;
  replay(*command);
  if (is_foreign()) on_foreign_command(*command);
}

void KvOracle::replay(const ::etcd::CommandView& command) {
  switch (command.kind) {
    case ::etcd::CommandKind::put: return on_committed_put(command.message);
    case ::etcd::CommandKind::txn: return on_committed_txn(command.message);
    case ::etcd::CommandKind::delete_range: {
      etcdserverpb::DeleteRangeRequest erase;
      if (!parse(erase, command.message)) return findings_.safety(kName, "a committed delete cannot be read");
      const std::int64_t deleted = model_.erase(erase.key(), erase.range_end());
      if (deleted > 0) erased_count_[model_.revision()] = deleted;
      return;
    }
    case ::etcd::CommandKind::compact: {
      etcdserverpb::CompactionRequest compaction;
      if (!parse(compaction, command.message)) return findings_.safety(kName, "a committed compaction cannot be read");
      model_.compact(compaction.revision());
      return;
    }
    case ::etcd::CommandKind::publish_member:
    case ::etcd::CommandKind::set_cluster_version: return;
    case ::etcd::CommandKind::lease_grant:
    case ::etcd::CommandKind::lease_revoke:
    case ::etcd::CommandKind::lease_checkpoint: return;  // no workload puts a key with a lease, so none goes with one
  }
}

void KvOracle::on_foreign_command(const ::etcd::CommandView& command) {
  const bool is_put = command.kind == ::etcd::CommandKind::put;
  if (!is_put && command.kind != ::etcd::CommandKind::txn && command.kind != ::etcd::CommandKind::delete_range &&
      command.kind != ::etcd::CommandKind::compact) {
    return;  // of the members themselves
  }
  const std::string wrong = foreign_writes_.on_committed(command.message, is_put ? model_.revision() : 0);
  if (!wrong.empty()) findings_.safety(kName, "the write of log index " + std::to_string(positions_.size() + 1) + " " + wrong);
}

KvOracle::Write* KvOracle::commit(const std::string& value, std::string_view what, std::string_view message) {
  const auto known = writes_.find(value);
  const auto accuse_log = [&](const std::string& text) {
    Subject subject;
    if (known != writes_.end()) subject.operation = known->second.name;
    findings_.safety(kName, "the " + std::string(what) + " of value " + base::escaped(value.substr(0, 24)) + text, std::move(subject));
    return nullptr;
  };
  if (known == writes_.end()) return accuse_log(" in the log was sent by no client");
  Write& write = known->second;
  if (write.sent != message) return accuse_log(" is not in the log as its client sent it");
  if (write.fate == WriteFate::refused) return accuse_log(" took effect after its client was told that it did not");
  if (write.fate == WriteFate::committed) return accuse_log(" took effect twice");
  if (write.fate == WriteFate::unknown) ++counts_.resolved;
  write.fate = WriteFate::committed;
  write.index = base::LogIndex(positions_.size() + 1);
  return &write;
}

void KvOracle::on_committed_put(std::string_view message) {
  etcdserverpb::PutRequest put;
  if (!parse(put, message)) return findings_.safety(kName, "a committed put cannot be read");
  model_.put(put.key(), put.value());
  if (is_foreign()) return;
  Write* const write = commit(put.value(), "put", message);
  if (write == nullptr) return;
  write->revision = model_.revision();
  write->has_changed = true;
}

void KvOracle::on_committed_txn(std::string_view message) {
  etcdserverpb::TxnRequest txn;
  if (!parse(txn, message)) return findings_.safety(kName, "a committed transaction cannot be read");
  const std::int64_t before = model_.revision();
  std::optional<etcdserverpb::TxnResponse> answer = run_txn(model_, txn);
  const std::string value = is_foreign() ? std::string() : first_value(txn);
  if (value.empty()) {  // nobody can say whose it is
    if (answer) answers_[std::string(message)].emplace(answer->SerializeAsString(), model_.revision() > before);
    else unreadable_.emplace(message);
    return;
  }
  Write* const write = commit(value, "transaction", message);
  if (write == nullptr) return;
  write->revision = model_.revision();
  write->has_changed = model_.revision() > before;
  write->answer = std::move(answer);
}

// --- the clients ------------------------------------------------------------------------------------

Request KvOracle::send(std::uint32_t client, std::uint32_t number, const KvOperation& operation) {
  ++counts_.sent;
  newest_[client] = {number, {}};
  if (listener_ != nullptr) listener_->on_asked({client, number}, to_text(operation));
  Request request = {client, number, operation, make_request(client, number, operation, model_, revealed_), revealed_, revealed_by_, compacted_, {}};
  if (listener_ != nullptr && request.wire.is_write) newest_[client].open = request.wire.bytes;
  if (request.wire.is_write && !request.wire.first_value.empty()) {
    Write write;
    write.name = {client, number};
    write.sent = request.wire.bytes;
    const bool is_new = writes_.emplace(request.wire.first_value, std::move(write)).second;
    ASSERT(is_new);  // each put of a plan has a value of its own
  }
  return request;
}

Request KvOracle::send(std::uint32_t client, std::uint32_t number, ForeignRequest foreign, std::string context) {
  ASSERT(is_foreign());
  ++counts_.sent;
  Request request = {client, number, std::move(foreign.operation), std::move(foreign.wire), revealed_, revealed_by_, compacted_, {}};
  request.is_judged = foreign.is_judged;
  request.context = std::move(context);
  newest_[client] = {number, {}};
  if (listener_ != nullptr) listener_->on_asked({client, number}, text_of(request));
  if (listener_ != nullptr && request.wire.is_write) newest_[client].open = request.wire.bytes;
  if (request.wire.is_write) foreign_writes_.on_sent(request.wire.bytes);
  return request;
}

std::string KvOracle::text_of(const Request& request) const {
  if (!is_foreign()) return to_text(request.operation);
  return (request.context.empty() ? "" : request.context + ": ") + request_words(request.wire.path, request.wire.bytes);
}

void KvOracle::accuse(const Request& request, const std::string& what, std::optional<OperationName> witness) {
  findings_.safety(kName, "client " + std::to_string(request.client) + ", operation " + std::to_string(request.number) + " (" +
                              text_of(request) + "): " + what,
                   Subject{OperationName{request.client, request.number}, {}, {}, witness});
}

std::optional<OperationName> KvOracle::asked_by(base::LogIndex index) const {
  for (const auto& write : writes_) {
    if (write.second.index == index) return write.second.name;
  }
  std::optional<OperationName> only;
  const auto command = commands_.find(index);
  if (command == commands_.end()) return std::nullopt;
  for (const auto& [client, asked] : newest_) {
    if (asked.open != command->second) continue;
    if (only) return std::nullopt;
    only = OperationName{client, asked.number};
  }
  return only;
}

std::optional<OperationName> KvOracle::newest_of(std::uint32_t client) const {
  const auto found = newest_.find(client);
  if (found == newest_.end()) return std::nullopt;
  return OperationName{client, found->second.number};
}

bool KvOracle::may_be_stale(const Request& request) const {
  if (stale_reads_ == StaleReads::nothing) return false;
  const KvOperation& operation = request.operation;
  if (operation.kind != OperationKind::txn) return operation.is_serializable || operation.kind == OperationKind::hash;
  // A transaction asks for it when each of its reads does, hence when it has none (behaviour reference §2.4).
  const auto is_serializable = [](const KvOperation& one) { return one.kind == OperationKind::get && one.is_serializable; };
  return std::all_of(operation.success.begin(), operation.success.end(), is_serializable) &&
         std::all_of(operation.failure.begin(), operation.failure.end(), is_serializable);
}

ModelPosition KvOracle::first_at(std::int64_t revision) const {
  const auto first = std::lower_bound(positions_.begin(), positions_.end(), revision,
                                      [](const ModelPosition& one, std::int64_t than) { return one.revision < than; });
  return first == positions_.end() ? ModelPosition() : *first;
}

std::int64_t KvOracle::compacted_for(const Request& request, std::int64_t revision) const {
  const std::int64_t by_then = first_at(revision).compacted;
  return may_be_stale(request) ? by_then : std::max(by_then, request.compacted);
}

// Real time: what anybody had been told before this was sent must be in it.
bool KvOracle::reveal(const Request& request, std::int64_t revision, bool has_changed) {
  if (revision > model_.revision()) {
    accuse(request, "it was answered at revision " + std::to_string(revision) + ", but only " + std::to_string(model_.revision()) +
                        " is committed");
    return false;
  }
  if (!may_be_stale(request) && (revision < request.floor || (has_changed && revision == request.floor))) {
    accuse(request, "it was answered at revision " + std::to_string(revision) + ", although revision " +
                        std::to_string(request.floor) + " had been revealed before it was sent", request.floor_by);
    return false;
  }
  if (revision > revealed_) {
    revealed_ = revision;
    revealed_by_ = OperationName{request.client, request.number};
  }
  return true;
}

void KvOracle::on_answer(const Request& request, std::string_view response) {
  if (listener_ != nullptr) {
    newest_[request.client].open.clear();
    listener_->on_ended({request.client, request.number}, OperationEnd::answered, answer_words(request.wire.path, response));
  }
  judge(request, response);
}

void KvOracle::judge(const Request& request, std::string_view response) {
  ++counts_.acknowledged;
  switch (request.operation.kind) {
    case OperationKind::put: return on_put(request, response);
    case OperationKind::get: return on_range(request, response);
    case OperationKind::erase: return on_erase(request, response);
    case OperationKind::txn: return on_txn(request, response);
    case OperationKind::compact: return on_compact(request, response);
    case OperationKind::hash: return on_hash(request, response);
    case OperationKind::move: return;  // who leads is not the clients' business
    case OperationKind::stream: ASSERT(false && "its answer comes in parts");
  }
}

void KvOracle::on_part(Request& request, std::string_view message) {
  if (const std::string wrong = request.stream.add(message); !wrong.empty()) accuse(request, wrong);
}

void KvOracle::on_end(const Request& request) {
  if (listener_ != nullptr) {
    const std::string merged = request.stream.merged().SerializeAsString();
    listener_->on_ended({request.client, request.number}, OperationEnd::answered, answer_words("/etcdserverpb.KV/Range", merged));
  }
  ++counts_.acknowledged;
  if (!request.stream.is_whole()) return accuse(request, "its stream ends well without its last message");
  check_range(request, request.stream.merged());
}

void KvOracle::on_put(const Request& request, std::string_view response) {
  etcdserverpb::PutResponse put;
  if (!parse(put, response)) return accuse(request, "its answer cannot be read");
  const std::int64_t revision = put.header().revision();
  if (is_foreign()) {
    if (!foreign_writes_.is_put_at(revision, request.wire.bytes)) {
      return accuse(request, "it was acknowledged at revision " + std::to_string(revision) + ", which the log gives to another write, or to none");
    }
  } else {
    const Write& write = writes_.at(request.wire.first_value);
    if (write.fate != WriteFate::committed) {
      return accuse(request, "it was acknowledged at revision " + std::to_string(revision) + ", but the log does not hold it");
    }
    if (write.revision != revision) {
      return accuse(request, "it was acknowledged at revision " + std::to_string(revision) + ", but took effect at " +
                                 std::to_string(write.revision));
    }
  }
  if (!reveal(request, revision, true) || !request.operation.prev_kv) return;
  const ModelRange before = model_.range(request.operation.key, "", revision - 1, 0);
  if (before.kvs.empty() == put.has_prev_kv()) return accuse(request, "its previous pair is there although none was, or missing");
  if (put.has_prev_kv() && !equal(put.prev_kv(), to_wire(before.kvs[0]))) {
    accuse(request, "its previous pair is " + shown(put.prev_kv()) + " instead of " + shown(to_wire(before.kvs[0])));
  }
}

void KvOracle::on_range(const Request& request, std::string_view response) {
  etcdserverpb::RangeResponse range;
  if (!parse(range, response)) return accuse(request, "its answer cannot be read");
  check_range(request, range);
}

void KvOracle::check_range(const Request& request, const etcdserverpb::RangeResponse& range) {
  const std::int64_t revision = range.header().revision();
  if (!reveal(request, revision, false)) return;
  const std::int64_t at = request.wire.revision > 0 ? request.wire.revision : revision;
  if (at > revision) return accuse(request, "it read revision " + std::to_string(at) + " of a store at " + std::to_string(revision));
  if (!request.is_judged) return;
  const std::string where = " at revision " + std::to_string(at);
  if (at < compacted_for(request, revision)) {
    return accuse(request, "it was answered" + where + ", although " + std::to_string(compacted_for(request, revision)) +
                               " was compacted before");
  }
  etcdserverpb::RangeRequest asked;
  ASSERT(parse(asked, request.wire.bytes));
  etcdserverpb::RangeResponse expected;
  fill_range(model_, asked, revision, expected);
  const std::string wrong = difference(range, expected);
  if (!wrong.empty()) accuse(request, "its answer" + where + " is not what was written: " + wrong);
}

// What came of a stream before it broke off: keys as they were at the revision that it names, or at one that it may
// have read.
void KvOracle::check_beginning(const Request& request) {
  const KeyValues& came = request.stream.merged().kvs();
  if (came.empty()) return;
  etcdserverpb::RangeRequest asked;
  ASSERT(parse(asked, request.wire.bytes));
  const auto fits = [&](std::int64_t revision) {
    etcdserverpb::RangeResponse whole;
    fill_range(model_, asked, revision, whole);
    return came.size() <= whole.kvs_size() && std::equal(came.begin(), came.end(), whole.kvs().begin(), equal);
  };
  const bool has_revision = request.wire.revision > 0;
  const std::int64_t oldest = has_revision || may_be_stale(request) ? 1 : std::max<std::int64_t>(1, request.floor);
  for (std::int64_t revision = model_.revision(); revision >= oldest; --revision) {
    if (fits(revision)) return;
    if (has_revision) break;  // the same at all of them
  }
  accuse(request, "what came of its stream before it broke off, " + std::to_string(came.size()) + " keys from " + shown(came.Get(0)) +
                      " on, is not what was written");
}

void KvOracle::on_hash(const Request& request, std::string_view response) {
  etcdserverpb::HashKVResponse hash;
  if (!parse(hash, response)) return accuse(request, "its answer cannot be read");
  const std::int64_t revision = hash.header().revision();
  const std::int64_t at = hash.hash_revision();
  const std::int64_t compacted = hash.compact_revision();
  if (!reveal(request, revision, false)) return;
  const std::string what = "hash of revision " + std::to_string(at) + " in a store compacted at " + std::to_string(compacted);
  const bool is_asked_for = request.wire.revision > 0 ? at == request.wire.revision : at >= 1;
  if (!is_asked_for || at > revision) return accuse(request, "it was answered at revision " + std::to_string(revision) + " with the " + what);
  if (compacted > at || (compacted != -1 && !model_.was_compacted_at(compacted))) {
    return accuse(request, "it was answered with the " + what + ", which it never was");
  }
  if (compacted < compacted_for(request, revision)) {
    return accuse(request, "it was answered with the " + what + ", although " + std::to_string(compacted_for(request, revision)) +
                               " was compacted before");
  }
  const std::uint32_t expected = hash_kv(model_, at, compacted);
  if (hash.hash() != expected) {
    accuse(request, "the " + what + " is " + std::to_string(hash.hash()) + " instead of " + std::to_string(expected) +
                        ": other rows are there than were written");
  }
}

void KvOracle::on_txn(const Request& request, std::string_view response) {
  etcdserverpb::TxnResponse txn;
  if (!parse(txn, response)) return accuse(request, "its answer cannot be read");
  const std::int64_t revision = txn.header().revision();
  if (!request.is_judged) return static_cast<void>(reveal(request, revision, false));
  std::optional<etcdserverpb::TxnResponse> expected;
  bool has_changed = false;
  if (!request.wire.is_write) {
    if (!reveal(request, revision, false)) return;
    etcdserverpb::TxnRequest asked;
    ASSERT(parse(asked, request.wire.bytes));
    expected = read_txn(model_, asked, {revision, compacted_for(request, revision)});
  } else if (!request.wire.first_value.empty()) {
    const Write& write = writes_.at(request.wire.first_value);
    if (write.fate != WriteFate::committed) return accuse(request, "it was acknowledged, but the log does not hold it");
    expected = write.answer;
    has_changed = write.has_changed;
  }
  txn.mutable_header()->clear_cluster_id();
  txn.mutable_header()->clear_member_id();
  txn.mutable_header()->clear_raft_term();
  if (request.wire.is_write && request.wire.first_value.empty()) {
    const auto same = answers_.find(request.wire.bytes);
    const std::string shown = txn.ShortDebugString().substr(0, kAnswerShownBytes);
    if (same == answers_.end()) return accuse(request, "it was acknowledged, but the log does not hold it: { " + shown + " }");
    const auto one = same->second.find(txn.SerializeAsString());
    if (one == same->second.end()) return accuse(request, "no transaction like it in the log has the answer { " + shown + " }");
    reveal(request, revision, one->second);
    return;
  }
  if (request.wire.is_write && !reveal(request, revision, has_changed)) return;
  if (!expected) return accuse(request, "it was answered although a revision in it cannot be read");
  if (txn.SerializeAsString() == expected->SerializeAsString()) return;
  const std::string answered = answer_words(request.wire.path, txn.SerializeAsString());
  const std::string right = answer_words(request.wire.path, expected->SerializeAsString());
  if (answered != right) return accuse(request, "it was told: " + answered + "; right is: " + right);
  // They differ in what those words leave out.
  accuse(request, "its answer is { " + txn.ShortDebugString().substr(0, kAnswerShownBytes) + " } instead of { " +
                      expected->ShortDebugString().substr(0, kAnswerShownBytes) + " }");
}

void KvOracle::on_compact(const Request& request, std::string_view response) {
  etcdserverpb::CompactionResponse compaction;
  if (!parse(compaction, response)) return accuse(request, "its answer cannot be read");
  if (!reveal(request, compaction.header().revision(), false)) return;
  if (!model_.was_compacted_at(request.wire.revision)) return accuse(request, "it was acknowledged, but the log does not hold it");
  compacted_ = std::max(compacted_, request.wire.revision);
}

void KvOracle::on_erase(const Request& request, std::string_view response) {
  etcdserverpb::DeleteRangeResponse erase;
  if (!parse(erase, response)) return accuse(request, "its answer cannot be read");
  const std::int64_t revision = erase.header().revision();
  if (!reveal(request, revision, erase.deleted() > 0)) return;
  if (erase.deleted() == 0) {
    const ModelRange there = model_.range(request.operation.key, request.operation.range_end, revision, 0);
    if (there.count > 0) accuse(request, "it deleted nothing at revision " + std::to_string(revision) + ", where keys were");
    return;
  }
  const auto erased = erased_count_.find(revision);
  if (erased == erased_count_.end() || erased->second != erase.deleted()) {
    return accuse(request, "it says that revision " + std::to_string(revision) + " deleted " + std::to_string(erase.deleted()) +
                               " keys, which the log does not say");
  }
  const ModelRange before = model_.range(request.operation.key, request.operation.range_end, revision - 1, 0);
  if (before.count != erase.deleted()) return accuse(request, "it deleted another number of keys than there were");
  if (!request.operation.prev_kv) return;
  const std::string wrong = difference(erase.prev_kvs(), to_wire(before.kvs));
  if (!wrong.empty()) accuse(request, "its previous pairs are wrong: " + wrong);
}

// Only what was compacted may be refused: no request names a revision that nobody had been shown. But a member that lags does not know
// of it yet, and says so to whoever does not ask it to wait.
void KvOracle::on_out_of_range(const Request& request, const std::string& text) {
  ++counts_.refused;
  const bool is_of_future = text.find("future revision") != std::string::npos;
  if (is_of_future && may_be_stale(request) && request.wire.revision > 1) return;
  // A program of others may name any.
  if (is_of_future && is_foreign() && request.wire.revision > request.floor) return;
  if (request.operation.kind == OperationKind::compact) {
    if (request.wire.revision > model_.compacted()) accuse(request, "it was refused, but nothing so new is compacted: " + text);
    return;
  }
  if (request.wire.is_write && !request.wire.first_value.empty()) {
    const Write& write = writes_.at(request.wire.first_value);
    if (write.fate != WriteFate::committed) return accuse(request, "it was refused, but the log does not hold it: " + text);
    if (write.answer || write.has_changed) accuse(request, "it was refused, but took effect: " + text);
    return;
  }
  if (request.operation.kind == OperationKind::txn) {
    if (!request.wire.is_write) return on_read_txn_refused(request, text);
    if (unreadable_.count(request.wire.bytes) == 0) accuse(request, "it was refused, but no transaction like it had to be: " + text);
    return;
  }
  // A stream that has said something keeps to its revision, which may be overtaken; whatever else names none has no such excuse.
  const bool has_begun = !request.stream.merged().kvs().empty();
  const std::int64_t oldest = has_begun && request.wire.revision == 0 ? request.floor : request.wire.revision;
  if (oldest == 0 || oldest >= model_.compacted()) accuse(request, "a revision that had been revealed was refused: " + text);
}

// Some member stood where the path that it takes reads what is compacted.
void KvOracle::on_read_txn_refused(const Request& request, const std::string& text) {
  etcdserverpb::TxnRequest asked;
  ASSERT(parse(asked, request.wire.bytes));
  const bool is_right = std::any_of(positions_.begin(), positions_.end(), [&](const ModelPosition& one) {
    return (one.revision >= request.floor || may_be_stale(request)) && !read_txn(model_, asked, one);
  });
  if (!is_right) accuse(request, "it was refused, but reads nothing that was compacted: " + text);
}

void KvOracle::on_error(const Request& request, const rpc::Status& status) {
  if (listener_ != nullptr) {
    newest_[request.client].open.clear();
    const ErrorMeaning meaning = meaning_of(status);
    const bool is_open = meaning == ErrorMeaning::unknown && request.operation.kind != OperationKind::move;
    listener_->on_ended({request.client, request.number}, is_open ? OperationEnd::unknown : OperationEnd::refused, rpc::to_text(status));
  }
  judge_error(request, status);
}

void KvOracle::judge_error(const Request& request, const rpc::Status& status) {
  const std::string text = rpc::to_text(status);
  const auto known = request.wire.is_write ? writes_.find(request.wire.first_value) : writes_.end();
  check_beginning(request);
  if (request.operation.kind == OperationKind::move) {
    ++counts_.refused;
    return;
  }
  switch (meaning_of(status)) {
    case ErrorMeaning::out_of_range: return on_out_of_range(request, text);
    case ErrorMeaning::unknown: {
      ++counts_.unknown;
      if (known == writes_.end()) return;
      if (known->second.fate == WriteFate::open) known->second.fate = WriteFate::unknown;
      else ++counts_.resolved;
      return;
    }
    case ErrorMeaning::refused: {
      ++counts_.refused;
      if (is_foreign()) return on_foreign_refused(request, text);
      if (known == writes_.end()) return;
      if (known->second.fate == WriteFate::committed) accuse(request, "it was refused, but took effect: " + text);
      else known->second.fate = WriteFate::refused;
      return;
    }
    case ErrorMeaning::not_allowed: {
      if (!is_foreign() || !may_be_programs_fault(status.code)) return accuse(request, "an answer that no such request may get: " + text);
      ++counts_.refused;
      return on_foreign_refused(request, text);
    }
  }
}

void KvOracle::on_foreign_refused(const Request& request, const std::string& text) {
  if (!request.wire.is_write) return;
  const std::string wrong = foreign_writes_.on_refused(request.wire.bytes);
  if (!wrong.empty()) accuse(request, wrong + ": " + text);
}

}  // namespace sim::etcd

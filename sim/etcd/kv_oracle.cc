#include "sim/etcd/kv_oracle.h"

#include <utility>

#include "core/api/kv.pb.h"
#include "core/base/assert.h"
#include "core/base/text.h"
#include "core/etcd/command.h"
#include "core/replica/command.h"

namespace sim::etcd {

namespace {

std::string shown(const ModelKeyValue& kv) {
  return kv.key + "=" + base::escaped(kv.value.substr(0, 24)) + " (create " + std::to_string(kv.create_revision) + ", mod " +
         std::to_string(kv.mod_revision) + ", version " + std::to_string(kv.version) + ")";
}

ModelKeyValue from_wire(const mvccpb::KeyValue& kv) {
  return {kv.key(), kv.value(), kv.create_revision(), kv.mod_revision(), kv.version()};
}

// The first difference between what was answered and what the model says; empty when there is none.
template <typename Answered>
std::string difference(const Answered& answered, const std::vector<ModelKeyValue>& expected) {
  for (int i = 0; i < answered.size() || static_cast<std::size_t>(i) < expected.size(); ++i) {
    if (static_cast<std::size_t>(i) >= expected.size()) return "it also holds " + shown(from_wire(answered.Get(i)));
    const ModelKeyValue& want = expected[static_cast<std::size_t>(i)];
    if (i >= answered.size()) return "it lacks " + shown(want);
    if (from_wire(answered.Get(i)) != want) return "it holds " + shown(from_wire(answered.Get(i))) + " instead of " + shown(want);
  }
  return {};
}

}  // namespace

// --- the log ----------------------------------------------------------------------------------------

void KvOracle::on_committed(const base::Entry& entry) {
  if (entry.kind != base::EntryKind::command) return;
  const base::Result<replica::DecodedCommand> record = replica::decode_command(entry.bytes());
  if (!record) return findings_.safety(kName, "a committed entry is no command record: " + record.error().detail);
  const std::optional<::etcd::CommandView> command = ::etcd::decode_command(record->bytes);
  if (!command) return findings_.safety(kName, "a committed command is of no known kind");
  switch (command->kind) {
    case ::etcd::CommandKind::put: {
      etcdserverpb::PutRequest put;
      if (!put.ParseFromString(std::string(command->message))) return findings_.safety(kName, "a committed put cannot be read");
      model_.put(put.key(), put.value());
      const auto known = puts_.find(put.value());
      if (known == puts_.end()) {
        return findings_.safety(kName, "the log holds a put of " + put.key() + " that no client sent");
      }
      if (known->second.fate == WriteFate::refused) {
        return findings_.safety(kName, "a put of " + put.key() + " took effect after its client was told that it did not");
      }
      if (known->second.fate == WriteFate::committed) {
        return findings_.safety(kName, "the put of value " + base::escaped(put.value().substr(0, 24)) + " took effect twice");
      }
      if (known->second.fate == WriteFate::unknown) ++counts_.resolved;
      known->second = {WriteFate::committed, model_.revision()};
      return;
    }
    case ::etcd::CommandKind::delete_range: {
      etcdserverpb::DeleteRangeRequest erase;
      if (!erase.ParseFromString(std::string(command->message))) return findings_.safety(kName, "a committed delete cannot be read");
      const std::int64_t deleted = model_.erase(erase.key(), erase.range_end());
      if (deleted > 0) erased_count_[model_.revision()] = deleted;
      return;
    }
    case ::etcd::CommandKind::txn: return findings_.safety(kName, "a committed transaction was sent by no client");
    case ::etcd::CommandKind::publish_member: return;
  }
}

// --- the clients ------------------------------------------------------------------------------------

Request KvOracle::send(std::uint32_t client, std::uint32_t number, const KvOperation& operation, std::int64_t asked_revision) {
  ++counts_.sent;
  if (operation.kind == OperationKind::put) {
    const bool is_new = puts_.emplace(unique_value(client, number, operation.value_bytes), Write()).second;
    ASSERT(is_new);  // each put of a plan has a value of its own
  }
  return {client, number, operation, asked_revision, revealed_};
}

void KvOracle::accuse(const Request& request, const std::string& what) {
  findings_.safety(kName, "client " + std::to_string(request.client) + ", operation " + std::to_string(request.number) + " (" +
                              to_text(request.operation) + "): " + what);
}

// Real time: what anybody had been told before this was sent must be in it.
bool KvOracle::reveal(const Request& request, std::int64_t revision) {
  const bool is_write = request.operation.kind == OperationKind::put;
  const bool may_be_stale = request.operation.kind == OperationKind::get && request.operation.is_serializable;
  if (revision > model_.revision()) {
    accuse(request, "it was answered at revision " + std::to_string(revision) + ", but only " + std::to_string(model_.revision()) +
                        " is committed");
    return false;
  }
  if (!may_be_stale && (revision < request.floor || (is_write && revision == request.floor))) {
    accuse(request, "it was answered at revision " + std::to_string(revision) + ", although revision " +
                        std::to_string(request.floor) + " had been revealed before it was sent");
    return false;
  }
  revealed_ = std::max(revealed_, revision);
  return true;
}

void KvOracle::on_answer(const Request& request, std::string_view response) {
  ++counts_.acknowledged;
  switch (request.operation.kind) {
    case OperationKind::put: return on_put(request, response);
    case OperationKind::get: return on_range(request, response);
    case OperationKind::erase: return on_erase(request, response);
  }
}

void KvOracle::on_put(const Request& request, std::string_view response) {
  etcdserverpb::PutResponse put;
  if (!put.ParseFromString(std::string(response))) return accuse(request, "its answer cannot be read");
  const std::int64_t revision = put.header().revision();
  const Write& write = puts_.at(unique_value(request.client, request.number, request.operation.value_bytes));
  if (write.fate != WriteFate::committed) {
    return accuse(request, "it was acknowledged at revision " + std::to_string(revision) + ", but the log does not hold it");
  }
  if (write.revision != revision) {
    return accuse(request, "it was acknowledged at revision " + std::to_string(revision) + ", but took effect at " +
                               std::to_string(write.revision));
  }
  if (!reveal(request, revision) || !request.operation.prev_kv) return;
  const ModelRange before = model_.range(request.operation.key, "", revision - 1, 0);
  if (before.kvs.empty() == put.has_prev_kv()) return accuse(request, "its previous pair is there although none was, or missing");
  if (put.has_prev_kv() && from_wire(put.prev_kv()) != before.kvs[0]) {
    accuse(request, "its previous pair is " + shown(from_wire(put.prev_kv())) + " instead of " + shown(before.kvs[0]));
  }
}

void KvOracle::on_range(const Request& request, std::string_view response) {
  etcdserverpb::RangeResponse range;
  if (!range.ParseFromString(std::string(response))) return accuse(request, "its answer cannot be read");
  const std::int64_t revision = range.header().revision();
  if (!reveal(request, revision)) return;
  const std::int64_t at = request.asked_revision > 0 ? request.asked_revision : revision;
  if (at > revision) return accuse(request, "it read revision " + std::to_string(at) + " of a store at " + std::to_string(revision));
  const ModelRange expected = model_.range(request.operation.key, request.operation.range_end, at, request.operation.limit);
  const std::string wrong = difference(range.kvs(), expected.kvs);
  const std::string where = " at revision " + std::to_string(at);
  if (!wrong.empty()) return accuse(request, "its answer" + where + " is not what was written: " + wrong);
  if (range.count() != expected.count) {
    return accuse(request, "its answer" + where + " counts " + std::to_string(range.count()) + " keys instead of " +
                               std::to_string(expected.count));
  }
  if (range.more() != (expected.count > static_cast<std::int64_t>(expected.kvs.size()))) {
    accuse(request, "its answer" + where + " is wrong about whether there are more keys");
  }
}

void KvOracle::on_erase(const Request& request, std::string_view response) {
  etcdserverpb::DeleteRangeResponse erase;
  if (!erase.ParseFromString(std::string(response))) return accuse(request, "its answer cannot be read");
  const std::int64_t revision = erase.header().revision();
  if (!reveal(request, revision)) return;
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
  const std::string wrong = difference(erase.prev_kvs(), before.kvs);
  if (!wrong.empty()) accuse(request, "its previous pairs are wrong: " + wrong);
}

void KvOracle::on_error(const Request& request, const rpc::Status& status) {
  const std::string text = rpc::to_text(status);
  switch (status.code) {
    case rpc::StatusCode::out_of_range:
      // The only revisions that may be refused are those that nobody had been shown.
      if (request.asked_revision <= request.floor) accuse(request, "a revision that had been revealed was refused: " + text);
      ++counts_.refused;
      return;
    case rpc::StatusCode::unavailable:
    case rpc::StatusCode::deadline_exceeded:
    case rpc::StatusCode::cancelled:
    case rpc::StatusCode::unknown: {
      ++counts_.unknown;
      if (request.operation.kind != OperationKind::put) return;
      Write& write = puts_.at(unique_value(request.client, request.number, request.operation.value_bytes));
      if (write.fate == WriteFate::open) write.fate = WriteFate::unknown;
      else ++counts_.resolved;
      return;
    }
    case rpc::StatusCode::resource_exhausted: {
      ++counts_.refused;
      if (request.operation.kind != OperationKind::put) return;
      Write& write = puts_.at(unique_value(request.client, request.number, request.operation.value_bytes));
      if (write.fate == WriteFate::committed) accuse(request, "it was refused, but took effect: " + text);
      else write.fate = WriteFate::refused;
      return;
    }
    case rpc::StatusCode::ok:
    case rpc::StatusCode::invalid_argument:
    case rpc::StatusCode::not_found:
    case rpc::StatusCode::already_exists:
    case rpc::StatusCode::permission_denied:
    case rpc::StatusCode::failed_precondition:
    case rpc::StatusCode::aborted:
    case rpc::StatusCode::unimplemented:
    case rpc::StatusCode::internal:
    case rpc::StatusCode::data_loss:
    case rpc::StatusCode::unauthenticated:
      return accuse(request, "an answer that no such request may get: " + text);
  }
}

}  // namespace sim::etcd

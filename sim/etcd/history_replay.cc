#include "sim/etcd/history_replay.h"

#include <algorithm>
#include <optional>

#include "core/base/assert.h"
#include "core/base/text.h"
#include "core/etcd/parse.h"
#include "sim/etcd/txn_model.h"

namespace sim::etcd {

namespace {

constexpr std::size_t kMessageShownBytes = 600;  // of a message

using ::etcd::parse;

template <typename Message>
std::string short_text(const Message& message) {
  std::string text = message.ShortDebugString();
  return text.size() > kMessageShownBytes ? text.substr(0, kMessageShownBytes) + "…" : text;
}

ModelKeyValue from_wire(const mvccpb::KeyValue& kv) {
  return {kv.key(), kv.value(), kv.create_revision(), kv.mod_revision(), kv.version()};
}

bool is_same(const mvccpb::KeyValue& wire, const ModelKeyValue& kv) {
  return wire.mod_revision() == kv.mod_revision && wire.version() == kv.version && wire.create_revision() == kv.create_revision &&
         wire.lease() == 0 && wire.key() == kv.key && wire.value() == kv.value;
}

}  // namespace

HistoryReplay::HistoryReplay(const History& history, const HistoryFacts& facts, const std::vector<OperationIndex>& makers,
                             const HistoryWords& words)
    : history_(history), facts_(facts), makers_(makers), words_(words) {
  ASSERT(makers_.size() == history_.log.size());
}

std::string HistoryReplay::check() {
  sort_reads();
  std::string wrong = begin();
  for (std::size_t step = 0; wrong.empty(); ++step) {
    for (std::uint32_t i = first_read_[step]; i < first_read_[step + 1] && wrong.empty(); ++i) wrong = check_read(reads_[i]);
    if (step == history_.log.size()) break;
    if (wrong.empty()) wrong = check_write(makers_[step], history_.log[step]);
  }
  return wrong;
}

void HistoryReplay::sort_reads() {
  const auto step_of = [&](OperationIndex i) { return static_cast<std::size_t>(facts_[i].told - history_.first_revision); };
  const auto is_read = [&](OperationIndex i) {
    return history_.operations[i].end == HistoryEnd::answered && facts_[i].committed == 0 && facts_[i].told >= history_.first_revision;
  };
  first_read_.assign(history_.log.size() + 2, 0);
  const auto count = static_cast<OperationIndex>(history_.operations.size());
  for (OperationIndex i = 0; i < count; ++i) {
    if (is_read(i)) ++first_read_[step_of(i) + 1];
  }
  for (std::size_t step = 1; step < first_read_.size(); ++step) first_read_[step] += first_read_[step - 1];
  reads_.resize(first_read_.back());
  std::vector<std::uint32_t> next = first_read_;
  for (OperationIndex i = 0; i < count; ++i) {
    if (is_read(i)) reads_[next[step_of(i)]++] = i;
  }
}

std::string HistoryReplay::begin() {
  std::vector<ModelKeyValue> kvs;
  for (const std::string_view bytes : history_.base) {
    if (!parse(kv_, bytes)) return "A pair of the store in which the run began cannot be read.";
    if (kv_.mod_revision() > history_.first_revision) return "A pair of the store in which the run began is newer than that: " + shown(kv_) + ".";
    kvs.push_back(from_wire(kv_));
  }
  model_.begin_at(history_.first_revision, kvs);
  key_count_ = static_cast<std::int64_t>(kvs.size());
  return {};
}

std::string HistoryReplay::maker_of(std::int64_t revision) const {
  if (revision <= history_.first_revision || revision > history_.first_revision + static_cast<std::int64_t>(makers_.size())) return {};
  return words_.of(makers_[static_cast<std::size_t>(revision - history_.first_revision - 1)]);
}

std::string HistoryReplay::after(std::int64_t revision) const {
  const std::string maker = maker_of(revision);
  return maker.empty() ? "; nothing was written before it." : "; the last write before it was " + maker + ".";
}

// --- writes -----------------------------------------------------------------------------------------

std::string HistoryReplay::check_write(OperationIndex operation, const LogRevision& revision) {
  ASSERT(model_.revision() + 1 == revision.revision);
  std::string wrong = history_.operations[operation].call == HistoryCall::put ? check_put(operation) : check_txn(operation);
  if (!wrong.empty()) return wrong;
  return check_changes(operation, revision);
}

std::string HistoryReplay::check_put(OperationIndex index) {
  const HistoryOperation& operation = history_.operations[index];
  ASSERT(parse(put_, operation.request));
  if (operation.end == HistoryEnd::answered) {
    if (!parse(put_answer_, operation.answer)) return "An answer cannot be read: that to " + words_.of(index) + ".";
    const ModelKeyValue* const before = put_.prev_kv() ? model_.find(put_.key(), model_.revision()) : nullptr;
    const bool is_right = before == nullptr ? !put_answer_.has_prev_kv() : put_answer_.has_prev_kv() && is_same(put_answer_.prev_kv(), *before);
    if (!is_right) {
      return "A put was answered with a wrong previous pair, " + (put_answer_.has_prev_kv() ? shown(put_answer_.prev_kv()) : "none") +
             " instead of " + (before == nullptr ? "none" : shown(to_wire(*before)) + " of " + maker_of(before->mod_revision)) + ": " +
             words_.of(index) + ".";
    }
  }
  model_.put(put_.key(), put_.value());
  return {};
}

std::string HistoryReplay::check_txn(OperationIndex index) {
  ASSERT(parse(txn_, history_.operations[index].request));
  const std::int64_t before = model_.revision();
  const std::optional<etcdserverpb::TxnResponse> expected = run_txn(model_, txn_);
  ASSERT(expected.has_value());  // it names no revision
  if (model_.revision() == before) {
    return "Revision " + number(before + 1) + " of the log is that of a transaction which would have written nothing there: " +
           words_.of(index) + after(before);
  }
  return history_.operations[index].end == HistoryEnd::answered ? check_txn_answer(index, *expected) : std::string();
}

// Does the log have what the write did?
std::string HistoryReplay::check_changes(OperationIndex operation, const LogRevision& revision) {
  const auto accuse = [&](const std::string& what) {
    return "Revision " + number(revision.revision) + " of the log is not what its write does: " + what + "; the write is " +
           words_.of(operation) + ".";
  };
  changed_.assign(model_.changed_keys().begin(), model_.changed_keys().end());
  std::sort(changed_.begin(), changed_.end());
  const bool is_once_each = std::adjacent_find(changed_.begin(), changed_.end()) == changed_.end();
  changed_.erase(std::unique(changed_.begin(), changed_.end()), changed_.end());
  std::size_t puts = 0;
  std::size_t deletes = 0;
  for (const std::string_view key : changed_) {
    const ModelKeyValue* const kv = model_.find(key, revision.revision);
    // Mostly to be seen without looking back: a put counts on from what was there, and only what is there is deleted.
    const bool was_there = is_once_each ? kv == nullptr || kv->version > 1 : model_.find(key, revision.revision - 1) != nullptr;
    key_count_ += (kv != nullptr ? 1 : 0) - (was_there ? 1 : 0);
    if (kv != nullptr) {
      if (puts == revision.puts.size()) return accuse("it lacks the put of " + shown(to_wire(*kv)));
      if (!parse(kv_, revision.puts[puts++])) return accuse("it holds a pair that cannot be read");
      if (!is_same(kv_, *kv)) return accuse("it holds " + shown(kv_) + " instead of " + shown(to_wire(*kv)));
    } else if (was_there) {
      if (deletes == revision.deletes.size() || revision.deletes[deletes++] != key) {
        return accuse("it lacks the delete of " + base::escaped(key));
      }
    }
  }
  if (puts < revision.puts.size()) {
    return accuse("it also holds " + (parse(kv_, revision.puts[puts]) ? shown(kv_) : "a pair that cannot be read"));
  }
  if (deletes < revision.deletes.size()) return accuse("it also deletes " + base::escaped(revision.deletes[deletes]));
  if (revision.key_count >= 0 && revision.key_count != key_count_) {
    return accuse("the store then held " + number(revision.key_count) + " keys instead of " + number(key_count_));
  }
  return {};
}

// --- answers ----------------------------------------------------------------------------------------

std::string HistoryReplay::check_read(OperationIndex operation) {
  return history_.operations[operation].call == HistoryCall::range ? check_range(operation) : check_read_txn(operation);
}

// Whose write the first difference is about.
std::string HistoryReplay::written_by(const std::string& wrong, const KeyValues& answered, const KeyValues& expected) const {
  for (int i = 0; i < answered.size() || i < expected.size(); ++i) {
    if (i < answered.size() && i < expected.size() && equal(answered.Get(i), expected.Get(i))) continue;
    const std::string right = i < expected.size() ? maker_of(expected.Get(i).mod_revision()) : std::string();
    const OperationIndex source = i < answered.size() ? facts_.writer_of(answered.Get(i).value()) : kNoOperation;
    std::string out = wrong;
    if (!right.empty()) out += "; that was written by " + right;
    else if (source != kNoOperation) out += "; that was written by " + words_.of(source);
    return out;
  }
  return wrong;
}

std::string HistoryReplay::check_range(OperationIndex index) {
  const HistoryOperation& operation = history_.operations[index];
  ASSERT(parse(range_, operation.request));
  if (!parse(range_answer_, operation.answer)) return "An answer cannot be read: that to " + words_.of(index) + ".";
  range_expected_.Clear();
  fill_range(model_, range_, model_.revision(), range_expected_);
  const std::string wrong = difference(range_answer_, range_expected_);
  if (wrong.empty()) return {};
  const std::int64_t at = range_.revision() > 0 ? range_.revision() : model_.revision();
  return "The answer to " + words_.of(index) + ", at revision " + number(at) + ", is not what was written by then: " +
         written_by(wrong, range_answer_.kvs(), range_expected_.kvs()) + ".";
}

std::string HistoryReplay::check_read_txn(OperationIndex index) {
  const HistoryOperation& operation = history_.operations[index];
  ASSERT(operation.call == HistoryCall::txn);
  ASSERT(parse(txn_, operation.request));
  if (writes_at(model_, txn_, model_.revision())) {
    return "A transaction was answered at revision " + number(model_.revision()) +
           " that it wrote nothing, but there its compares choose a path which writes: " + words_.of(index) + after(model_.revision());
  }
  const std::optional<etcdserverpb::TxnResponse> expected = read_txn(model_, txn_, {model_.revision(), -1});
  ASSERT(expected.has_value());  // it names no revision
  return check_txn_answer(index, *expected);
}

std::string HistoryReplay::check_txn_answer(OperationIndex index, const etcdserverpb::TxnResponse& expected) {
  ASSERT(parse(txn_answer_, history_.operations[index].answer));
  txn_answer_.mutable_header()->clear_cluster_id();
  txn_answer_.mutable_header()->clear_member_id();
  txn_answer_.mutable_header()->clear_raft_term();
  if (txn_answer_.SerializeAsString() == expected.SerializeAsString()) return {};
  return "A transaction was answered with { " + short_text(txn_answer_) + " } instead of { " + short_text(expected) + " }: " +
         words_.of(index) + after(facts_[index].committed != 0 ? facts_[index].committed - 1 : facts_[index].told);
}

}  // namespace sim::etcd

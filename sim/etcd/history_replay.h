// sim/etcd/history_replay.h: the log of a history, performed on the model, and every answer held against it where it was given.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/api/kv.pb.h"
#include "sim/etcd/difference.h"
#include "sim/etcd/history.h"
#include "sim/etcd/history_facts.h"
#include "sim/etcd/history_words.h"
#include "sim/etcd/model.h"

namespace sim::etcd {

class HistoryReplay {
 public:
  // Requires: the log has no gap, `makers` has one operation for each of its revisions, and every answer is at one of them,
  // where the log begins, or before that: those are left out.
  HistoryReplay(const History& history, const HistoryFacts& facts, const std::vector<OperationIndex>& makers, const HistoryWords& words);

  // The first violation, or empty.
  std::string check();

 private:
  void sort_reads();
  std::string begin();
  std::string check_write(OperationIndex operation, const LogRevision& revision);
  std::string check_put(OperationIndex operation);
  std::string check_txn(OperationIndex operation);
  std::string check_changes(OperationIndex operation, const LogRevision& revision);
  std::string check_read(OperationIndex operation);
  std::string check_range(OperationIndex operation);
  std::string check_read_txn(OperationIndex operation);
  std::string check_txn_answer(OperationIndex operation, const etcdserverpb::TxnResponse& expected);
  std::string written_by(const std::string& wrong, const KeyValues& answered, const KeyValues& expected) const;
  // Whose revision it is; empty where the run began.
  std::string maker_of(std::int64_t revision) const;
  std::string after(std::int64_t revision) const;

  const History& history_;
  const HistoryFacts& facts_;
  const std::vector<OperationIndex>& makers_;
  const HistoryWords& words_;
  Model model_;
  std::int64_t key_count_ = 0;

  // The answered operations that made no revision, by the revision of their answer: those of revision r stand in
  // [first_read_[r - first], first_read_[r - first + 1]).
  std::vector<std::uint32_t> first_read_;
  std::vector<OperationIndex> reads_;

  // Used again and again, to keep their memory.
  mvccpb::KeyValue kv_;
  etcdserverpb::PutRequest put_;
  etcdserverpb::PutResponse put_answer_;
  etcdserverpb::RangeRequest range_;
  etcdserverpb::RangeResponse range_answer_;
  etcdserverpb::RangeResponse range_expected_;
  etcdserverpb::TxnRequest txn_;
  etcdserverpb::TxnResponse txn_answer_;
  std::vector<std::string_view> changed_;
};

}  // namespace sim::etcd

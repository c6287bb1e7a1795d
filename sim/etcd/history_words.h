// sim/etcd/history_words.h: an operation of a history as a verdict names it.
#pragma once

#include <cstdint>
#include <string>

#include "sim/etcd/history.h"
#include "sim/etcd/history_facts.h"

namespace sim::etcd {

inline std::string number(std::int64_t value) { return std::to_string(value); }

class HistoryWords {
 public:
  explicit HistoryWords(const History& history);
  // client 3's operation 17 (put k1 "c3-17.0|"; sent to 127.0.0.1:2379 at 1.204500 s, acknowledged at 1.206100 s)
  std::string of(OperationIndex operation) const;

 private:
  const History& history_;
  std::int64_t begin_ns_ = 0;  // the first start
};

}  // namespace sim::etcd

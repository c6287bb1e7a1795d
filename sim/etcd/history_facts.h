// sim/etcd/history_facts.h: what each operation of a history asked and was told, as far as the checker needs it at once.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "sim/etcd/history.h"
#include "sim/etcd/outcome.h"
#include "sim/etcd/value_index.h"

namespace sim::etcd {

// The place of an operation in History::operations.
using OperationIndex = std::uint32_t;
inline constexpr OperationIndex kNoOperation = ValueIndex::kNone;

struct OperationFacts {
  std::int64_t told = 0;       // the revision of its answer; 0: none
  std::int64_t asked = 0;      // the revision that it wants to read; 0: the newest
  std::int64_t committed = 0;  // the revision of the log that it made; 0: none
  std::int64_t floor = 0;      // the highest revision that was revealed before it was sent
  OperationIndex floor_by = kNoOperation;  // whose answer revealed that; none: it is where the run began
  ErrorMeaning meaning = ErrorMeaning::unknown;  // of its error
  bool may_be_stale = false;   // it asks for what some member has, not for what is newest
  bool says_wrote = false;     // its answer shows a put
  bool is_readable = true;     // the answer could be parsed
};

class HistoryFacts {
 public:
  // invalid: the history is none that can be judged (docs/formats/history.md, "What can be judged").
  static base::Result<HistoryFacts> read(const History& history);

  OperationFacts& operator[](OperationIndex operation) { return facts_[operation]; }
  const OperationFacts& operator[](OperationIndex operation) const { return facts_[operation]; }

  // Whose put has this value; none: nobody's.
  OperationIndex writer_of(std::string_view value) const { return writers_.owner_of(value); }

 private:
  base::Status read_request(const History& history, OperationIndex index, struct RequestMessages& messages);
  base::Status add_value(std::string_view value, OperationIndex operation);

  std::vector<OperationFacts> facts_;
  ValueIndex writers_;
};

}  // namespace sim::etcd

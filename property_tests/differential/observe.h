// property_tests/differential/observe.h: which rows of the coverage table a request and its answer are.
#pragma once

#include <set>
#include <string>

#include "property_tests/differential/coverage.h"
#include "property_tests/differential/request.h"

namespace property_tests::differential {

// The store as it was before the request, read from etcd.
struct Before {
  Known known;
  std::set<std::string> once_live;  // every key that ever was there
};

// `answer` is the one both gave, or ours where the other does not have the call. `request` is resolved.
void observe(const Before& before, const Request& request, const Answer& answer, Coverage& coverage);

// --- for the implementation, one file each ---
void observe_range(const Before& before, const etcdserverpb::RangeRequest& range, const Answer& answer, Coverage& coverage);
void observe_txn(const Before& before, const etcdserverpb::TxnRequest& txn, const Answer& answer, Coverage& coverage);
// range_end at or before the key: nothing is in there.
bool is_inverted(const std::string& key, const std::string& end);

}  // namespace property_tests::differential

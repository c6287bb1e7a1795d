// The rows of section 2.2.
#include <algorithm>
#include <string>

#include "property_tests/differential/build.h"
#include "property_tests/differential/observe.h"

namespace property_tests::differential {

namespace {

using etcdserverpb::RangeRequest;
using etcdserverpb::RangeResponse;

bool has_bounds(const RangeRequest& range) {
  return range.min_mod_revision() != 0 || range.max_mod_revision() != 0 || range.min_create_revision() != 0 ||
         range.max_create_revision() != 0;
}

// Two neighbours that the order does not tell apart.
bool has_equals(const RangeRequest& range, const RangeResponse& response) {
  const auto same = [&](const mvccpb::KeyValue& a, const mvccpb::KeyValue& b) {
    switch (static_cast<int>(range.sort_target())) {
      case RangeRequest::VERSION: return a.version() == b.version();
      case RangeRequest::CREATE: return a.create_revision() == b.create_revision();
      case RangeRequest::MOD: return a.mod_revision() == b.mod_revision();
      case RangeRequest::VALUE: return a.value() == b.value() && !range.keys_only();
      default: return false;
    }
  };
  return std::adjacent_find(response.kvs().begin(), response.kvs().end(), same) != response.kvs().end();
}

void observe_where(const Before& before, const RangeRequest& range, Coverage& coverage) {
  if (range.range_end().empty()) coverage.count("2.2 one key");
  else if (is_inverted(range.key(), range.range_end())) coverage.count("2.2 end at or before key");
  else if (range.range_end() == kOpenEnd) coverage.count(range.key() == kOpenEnd ? "2.2 everything" : "2.2 from key on");
  else coverage.count("2.2 [key, end)");
  if (range.revision() < 0) coverage.count("2.2 revision negative");
  if (range.revision() > 0 && range.revision() < before.known.newest) coverage.count("2.2 revision of the past");
  if (range.revision() > 0 && range.revision() == before.known.newest) coverage.count("2.2 revision is the newest");
  if (range.revision() > 0 && range.revision() == before.known.compacted) coverage.count("2.2 revision is the compacted one");
}

void observe_limit(const RangeRequest& range, const RangeResponse& response, Coverage& coverage) {
  const bool limited = range.limit() > 0 && !range.count_only();
  if (range.limit() < 0) coverage.count("2.2 limit negative");
  if (limited) coverage.count(response.more() ? "2.2 limit cuts" : "2.2 limit is wide enough");
  if (response.more()) coverage.count("2.2 more");
  if (!range.count_only() && response.count() > response.kvs_size()) coverage.count("2.2 count beyond limit or bounds");
  if (range.min_mod_revision() != 0) coverage.count("2.2 min_mod_revision");
  if (range.max_mod_revision() != 0) coverage.count("2.2 max_mod_revision");
  if (range.min_create_revision() != 0) coverage.count("2.2 min_create_revision");
  if (range.max_create_revision() != 0) coverage.count("2.2 max_create_revision");
  if (has_bounds(range) && limited && response.kvs_size() > 0) coverage.count("2.2 bounds and a limit");
  if (limited && !has_bounds(range) && range.sort_order() == RangeRequest::NONE && range.sort_target() != RangeRequest::KEY &&
      response.count() > range.limit() + 1) {
    coverage.count("2.2 order NONE with another target, limited before sorting");
  }
}

}  // namespace

void observe_range(const Before& before, const RangeRequest& range, const Answer& answer, Coverage& coverage) {
  const std::string& message = answer.status.message;
  if (message.find("key is not provided") != std::string::npos && range.key().empty()) coverage.count("1.2 EmptyKey: range");
  if (message.find("has been compacted") != std::string::npos) coverage.count("1.2 Compacted: range");
  if (message.find("is a future revision") != std::string::npos) coverage.count("1.2 FutureRev: range");
  const auto* response = answer.get<RangeResponse>();
  if (response == nullptr) return;
  observe_where(before, range, coverage);
  observe_limit(range, *response, coverage);
  if (response->kvs_size() > 1) {
    coverage.count("2.2 sort " + RangeRequest::SortOrder_Name(range.sort_order()) + " by " +
                   RangeRequest::SortTarget_Name(range.sort_target()));
    if (has_equals(range, *response)) coverage.count("2.2 equals in the order");
  }
  if (range.count_only()) coverage.count("2.2 count_only");
  if (range.count_only() && (has_bounds(range) || range.limit() > 0)) coverage.count("2.2 count_only with bounds or limit");
  if (range.keys_only() && response->kvs_size() > 0) coverage.count("2.2 keys_only");
  if (range.keys_only() && response->kvs_size() > 1 && range.sort_target() == RangeRequest::VALUE) coverage.count("2.2 keys_only by VALUE");
  if (range.serializable()) coverage.count("2.2 serializable");
  if (range.revision() > 0 && range.revision() < response->header().revision()) {
    coverage.count("2.2 header has the newest revision, whatever was asked");
  }
}

}  // namespace property_tests::differential

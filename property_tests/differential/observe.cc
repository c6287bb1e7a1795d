#include "property_tests/differential/observe.h"

#include <string_view>

#include "property_tests/differential/build.h"

namespace property_tests::differential {

namespace {

using etcdserverpb::CompactionRequest;
using etcdserverpb::DeleteRangeRequest;
using etcdserverpb::HashKVRequest;
using etcdserverpb::PutRequest;
using etcdserverpb::RangeRequest;

// Long values are those of the size limit.
constexpr std::size_t kLarge = 100'000;

bool speaks_of(const Answer& answer, std::string_view words) { return answer.status.message.find(words) != std::string::npos; }

void observe_stream(const RangeRequest& range, const Answer& answer, Coverage& coverage) {
  if (speaks_of(answer, "key is not provided")) coverage.count("1.2 EmptyKey: stream");
  if (speaks_of(answer, "has been compacted")) coverage.count("1.2 Compacted: stream");
  if (speaks_of(answer, "is a future revision")) coverage.count("1.2 FutureRev: stream");
  const auto* response = answer.get<etcdserverpb::RangeResponse>();
  if (response == nullptr) return;
  if (response->kvs_size() > 0) coverage.count("2.2 stream: keys");
  if (range.count_only()) coverage.count("2.2 stream: count_only");
  if (response->more()) coverage.count("2.2 stream: limit");
}

void observe_put(const Before& before, const PutRequest& put, const Answer& answer, Coverage& coverage) {
  if (speaks_of(answer, "key is not provided")) coverage.count("1.2 EmptyKey: put");
  if (speaks_of(answer, "value is provided")) coverage.count("1.2 ValueProvided: put");
  if (speaks_of(answer, "lease is provided")) coverage.count("1.2 LeaseProvided: put");
  if (speaks_of(answer, "requested lease not found")) coverage.count("1.2 LeaseNotFound: put");
  if (speaks_of(answer, "request is too large")) coverage.count("1.2 RequestTooLarge");
  if (speaks_of(answer, "key not found") && put.ignore_value()) coverage.count("1.2 KeyNotFound: put ignore_value");
  if (speaks_of(answer, "key not found") && put.ignore_lease()) coverage.count("1.2 KeyNotFound: put ignore_lease");
  const auto* response = answer.get<etcdserverpb::PutResponse>();
  if (response == nullptr) return;
  const bool was_live = before.known.live.count(put.key()) > 0;
  coverage.count(was_live ? "2.3 put an old key" : "2.3 put a new key");
  if (put.prev_kv()) coverage.count(response->has_prev_kv() ? "2.3 put prev_kv, there was one" : "2.3 put prev_kv, there was none");
  if (put.ignore_value()) coverage.count("2.3 put ignore_value");
  if (put.ignore_lease()) coverage.count("2.3 put ignore_lease");
  if (put.ignore_value() && put.ignore_lease()) coverage.count("2.3 put ignore_value and ignore_lease");
  if (put.lease() == 0 && !put.ignore_lease()) coverage.count("2.3 put without lease");
  if (!was_live && before.once_live.count(put.key()) > 0) coverage.count("2.3 put after a delete begins at version 1");
  if (response->header().revision() == 2) coverage.count("2.3 the first write gets revision 2");
  if (put.value().empty() && !put.ignore_value()) coverage.count("2.3 put an empty value");
  if (put.value().size() > kLarge) coverage.count("2.3 a large value");
}

void observe_delete(const Before& before, const DeleteRangeRequest& erase, const Answer& answer, Coverage& coverage) {
  if (speaks_of(answer, "key is not provided")) coverage.count("1.2 EmptyKey: delete");
  const auto* response = answer.get<etcdserverpb::DeleteRangeResponse>();
  if (response == nullptr) return;
  const bool same_revision = response->header().revision() == before.known.newest;
  if (response->deleted() == 0 && same_revision) coverage.count("2.3 delete nothing keeps the revision");
  if (is_inverted(erase.key(), erase.range_end())) coverage.count("2.3 delete with end at or before key");
  if (response->prev_kvs_size() > 0) coverage.count("2.3 delete prev_kv");
  if (response->deleted() == 0) return;
  if (erase.range_end().empty()) coverage.count("2.3 delete one key");
  else if (erase.range_end() == kOpenEnd) coverage.count("2.3 delete from key on");
  else coverage.count("2.3 delete [key, end)");
}

void observe_compact(const Before& before, const CompactionRequest& compact, const Answer& answer, Coverage& coverage) {
  if (speaks_of(answer, "has been compacted")) {
    coverage.count("1.2 Compacted: compact");
    if (compact.physical()) coverage.count("2.5 compact physical, refused as compacted");
    if (compact.revision() < 0) coverage.count("2.5 compact a negative revision");
  }
  if (speaks_of(answer, "is a future revision")) coverage.count("1.2 FutureRev: compact");
  if (!answer.ok()) return;
  coverage.count(compact.physical() ? "2.5 compact physical" : "2.5 compact");
  if (compact.revision() == before.known.newest) coverage.count("2.5 compact the newest");
  if (compact.revision() == 0) coverage.count("2.5 compact revision 0 of a new store");
}

void observe_hash(const Before& before, const HashKVRequest& hash, const Answer& answer, Coverage& coverage) {
  if (speaks_of(answer, "has been compacted")) coverage.count("1.2 Compacted: hash");
  if (speaks_of(answer, "is a future revision")) coverage.count("1.2 FutureRev: hash");
  if (!answer.ok()) return;
  const bool is_newest = hash.revision() <= 0 || hash.revision() == before.known.newest;
  coverage.count(is_newest ? "2.5 hash of the newest" : "2.5 hash of an earlier revision");
  if (before.known.compacted > 0) coverage.count("2.5 hash after a compaction");
}

void observe_raw(const Answer& answer, Coverage& coverage) {
  if (speaks_of(answer, "unknown service")) coverage.count("1.4 an unknown service");
  if (speaks_of(answer, "unknown method")) coverage.count("1.4 an unknown method");
  if (speaks_of(answer, "larger than max")) coverage.count("1.4 a message over the limit");
}

}  // namespace

bool is_inverted(const std::string& key, const std::string& end) { return !end.empty() && end != kOpenEnd && end <= key; }

void observe(const Before& before, const Request& request, const Answer& answer, Coverage& coverage) {
  switch (request.kind) {
    case Kind::range: return observe_range(before, std::get<RangeRequest>(request.body), answer, coverage);
    case Kind::range_stream: return observe_stream(std::get<RangeRequest>(request.body), answer, coverage);
    case Kind::put: return observe_put(before, std::get<PutRequest>(request.body), answer, coverage);
    case Kind::delete_range: return observe_delete(before, std::get<DeleteRangeRequest>(request.body), answer, coverage);
    case Kind::txn: return observe_txn(before, std::get<etcdserverpb::TxnRequest>(request.body), answer, coverage);
    case Kind::compact: return observe_compact(before, std::get<CompactionRequest>(request.body), answer, coverage);
    case Kind::hash_kv: return observe_hash(before, std::get<HashKVRequest>(request.body), answer, coverage);
    case Kind::raw: return observe_raw(answer, coverage);
    case Kind::member_list:
    case Kind::member_add:
    case Kind::member_remove:
    case Kind::member_update:
    case Kind::member_promote: return;  // member_observe.h
  }
}

}  // namespace property_tests::differential

#include "core/etcd/range.h"

#include "core/etcd/range_scan.h"

namespace etcd {

using etcdserverpb::RangeRequest;

Refusal check_range(const mvcc::Store& store, const RangeRequest& request) {
  if (request.revision() == 0) return std::nullopt;
  if (request.revision() < 0) {
    const bool is_forgiven = request.revision() == -1 && !store.compacted();
    return is_forgiven ? Refusal() : ErrorId::compacted;
  }
  const tl::expected<mvcc::Revision, mvcc::RevisionError> at = store.readable(request.revision());
  return at ? Refusal() : refusal_of(at.error());
}

base::Result<Refusal> append_range(mvcc::Store& store, const RangeRequest& request, Header header, std::string& response) {
  RangeScan scan;
  if (const Refusal refused = scan.begin(store, request)) return refused;
  header.revision = scan.revision();
  append_header(response, header);
  base::Result<Refusal> refused = scan.run(store, request, ScanBudget::unlimited(), response);
  if (!refused || *refused) return refused;
  scan.append_totals(response);
  return Refusal();
}

}  // namespace etcd

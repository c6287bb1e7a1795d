#include "core/etcd/apply_kv.h"

#include "core/etcd/kv_changes.h"
#include "core/etcd/txn.h"

namespace etcd {

namespace {

// Runs `change(answer)` as one entry: all of it, or, when it is refused or the disk fails, nothing.
template <typename Change>
base::Status as_entry(mvcc::Store& store, std::string* answer, Change&& change) {
  if (answer != nullptr) begin_ok(*answer);
  store.begin_entry();
  const base::Result<Refusal> refused = change();
  if (refused && !*refused) {
    store.end_entry();
    return {};
  }
  store.abandon_entry();
  if (answer != nullptr) answer->clear();
  if (!refused) return base::fail(refused.error());
  if (answer != nullptr) append_error(*answer, **refused);
  return {};
}

}  // namespace

base::Status apply(mvcc::Store& store, const Leases& leases, const etcdserverpb::PutRequest& request, const Header& header,
                   std::string* answer) {
  return as_entry(store, answer, [&]() -> base::Result<Refusal> {
    if (const Refusal refused = check_put(store, leases, request)) return refused;
    return put(store, request, header, answer);
  });
}

base::Status apply(mvcc::Store& store, const Leases& /*leases*/, const etcdserverpb::DeleteRangeRequest& request, const Header& header,
                   std::string* answer) {
  return as_entry(store, answer, [&]() -> base::Result<Refusal> {
    if (base::Status deleted = delete_range(store, request, header, answer); !deleted) return base::fail(deleted.error());
    return Refusal();
  });
}

base::Status apply(mvcc::Store& store, const Leases& leases, const etcdserverpb::TxnRequest& request, const Header& header,
                   std::string* answer) {
  return as_entry(store, answer, [&] { return run_txn(store, leases, request, header, answer); });
}

base::Status apply(mvcc::Store& store, const Leases& /*leases*/, const etcdserverpb::CompactionRequest& request, Header header,
                   std::string* answer) {
  return as_entry(store, answer, [&]() -> base::Result<Refusal> {
    const tl::expected<void, mvcc::RevisionError> compacted = store.compact(request.revision());
    if (!compacted) return Refusal(compacted.error() == mvcc::RevisionError::future ? ErrorId::future_rev : ErrorId::compacted);
    header.revision = store.current();
    if (answer != nullptr) append_header(*answer, header);
    return Refusal();
  });
}

}  // namespace etcd

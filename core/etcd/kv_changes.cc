#include "core/etcd/kv_changes.h"

#include <cstdint>
#include <limits>
#include <vector>

#include "storage/mvcc/proto_wire.h"
#include "storage/mvcc/record.h"

namespace etcd {

using etcdserverpb::DeleteRangeRequest;
using etcdserverpb::PutRequest;

namespace {

constexpr std::uint32_t kPutPrevKv = 2;      // etcdserverpb.PutResponse
constexpr std::uint32_t kDeleted = 2;        // etcdserverpb.DeleteRangeResponse
constexpr std::uint32_t kDeletePrevKvs = 3;  // likewise

bool keeps_something(const PutRequest& request) { return request.ignore_value() || request.ignore_lease(); }

}  // namespace

ErrorId refusal_of(mvcc::RevisionError error) {
  return error == mvcc::RevisionError::future ? ErrorId::future_rev : ErrorId::compacted;
}

Refusal check_put(const mvcc::Store& store, const Leases& leases, const PutRequest& request) {
  if (request.lease() != 0 && leases.find(LeaseId{request.lease()}) == nullptr) return ErrorId::lease_not_found;
  if (keeps_something(request) && store.find(request.key(), store.newest()) == nullptr) return ErrorId::key_not_found;
  return std::nullopt;
}

base::Result<Refusal> put(mvcc::Store& store, const PutRequest& request, Header header, std::string* response) {
  const bool wants_previous = response != nullptr && request.prev_kv();
  const mvcc::KeyVersion* found = nullptr;  // looked for only when it matters
  if (keeps_something(request) || wants_previous) found = store.find(request.key(), store.newest());
  if (keeps_something(request) && found == nullptr) return Refusal(ErrorId::key_not_found);

  mvcc::Record previous;
  std::string prev_kv;  // a copy: the put may end the view
  if (found != nullptr) {
    const base::Result<std::string_view> bytes = store.read(*found);
    if (!bytes) return base::fail(bytes.error());
    const base::Result<mvcc::Record> record = mvcc::decode(*bytes);
    if (!record) return base::fail(record.error());
    previous = *record;
    if (wants_previous) mvcc::wire::append_message(prev_kv, kPutPrevKv, *bytes);
  }
  store.put(request.key(), request.ignore_value() ? previous.value : std::string_view(request.value()),
            request.ignore_lease() ? previous.lease : request.lease());
  if (response != nullptr) {
    header.revision = store.newest();
    append_header(*response, header);
    response->append(prev_kv);
  }
  return Refusal();
}

base::Status delete_range(mvcc::Store& store, const DeleteRangeRequest& request, Header header, std::string* response) {
  const mvcc::KeyRange range{request.key(), request.range_end()};
  std::string prev_kvs;
  if (response != nullptr && request.prev_kv()) {
    std::vector<mvcc::Found> doomed;
    store.find(range, store.newest(), std::numeric_limits<std::uint64_t>::max(), doomed);
    for (const mvcc::Found& found : doomed) {
      const base::Result<std::string_view> bytes = store.read(found.version);
      if (!bytes) return base::fail(bytes.error());
      mvcc::wire::append_message(prev_kvs, kDeletePrevKvs, *bytes);
    }
  }
  const std::uint64_t deleted = store.erase(range);
  if (response != nullptr) {
    header.revision = store.newest();
    append_header(*response, header);
    mvcc::wire::append_int64(*response, kDeleted, static_cast<std::int64_t>(deleted));
    response->append(prev_kvs);
  }
  return {};
}

}  // namespace etcd

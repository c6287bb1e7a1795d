#include "core/etcd/range.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include "core/base/assert.h"
#include "storage/mvcc/proto_wire.h"
#include "storage/mvcc/record.h"

namespace etcd {

using etcdserverpb::RangeRequest;
using mvcc::Found;

namespace {

// Field numbers of etcdserverpb.RangeResponse.
constexpr std::uint32_t kKvs = 2;
constexpr std::uint32_t kMore = 3;
constexpr std::uint32_t kCount = 4;

constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

struct Item {
  Found found;
  std::string_view record;  // when values are wanted or compared; until the turn ends
  std::string_view value;   // when compared
};

ErrorId refusal_of(mvcc::RevisionError error) {
  return error == mvcc::RevisionError::future ? ErrorId::future_rev : ErrorId::compacted;
}

bool has_filter(const RangeRequest& request) {
  return request.min_mod_revision() != 0 || request.max_mod_revision() != 0 || request.min_create_revision() != 0 ||
         request.max_create_revision() != 0;
}

// One more than asked for is fetched, so that `more` is known. An order of NONE is limited before it is sorted,
// whatever the target: etcd does so, and pages are cut accordingly.
std::uint64_t fetch_limit(const RangeRequest& request) {
  const bool by_key = request.sort_order() == RangeRequest::NONE ||
                      (request.sort_order() == RangeRequest::ASCEND && request.sort_target() == RangeRequest::KEY);
  if (request.limit() <= 0 || !by_key || has_filter(request)) return kNoLimit;
  return static_cast<std::uint64_t>(request.limit()) + 1;
}

bool passes(const RangeRequest& request, const mvcc::KeyVersion& version) {
  const std::int64_t modified = to_signed(version.modified);
  const std::int64_t created = to_signed(version.created);
  return (request.max_mod_revision() == 0 || modified <= request.max_mod_revision()) &&
         (request.min_mod_revision() == 0 || modified >= request.min_mod_revision()) &&
         (request.max_create_revision() == 0 || created <= request.max_create_revision()) &&
         (request.min_create_revision() == 0 || created >= request.min_create_revision());
}

// Among equals the order is that of the keys; etcd promises none.
template <typename Of>
void sort_by(std::vector<Item>& items, bool descending, Of of) {
  std::stable_sort(items.begin(), items.end(), [&](const Item& a, const Item& b) {
    return descending ? of(b) < of(a) : of(a) < of(b);
  });
}

void sort(const RangeRequest& request, std::vector<Item>& items) {
  const bool descending = request.sort_order() == RangeRequest::DESCEND;
  switch (static_cast<int>(request.sort_target())) {
    case RangeRequest::KEY:
      if (descending) std::reverse(items.begin(), items.end());  // they come in key order
      return;
    case RangeRequest::VERSION: return sort_by(items, descending, [](const Item& i) { return i.found.version.version; });
    case RangeRequest::CREATE: return sort_by(items, descending, [](const Item& i) { return i.found.version.created; });
    case RangeRequest::MOD: return sort_by(items, descending, [](const Item& i) { return i.found.version.modified; });
    case RangeRequest::VALUE: return sort_by(items, descending, [](const Item& i) { return i.value; });
    default: ASSERT(false && "validated before");
  }
}

base::Status read_record(mvcc::Store& store, Item& item) {
  const base::Result<std::string_view> record = store.read(item.found.version);
  if (!record) return base::fail(record.error());
  item.record = *record;
  return {};
}

base::Status read_values(mvcc::Store& store, std::vector<Item>& items) {
  for (Item& item : items) {
    if (base::Status read = read_record(store, item); !read) return read;
    const base::Result<mvcc::Record> record = mvcc::decode(item.record);
    if (!record) return base::fail(record.error());
    item.value = record->value;
  }
  return {};
}

// Without a value. From the index the lease is not known, and 3.7 leaves it out there.
std::string keys_only_record(const Item& item) {
  mvcc::Record record;
  if (!item.record.empty()) {
    const base::Result<mvcc::Record> stored = mvcc::decode(item.record);
    ASSERT(stored.has_value());  // decoded before, for sorting
    record = *stored;
    record.value = {};
  } else {
    record = {.key = item.found.key,
              .create_revision = to_signed(item.found.version.created),
              .mod_revision = to_signed(item.found.version.modified),
              .version = static_cast<std::int64_t>(item.found.version.version)};
  }
  return mvcc::encode(record);
}

base::Status append_items(mvcc::Store& store, const RangeRequest& request, std::vector<Item>& items, std::string& out) {
  for (Item& item : items) {
    if (request.keys_only()) {
      mvcc::wire::append_message(out, kKvs, keys_only_record(item));
      continue;
    }
    if (item.record.empty()) {
      if (base::Status read = read_record(store, item); !read) return read;
    }
    mvcc::wire::append_message(out, kKvs, item.record);
  }
  return {};
}

}  // namespace

Refusal check_range(const mvcc::Store& store, const RangeRequest& request) {
  if (request.revision() == 0) return std::nullopt;
  if (request.revision() < 0) {
    const bool is_forgiven = request.revision() == -1 && store.compacted() == mvcc::Revision();
    return is_forgiven ? Refusal() : ErrorId::compacted;
  }
  const tl::expected<mvcc::Revision, mvcc::RevisionError> at = store.readable(request.revision());
  return at ? Refusal() : refusal_of(at.error());
}

base::Result<Refusal> append_range(mvcc::Store& store, const RangeRequest& request, Header header, std::string& response) {
  const tl::expected<mvcc::Revision, mvcc::RevisionError> at = store.readable(request.revision());
  if (!at) return Refusal(refusal_of(at.error()));
  const std::uint64_t limit = request.count_only() ? 0 : fetch_limit(request);
  std::vector<Found> found;
  const std::uint64_t count = store.find({request.key(), request.range_end()}, *at, limit, found);

  std::vector<Item> items;
  items.reserve(found.size());
  for (const Found& key : found) {
    if (passes(request, key.version)) items.push_back({key, {}, {}});
  }
  if (request.sort_target() == RangeRequest::VALUE) {
    if (base::Status read = read_values(store, items); !read) return base::fail(read.error());
  }
  sort(request, items);
  bool more = false;
  if (request.limit() > 0 && items.size() > static_cast<std::uint64_t>(request.limit())) {
    more = true;
    items.resize(static_cast<std::size_t>(request.limit()));
  }

  header.revision = store.newest();
  append_header(response, header);
  if (base::Status appended = append_items(store, request, items, response); !appended) return base::fail(appended.error());
  mvcc::wire::append_int64(response, kMore, more ? 1 : 0);
  mvcc::wire::append_int64(response, kCount, static_cast<std::int64_t>(count));
  return Refusal();
}

}  // namespace etcd

#include "core/etcd/range_scan.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/base/assert.h"
#include "core/base/release.h"
#include "storage/mvcc/proto_wire.h"
#include "storage/mvcc/record.h"

namespace etcd {

using etcdserverpb::RangeRequest;

namespace {

// Field numbers of etcdserverpb.RangeResponse.
constexpr std::uint32_t kKvs = 2;
constexpr std::uint32_t kMore = 3;
constexpr std::uint32_t kCount = 4;

constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

bool has_filter(const RangeRequest& request) {
  return request.min_mod_revision() != 0 || request.max_mod_revision() != 0 || request.min_create_revision() != 0 ||
         request.max_create_revision() != 0;
}

// An order of NONE by anything but the key means ascending.
bool is_sorted(const RangeRequest& request) {
  return request.sort_target() != RangeRequest::KEY || request.sort_order() == RangeRequest::DESCEND;
}

std::uint64_t limit_of(const RangeRequest& request) {
  return request.limit() <= 0 ? kNoLimit : static_cast<std::uint64_t>(request.limit());
}

// One more than asked for is fetched, so that `more` is known. An order of NONE is limited before it is sorted,
// whatever the target: etcd does so, and pages are cut accordingly.
std::uint64_t fetch_limit(const RangeRequest& request) {
  const bool by_key = request.sort_order() == RangeRequest::NONE ||
                      (request.sort_order() == RangeRequest::ASCEND && request.sort_target() == RangeRequest::KEY);
  const std::uint64_t limit = limit_of(request);
  return limit == kNoLimit || !by_key || has_filter(request) ? kNoLimit : limit + 1;
}

bool passes(const RangeRequest& request, const mvcc::KeyVersion& version) {
  const std::int64_t modified = to_signed(version.modified);
  const std::int64_t created = to_signed(version.created);
  return (request.max_mod_revision() == 0 || modified <= request.max_mod_revision()) &&
         (request.min_mod_revision() == 0 || modified >= request.min_mod_revision()) &&
         (request.max_create_revision() == 0 || created <= request.max_create_revision()) &&
         (request.min_create_revision() == 0 || created >= request.min_create_revision());
}

mvcc::Record without_value(std::string_view key, const mvcc::KeyVersion& version) {
  return {.key = key,
          .create_revision = to_signed(version.created),
          .mod_revision = to_signed(version.modified),
          .version = static_cast<std::int64_t>(version.version)};
}

template <typename T>
int order_of(const T& a, const T& b) {
  if (a == b) return 0;
  return a < b ? -1 : 1;
}

}  // namespace

// Which of two comes first in the answer. Equals come in the order of their keys; etcd promises none.
class RangeScan::Order {
 public:
  explicit Order(const RangeRequest& request)
      : target_(static_cast<int>(request.sort_target())), is_descending_(request.sort_order() == RangeRequest::DESCEND) {}

  bool operator()(const Item& a, const Item& b) const {
    const int order = by_target(a, b);
    if (order != 0) return is_descending_ ? order > 0 : order < 0;
    return a.key < b.key;
  }

 private:
  int by_target(const Item& a, const Item& b) const {
    switch (target_) {
      case RangeRequest::KEY: return a.key.compare(b.key);
      case RangeRequest::VERSION: return order_of(a.version.version, b.version.version);
      case RangeRequest::CREATE: return order_of(a.version.created, b.version.created);
      case RangeRequest::MOD: return order_of(a.version.modified, b.version.modified);
      case RangeRequest::VALUE: return a.value.compare(b.value);
      default: break;
    }
    ASSERT(false && "validated before");
    return 0;
  }

  int target_;
  bool is_descending_;
};

// What is left of the budget, and the work that it pays for.
class RangeScan::Slice {
 public:
  Slice(RangeScan& scan, mvcc::Store& store, const RangeRequest& request, const ScanBudget& budget, std::string& kvs)
      : scan_(scan), store_(store), request_(request), left_(budget), kvs_(kvs) {}

  base::Status run() {
    if (scan_.stage_ == Stage::collecting) collect();
    if (status_ && scan_.stage_ == Stage::sorting) sort();
    if (status_ && scan_.stage_ == Stage::appending) append_sorted();
    return std::move(status_);
  }

 private:
  bool is_spent() const { return left_.keys == 0 || left_.rows == 0 || left_.bytes == 0; }
  void pay_row(std::size_t bytes) {
    --left_.rows;
    left_.bytes -= std::min<std::uint64_t>(left_.bytes, bytes);
  }

  void collect() {
    const auto visit = [this](std::string_view key, const mvcc::KeyVersion& version) {
      ++scan_.count_;
      return take(key, version);
    };
    if (request_.range_end().empty()) {
      const mvcc::KeyVersion* found = store_.find(request_.key(), scan_.at_);
      if (found != nullptr) visit(request_.key(), *found);
    } else {
      const std::uint64_t keys = left_.keys;
      const std::optional<std::string_view> next =
          store_.visit_slice({scan_.next_key_, request_.range_end()}, scan_.at_, keys, visit);
      if (next) {
        scan_.next_key_ = *next;
        return;
      }
    }
    scan_.heap_size_ = scan_.items_.size();
    scan_.stage_ = scan_.items_.empty() ? Stage::done : Stage::sorting;
  }

  // False: the slice ends here.
  bool take(std::string_view key, const mvcc::KeyVersion& version) {
    if (request_.count_only() || scan_.count_ > fetch_limit_ || !passes(request_, version)) return true;
    ++scan_.survivors_;
    if (!is_sorted_) return scan_.survivors_ > limit_ || append(key, version);
    Item item{std::string(key), version, {}, 0};
    if (request_.sort_target() == RangeRequest::VALUE && !read_value(item)) return false;
    std::vector<Item>& items = scan_.items_;
    items.push_back(std::move(item));
    std::push_heap(items.begin(), items.end(), order_);
    if (items.size() > limit_) {
      std::pop_heap(items.begin(), items.end(), order_);
      items.pop_back();
    }
    return !is_spent();
  }

  bool read_value(Item& item) {
    const base::Result<std::string_view> bytes = store_.read(item.version);
    if (!bytes) return fail(bytes.error());
    const base::Result<mvcc::Record> record = mvcc::decode(*bytes);
    if (!record) return fail(record.error());
    item.value = record->value;
    item.lease = record->lease;
    pay_row(bytes->size());
    return true;
  }

  void sort() {
    std::vector<Item>& items = scan_.items_;
    // A step costs about what looking at eight keys does.
    for (; scan_.heap_size_ > 0; --scan_.heap_size_) {
      if (is_spent()) return;
      left_.keys -= std::min<std::uint64_t>(left_.keys, 8);
      std::pop_heap(items.begin(), items.begin() + static_cast<std::ptrdiff_t>(scan_.heap_size_), order_);
    }
    scan_.stage_ = Stage::appending;
  }

  void append_sorted() {
    std::vector<Item>& items = scan_.items_;
    while (scan_.appended_ < items.size()) {
      if (is_spent()) return;
      Item& item = items[scan_.appended_];
      if (request_.sort_target() == RangeRequest::VALUE) {
        mvcc::Record record = without_value(item.key, item.version);
        if (!request_.keys_only()) record.value = item.value;
        record.lease = item.lease;
        append(mvcc::encode(record));
      } else {
        append(item.key, item.version);
      }
      if (!status_) return;
      item = Item();  // it is in the answer now
    }
    base::release(items);
    scan_.stage_ = Stage::done;
  }

  // False: the slice ends here. From the index the lease is not known, and 3.7 leaves it out there.
  bool append(std::string_view key, const mvcc::KeyVersion& version) {
    if (request_.keys_only()) return append(mvcc::encode(without_value(key, version)));
    const base::Result<std::string_view> bytes = store_.read(version);
    return bytes ? append(*bytes) : fail(bytes.error());
  }
  bool append(std::string_view record) {
    mvcc::wire::append_message(kvs_, kKvs, record);
    ++scan_.appended_;
    pay_row(record.size());
    return !is_spent();
  }
  bool fail(const base::Error& error) {
    status_ = base::fail(error);
    return false;
  }

  RangeScan& scan_;
  mvcc::Store& store_;
  const RangeRequest& request_;
  ScanBudget left_;
  std::string& kvs_;
  const Order order_{request_};
  const bool is_sorted_ = is_sorted(request_);
  const std::uint64_t limit_ = limit_of(request_);
  const std::uint64_t fetch_limit_ = fetch_limit(request_);
  base::Status status_;
};

Refusal RangeScan::begin(const mvcc::Store& store, const RangeRequest& request) {
  const tl::expected<mvcc::Revision, mvcc::RevisionError> at = store.readable(request.revision());
  if (!at) return refusal_of(at.error());
  revision_ = store.newest();
  at_ = *at;
  if (!request.range_end().empty()) next_key_ = request.key();
  stage_ = Stage::collecting;
  ASSERT(at_ <= revision_);
  return std::nullopt;
}

base::Result<Refusal> RangeScan::run(mvcc::Store& store, const RangeRequest& request, const ScanBudget& budget,
                                     std::string& kvs) {
  ASSERT(!is_done());
  ASSERT(budget.keys > 0);
  // Compacted since the last slice?
  if (const auto at = store.readable(to_signed(at_)); !at) return Refusal(refusal_of(at.error()));
  if (base::Status run = Slice(*this, store, request, budget, kvs).run(); !run) return base::fail(run.error());
  return Refusal();
}

void RangeScan::append_totals(std::string& response) const {
  ASSERT(is_done());
  ASSERT(appended_ <= survivors_);
  mvcc::wire::append_int64(response, kMore, appended_ < survivors_ ? 1 : 0);
  mvcc::wire::append_int64(response, kCount, static_cast<std::int64_t>(count_));
}

}  // namespace etcd

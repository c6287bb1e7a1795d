#include "core/etcd/watch_events.h"

#include "core/base/assert.h"
#include "core/base/release.h"
#include "storage/mvcc/proto_wire.h"
#include "storage/mvcc/record.h"

namespace etcd {

namespace {

// etcdserverpb.WatchResponse.
constexpr std::uint32_t kWatchId = 2;
constexpr std::uint32_t kWatchCreated = 3;
constexpr std::uint32_t kWatchCanceled = 4;
constexpr std::uint32_t kWatchCompactRevision = 5;
constexpr std::uint32_t kWatchCancelReason = 6;
constexpr std::uint32_t kWatchFragment = 7;
constexpr std::uint32_t kWatchEvents = 11;
// mvccpb.Event; its type is left out for a put, which is 0.
constexpr std::uint32_t kEventType = 1;
constexpr std::uint32_t kEventKv = 2;
constexpr std::uint32_t kEventPrevKv = 3;
constexpr std::int64_t kDeleteType = 1;
constexpr std::uint32_t kModRevision = 3;  // mvccpb.KeyValue

}  // namespace

void EventBatch::append(mvcc::RowKind kind, std::string_view record, mvcc::Revision revision, std::string_view previous) {
  std::string event;
  event.reserve(record.size() + previous.size() + 32);
  if (kind == mvcc::RowKind::tombstone) {
    mvcc::wire::append_int64(event, kEventType, kDeleteType);
    std::string deleted(record);  // the key alone
    mvcc::wire::append_int64(deleted, kModRevision, to_signed(revision));
    mvcc::wire::append_message(event, kEventKv, deleted);
  } else {
    mvcc::wire::append_message(event, kEventKv, record);
  }
  if (!previous.empty()) mvcc::wire::append_message(event, kEventPrevKv, previous);
  mvcc::wire::append_message(bytes_, kWatchEvents, event);
  ends_.push_back(bytes_.size());
}

void EventBatch::append(const EventBatch& other) {
  const std::size_t before = bytes_.size();
  bytes_.append(other.bytes_);
  for (const std::size_t end : other.ends_) ends_.push_back(before + end);
}

std::string_view EventBatch::bytes(std::size_t first, std::size_t last) const {
  ASSERT(first <= last);
  ASSERT(last <= ends_.size());
  const std::size_t begin = first == 0 ? 0 : ends_[first - 1];
  const std::size_t end = last == 0 ? 0 : ends_[last - 1];
  return std::string_view(bytes_).substr(begin, end - begin);
}

void EventBatch::clear() {
  base::release(bytes_);
  ends_.clear();
}

std::size_t fitting_events(const EventBatch& batch, std::size_t first, std::size_t header_bytes, std::size_t bytes_max) {
  ASSERT(first < batch.count());
  std::size_t last = first + 1;
  while (last < batch.count() && header_bytes + batch.bytes(first, last + 1).size() <= bytes_max) ++last;
  return last - first;
}

void append_words(std::string& out, const WatchWords& words) {
  mvcc::wire::append_int64(out, kWatchId, words.watch_id);
  mvcc::wire::append_int64(out, kWatchCreated, words.is_created ? 1 : 0);
  mvcc::wire::append_int64(out, kWatchCanceled, words.is_canceled ? 1 : 0);
  mvcc::wire::append_int64(out, kWatchCompactRevision, words.compact_revision);
  mvcc::wire::append_bytes(out, kWatchCancelReason, words.cancel_reason);
  mvcc::wire::append_int64(out, kWatchFragment, words.is_fragment ? 1 : 0);
}

}  // namespace etcd

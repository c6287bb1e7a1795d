// core/etcd/watch_events.h: what a watcher is told, as bytes on the wire (etcdserverpb.WatchResponse, behaviour reference §4.3, §4.5).
//
// An event is encoded once and may go to any number of watchers: all that differs between two of them is the id, and that stands behind
// the events (the order of fields is free).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/etcd/answer.h"
#include "storage/mvcc/revision.h"
#include "storage/mvcc/rows.h"

namespace etcd {

// Events as fields of a WatchResponse.
class EventBatch {
 public:
  // `record` is that of the change (storage/mvcc/record.h), `previous` what stood there before: empty when there was nothing or nobody
  // wants to know.
  void append(mvcc::RowKind kind, std::string_view record, mvcc::Revision revision, std::string_view previous);
  void append(const EventBatch& other);

  bool is_empty() const { return ends_.empty(); }
  std::size_t count() const { return ends_.size(); }
  std::string_view bytes() const { return bytes_; }
  // Of the events [first, last).
  std::string_view bytes(std::size_t first, std::size_t last) const;
  void clear();

 private:
  std::string bytes_;
  std::vector<std::size_t> ends_;  // of each event, in bytes_
};

// How many events from `first` on go into one message of at most `bytes_max`, the header included; at least one.
std::size_t fitting_events(const EventBatch& batch, std::size_t first, std::size_t header_bytes, std::size_t bytes_max);

inline constexpr std::int64_t kWholeStream = -1;  // the watch id of what concerns no watcher, or none that there is

// The rest of a response, behind its header and its events.
struct WatchWords {
  std::int64_t watch_id = 0;
  bool is_created = false;
  bool is_canceled = false;
  std::int64_t compact_revision = 0;
  std::string_view cancel_reason = {};
  bool is_fragment = false;
};
void append_words(std::string& out, const WatchWords& words);

}  // namespace etcd

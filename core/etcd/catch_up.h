// core/etcd/catch_up.h: watchers that are behind, led through history together, slice by slice, until they are where the store is.
//
// One walk over the rows serves all of them, from the revision that the furthest behind wants on. Whoever has less to learn skips what he
// knows. All events of a revision go into one response; a revision that is larger than a slice is gathered over several.
#pragma once

#include <cstdint>

#include "core/base/intrusive_list.h"
#include "core/base/result.h"
#include "core/etcd/service_context.h"
#include "core/etcd/slice_queue.h"
#include "core/etcd/watch_index.h"
#include "core/etcd/watcher.h"
#include "storage/mvcc/history_scan.h"

namespace etcd {

class CatchUp;

class CatchUpListener {
 public:
  // Its watchers know everything that can be read; take_members() has them. It is of no further use.
  virtual void on_caught_up(CatchUp& catch_up) = 0;
  // What its stream would not take it still wants: watcher.next says from where on. It is not a member any more.
  virtual void on_no_room(Watcher& watcher) = 0;
  // What it wants next is compacted. Likewise.
  virtual void on_overtaken(Watcher& watcher, mvcc::Revision compacted) = 0;
  // A file of the store cannot be read: the member stops.
  virtual void on_read_failed(const base::Error& error) = 0;

 protected:
  ~CatchUpListener() = default;
};

class CatchUp final : private Sliced {
 public:
  CatchUp(ServiceContext& context, SliceQueue& queue, CatchUpListener& listener) : context_(context), queue_(queue), listener_(listener) {}
  ~CatchUp();

  // Takes all of these; their `next` says what each wants. Goes on by itself, on later turns.
  void begin(base::IntrusiveList<WatchTurn>& watchers);
  // It leaves, and its `next` says what it wants. Requires: it is a member.
  void leave(Watcher& watcher);
  // All of them leave.
  void take_members(base::IntrusiveList<WatchTurn>& into);
  bool is_empty() const { return members_.is_empty(); }

 private:
  void run_slice() override;
  mvcc::Revision wanted_by(const Watcher& watcher) const;
  bool find_beginning();
  void drop_overtaken();
  bool gather(const mvcc::HistoryRow& row);
  bool tell();
  void finish();

  ServiceContext& context_;
  SliceQueue& queue_;
  CatchUpListener& listener_;
  WatchIndex index_;
  base::IntrusiveList<WatchTurn> members_;
  base::IntrusiveList<WatchTouch> touched_;  // with events that they have not been told yet
  mvcc::HistoryScan scan_;
  bool has_begun_ = false;    // scan_ has
  mvcc::Revision position_;   // members know, or have gathered, everything below it; of itself perhaps a part
};

}  // namespace etcd

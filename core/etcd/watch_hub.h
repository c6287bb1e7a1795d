// core/etcd/watch_hub.h: tells the watchers of a member what changes, each exactly once and in order (behaviour reference §4.4, §4.6).
//
// Who is up to date is *synced*: a change finds him by its key, and he is told when the turn ends. Who begins in the past, or was too slow,
// *catches up* from the rows of the store, together with the others that do (catch_up.h). Nothing is ever dropped, and nobody waits for a slow
// client: one whose stream has no room is told later, from the rows, of what he missed.
//
// The numbers of etcd for this (responses in a queue, watchers in a pass) have bytes and slices in their place.
#pragma once

#include <absl/container/inlined_vector.h>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/intrusive_list.h"
#include "core/base/result.h"
#include "core/etcd/answer.h"
#include "core/etcd/catch_up.h"
#include "core/etcd/service_context.h"
#include "core/etcd/slice_queue.h"
#include "core/etcd/watch_index.h"
#include "core/etcd/watcher.h"
#include "io/clock.h"
#include "io/loop.h"
#include "storage/mvcc/store.h"

namespace etcd {

class WatchHub final : public StoreFollower, private CatchUpListener, private io::EndOfTurn, private io::Timer {
 public:
  explicit WatchHub(ServiceContext& context);
  ~WatchHub();

  // From here on the watcher is told of changes at watcher.next and later, on later turns than this. Requires: it is fresh.
  void add(Watcher& watcher);
  // No more of it. At any time, in any state.
  void remove(Watcher& watcher);
  // The stream of these has room again; all of them are `behind`.
  void on_room(base::IntrusiveList<WatchTurn>& behind);
  // Everything that can be read has been told to those who are synced. Whoever tells a client how far it is calls this first.
  void flush();

  // The header of a response that says `at`, encoded; until the next call. Those of one entry share it.
  std::string_view header_at(mvcc::Revision at);

  // He has been told of everything up to the current revision, and that is not below where he begins. Requires: flush() was called.
  bool is_up_to_date(const Watcher& watcher) const;

 private:
  // One change that somebody watches.
  struct Change {
    mvcc::RowKind kind = mvcc::RowKind::put;
    std::string key;
    std::string record;
    std::array<std::optional<EventBatch>, 2> events;  // the event, without and with what was there before
  };
  struct Delivery {
    Watcher* watcher = nullptr;  // null: it is gone
    absl::InlinedVector<std::uint32_t, 2> changes;
  };
  // What one entry of the log has changed.
  struct Entry {
    mvcc::Revision revision;
    std::vector<Change> changes;
    std::vector<Delivery> deliveries;
  };

  // StoreFollower
  void on_changes(mvcc::Revision revision, const std::vector<mvcc::KeyChange>& changes) override;
  void on_store_replaced(mvcc::Revision old_current) override;
  // CatchUpListener
  void on_caught_up(CatchUp& catch_up) override;
  void on_no_room(Watcher& watcher) override { set_behind(watcher); }
  void on_overtaken(Watcher& watcher, mvcc::Revision compacted) override;
  void on_read_failed(const base::Error& error) override;

  void on_end_of_turn() override;
  void on_timer() override { catch_up_waiting(); }
  void ask();
  void tell(Entry& entry);
  const EventBatch* events_of(Entry& entry, const Delivery& delivery);
  bool encode(const Entry& entry, Change& change, bool with_previous);
  void forget_deliveries(const Watcher& watcher);
  void set_waiting(Watcher& watcher);
  void set_synced(Watcher& watcher);
  void set_behind(Watcher& watcher);
  void catch_up_waiting();

  ServiceContext& context_;
  SliceQueue slices_;
  WatchIndex synced_;
  base::IntrusiveList<WatchTurn> waiting_;
  std::vector<std::unique_ptr<CatchUp>> catch_ups_;
  std::vector<Entry> entries_;  // of this turn, oldest first
  EventBatch scratch_;
  Header header_;        // which header_bytes_ is
  std::string header_bytes_;  // empty: none yet
  bool is_asked_ = false;
  bool is_broken_ = false;  // something could not be told: nothing that comes after it is, until the member stops
};

}  // namespace etcd

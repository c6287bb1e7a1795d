// core/etcd/watcher.h: one watch of one stream, as the hub (watch_hub.h) knows it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "core/base/intrusive_list.h"
#include "core/etcd/watch_events.h"
#include "storage/mvcc/key_range.h"
#include "storage/mvcc/revision.h"
#include "storage/mvcc/rows.h"

namespace etcd {

struct Watcher;

// Where a watcher's responses go: its stream.
class WatchSink {
 public:
  // False: the client has left too much untaken. It says WatchHub::on_room() when that has changed.
  virtual bool has_room() const = 0;
  // All events of the revisions that are in it; `at` for the header.
  virtual void send_events(const Watcher& watcher, mvcc::Revision at, const EventBatch& events) = 0;
  // There was no room; to be kept until there is.
  virtual void keep_behind(Watcher& watcher) = 0;
  // What the watcher wants next is gone. It hears nothing more.
  virtual void send_compacted(const Watcher& watcher, mvcc::Revision compacted) = 0;

 protected:
  ~WatchSink() = default;
};

// A watcher stands in several lists at a time, each with a link of its own.
class WatchPlace : public base::ListNode<WatchPlace> {};  // among the watchers of its range, in an index
class WatchTurn : public base::ListNode<WatchTurn> {};    // among those that wait, catch up or have no room
class WatchTouch : public base::ListNode<WatchTouch> {};  // among those that have something to be told

struct WatchRangeNode;
class CatchUp;

struct Watcher final : WatchPlace, WatchTurn, WatchTouch {
  Watcher(WatchSink& its_sink, std::int64_t its_id, std::string its_key, std::string its_end)
      : sink(its_sink), id(its_id), key(std::move(its_key)), end(std::move(its_end)) {}

  mvcc::KeyRange range() const { return {key, end}; }
  bool wants(mvcc::RowKind kind) const { return kind == mvcc::RowKind::put ? wants_puts : wants_deletes; }

  // new -> waiting -> catching up -> synced      where it is goes by what it was told
  //        ^  behind <---'----------'            its stream has no room; on_room() brings it back
  //        '- a snapshot was installed
  // waiting, catching up -> dead                 compaction has overtaken it
  enum class State : std::uint8_t { fresh, waiting, catching_up, synced, behind, dead };

  WatchSink& sink;
  const std::int64_t id;
  const std::string key;
  const std::string end;          // as KeyRange has it
  bool wants_puts = true;
  bool wants_deletes = true;
  bool wants_previous = false;
  bool may_fragment = false;
  bool wants_progress = false;
  bool had_events = false;        // since the last look at who wants progress
  State state = State::fresh;
  std::int64_t start = 0;         // as the client named it
  mvcc::Revision next;            // the first revision of which it may not have been told everything
  WatchRangeNode* node = nullptr; // in an index
  std::size_t touched = 0;        // its place in what the hub tells of the newest entry, plus one; 0: nowhere
  std::uint32_t deliveries = 0;   // of it that the hub still has
  // While catching up.
  CatchUp* catch_up = nullptr;
  std::unique_ptr<EventBatch> gathered;
  mvcc::Revision gathered_from;   // the revision of the first of them
};

}  // namespace etcd

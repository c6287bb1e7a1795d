#include "core/etcd/catch_up.h"

#include <algorithm>
#include <utility>

#include "core/base/assert.h"
#include "core/base/mark.h"
#include "core/etcd/previous_value.h"
#include "storage/mvcc/record.h"

namespace etcd {

CatchUp::~CatchUp() {
  base::IntrusiveList<WatchTurn> left;
  take_members(left);
}

void CatchUp::begin(base::IntrusiveList<WatchTurn>& watchers) {
  ASSERT(is_empty());
  ASSERT(!watchers.is_empty());
  watchers.visit([this](WatchTurn& turn) {
    auto& watcher = static_cast<Watcher&>(turn);
    ASSERT(watcher.state == Watcher::State::waiting);
    watcher.state = Watcher::State::catching_up;
    watcher.catch_up = this;
    if (index_.is_empty() || watcher.next < position_) position_ = watcher.next;
    index_.add(watcher);
  });
  members_.take_all(watchers);
  queue_.add(*this);
}

// The first revision of which it was not told everything: what was gathered was not told yet.
mvcc::Revision CatchUp::wanted_by(const Watcher& watcher) const {
  const bool has_gathered = watcher.gathered != nullptr && !watcher.gathered->is_empty();
  return has_gathered ? watcher.gathered_from : std::max(watcher.next, position_);
}

void CatchUp::leave(Watcher& watcher) {
  ASSERT(watcher.catch_up == this);
  watcher.catch_up = nullptr;
  watcher.next = wanted_by(watcher);
  watcher.gathered.reset();
  watcher.WatchTouch::unlink();
  watcher.WatchTurn::unlink();
  index_.remove(watcher);
}

void CatchUp::take_members(base::IntrusiveList<WatchTurn>& into) {
  while (!members_.is_empty()) {
    auto& watcher = static_cast<Watcher&>(members_.front());
    leave(watcher);
    into.push_back(watcher);
  }
}

// Of what is compacted a part may still be there: it is not told.
void CatchUp::drop_overtaken() {
  const mvcc::Revision compacted = context_.machine.store().compacted().value_or(mvcc::Revision());
  if (compacted <= position_) return;
  members_.visit([&](WatchTurn& turn) {
    auto& watcher = static_cast<Watcher&>(turn);
    if (wanted_by(watcher) >= compacted) return;
    leave(watcher);
    listener_.on_overtaken(watcher, compacted);
  });
  position_ = compacted;
}

bool CatchUp::find_beginning() {
  if (std::exchange(has_begun_, true)) return true;
  const base::Status begun = scan_.begin(context_.machine.backend(), context_.machine.store().last_row(), position_);
  if (!begun) listener_.on_read_failed(begun.error());
  return begun.has_value();
}

void CatchUp::run_slice() {
  drop_overtaken();
  if (is_empty()) return finish();
  if (!find_beginning()) return;
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;
  for (;;) {
    const auto row = scan_.peek(context_.machine.backend());
    if (!row) return listener_.on_read_failed(row.error());
    if (!row->has_value()) break;
    const bool is_new_revision = (*row)->main > position_;
    const bool is_enough = rows >= context_.config.tuning.watch_slice_rows || bytes >= context_.config.tuning.watch_slice_bytes;
    if (is_enough) {
      if (is_new_revision) {
        position_ = (*row)->main;
        if (!tell()) return;
      }
      return queue_.add(*this);
    }
    ++rows;
    bytes += (*row)->record.size();
    if (is_new_revision) position_ = (*row)->main;
    if ((*row)->main == position_ && !gather(**row)) return;
    scan_.skip();
  }
  position_ = context_.machine.store().current().next();
  if (!tell()) return;
  finish();
}

// For whom this row is. False: the disk failed.
bool CatchUp::gather(const mvcc::HistoryRow& row) {
  const base::Result<mvcc::Record> record = mvcc::decode(row.record);
  if (!record) {
    listener_.on_read_failed(record.error());
    return false;
  }
  base::Status status;
  std::optional<std::string> previous;
  index_.visit(record->key, [&](Watcher& watcher) {
    if (row.main < watcher.next || !watcher.wants(row.kind) || !status) return;
    if (watcher.wants_previous && !previous) {
      base::Result<std::string> found = value_before(context_.machine.store(), record->key, row.main);
      if (!found) return status = base::fail(found.error()), void();
      previous = std::move(*found);
    }
    if (watcher.gathered == nullptr) watcher.gathered = std::make_unique<EventBatch>();
    if (watcher.gathered->is_empty()) {
      watcher.gathered_from = row.main;
      touched_.push_back(watcher);
    }
    watcher.gathered->append(row.kind, row.record, row.main, watcher.wants_previous ? std::string_view(*previous) : std::string_view());
  });
  if (!status) listener_.on_read_failed(status.error());
  return status.has_value();
}

// What was gathered below position_ is complete. False: nobody is left.
bool CatchUp::tell() {
  const mvcc::Revision current = context_.machine.store().current();
  while (!touched_.is_empty()) {
    auto& watcher = static_cast<Watcher&>(touched_.pop_front());
    if (!watcher.sink.has_room()) {
      context_.world.observer.reached(base::Mark::watch_without_room);
      leave(watcher);
      listener_.on_no_room(watcher);
      continue;
    }
    const std::unique_ptr<EventBatch> events = std::move(watcher.gathered);
    watcher.had_events = true;
    watcher.next = position_;
    watcher.sink.send_events(watcher, current, *events);
  }
  if (!is_empty()) return true;
  finish();
  return false;
}

void CatchUp::finish() {
  Sliced::unlink();
  listener_.on_caught_up(*this);
}

}  // namespace etcd

#include "core/etcd/watch_hub.h"

#include <algorithm>
#include <utility>

#include "core/base/assert.h"
#include "core/base/mark.h"
#include "core/etcd/previous_value.h"

namespace etcd {

namespace {
// How many walks over history go on at a time: whoever is a little behind does not wait for those who begin a million revisions ago.
constexpr std::size_t kCatchUpsMax = 4;
// Clients that come back after a failure come together, and one walk can serve all of them. It also gives those a moment who listen to a watcher
// only when they know that it is there, as users of stock clients do: etcd looks for the past no sooner than that either.
constexpr base::Duration kGatherDelay = std::chrono::milliseconds(10);
}  // namespace

WatchHub::WatchHub(ServiceContext& context) : context_(context), slices_(context.loop) { context_.machine.set_follower(this); }

WatchHub::~WatchHub() {
  context_.machine.set_follower(nullptr);
  context_.loop.forget(*this);
  context_.world.clock.disarm(*this);
}

// --- who is where -----------------------------------------------------------------------------------

void WatchHub::add(Watcher& watcher) {
  ASSERT(watcher.state == Watcher::State::fresh);
  if (watcher.next > context_.machine.store().current()) return set_synced(watcher);
  set_waiting(watcher);
}

void WatchHub::remove(Watcher& watcher) {
  switch (watcher.state) {
    case Watcher::State::fresh:
    case Watcher::State::dead: break;
    case Watcher::State::synced:
      synced_.remove(watcher);
      forget_deliveries(watcher);
      break;
    case Watcher::State::waiting:
    case Watcher::State::behind: watcher.WatchTurn::unlink(); break;
    case Watcher::State::catching_up: watcher.catch_up->leave(watcher); break;
  }
  watcher.state = Watcher::State::dead;
}

void WatchHub::on_room(base::IntrusiveList<WatchTurn>& behind) {
  while (!behind.is_empty()) set_waiting(static_cast<Watcher&>(behind.pop_front()));
}

bool WatchHub::is_up_to_date(const Watcher& watcher) const {
  ASSERT(entries_.empty());
  return !is_broken_ && watcher.state == Watcher::State::synced && to_signed(context_.machine.store().current()) >= watcher.start;
}

void WatchHub::set_waiting(Watcher& watcher) {
  watcher.state = Watcher::State::waiting;
  waiting_.push_back(watcher);
  if (!is_armed()) context_.world.clock.arm(*this, context_.world.clock.now() + kGatherDelay);
}

void WatchHub::set_synced(Watcher& watcher) {
  watcher.state = Watcher::State::synced;
  synced_.add(watcher);
}

void WatchHub::set_behind(Watcher& watcher) {
  watcher.state = Watcher::State::behind;
  watcher.sink.keep_behind(watcher);
}

void WatchHub::forget_deliveries(const Watcher& watcher) {
  if (watcher.deliveries == 0) return;
  for (Entry& entry : entries_) {
    for (Delivery& delivery : entry.deliveries) {
      if (delivery.watcher == &watcher) delivery.watcher = nullptr;
    }
  }
}

// --- changes ----------------------------------------------------------------------------------------

void WatchHub::on_changes(mvcc::Revision revision, const std::vector<mvcc::KeyChange>& changes) {
  if (synced_.is_empty() || is_broken_) return;
  Entry entry{revision, {}, {}};
  for (const mvcc::KeyChange& change : changes) {
    bool is_kept = false;
    synced_.visit(change.fields.key, [&](Watcher& watcher) {
      if (revision < watcher.next || !watcher.wants(change.kind)) return;
      if (!std::exchange(is_kept, true)) entry.changes.push_back({change.kind, std::string(change.fields.key), std::string(change.record), {}});
      if (watcher.touched == 0) {
        entry.deliveries.push_back({&watcher, {}});
        ++watcher.deliveries;
        watcher.touched = entry.deliveries.size();
      }
      entry.deliveries[watcher.touched - 1].changes.push_back(static_cast<std::uint32_t>(entry.changes.size() - 1));
    });
  }
  if (entry.deliveries.empty()) return;
  for (const Delivery& delivery : entry.deliveries) delivery.watcher->touched = 0;
  entries_.push_back(std::move(entry));
  ask();
}

void WatchHub::ask() {
  if (std::exchange(is_asked_, true)) return;
  context_.loop.at_end_of_turn(*this);
}

void WatchHub::on_end_of_turn() {
  is_asked_ = false;
  flush();
}

void WatchHub::flush() {
  for (Entry& entry : entries_) {
    if (is_broken_) break;
    tell(entry);
  }
  entries_.clear();
}

void WatchHub::tell(Entry& entry) {
  for (Delivery& delivery : entry.deliveries) {
    if (delivery.watcher == nullptr) continue;
    Watcher& watcher = *delivery.watcher;
    --watcher.deliveries;
    if (watcher.state != Watcher::State::synced) continue;  // an earlier entry found no room: it learns of this one in its turn
    watcher.next = std::max(watcher.next, entry.revision);
    if (!watcher.sink.has_room()) {
      context_.world.observer.reached(base::Mark::watch_without_room);
      synced_.remove(watcher);
      set_behind(watcher);
      continue;
    }
    const EventBatch* const events = events_of(entry, delivery);
    if (events == nullptr) return;
    watcher.next = entry.revision.next();
    watcher.had_events = true;
    watcher.sink.send_events(watcher, entry.revision, *events);
  }
}

// Null: the disk failed, and the member stops. Until the next call.
const EventBatch* WatchHub::events_of(Entry& entry, const Delivery& delivery) {
  const bool with_previous = delivery.watcher->wants_previous;
  for (const std::uint32_t at : delivery.changes) {
    if (!encode(entry, entry.changes[at], with_previous)) return nullptr;
  }
  const auto encoded = [&](std::uint32_t at) -> const EventBatch& { return *entry.changes[at].events[with_previous ? 1 : 0]; };
  if (delivery.changes.size() == 1) return &encoded(delivery.changes.front());
  scratch_.clear();
  for (const std::uint32_t at : delivery.changes) scratch_.append(encoded(at));
  return &scratch_;
}

// Once, whoever wants it.
bool WatchHub::encode(const Entry& entry, Change& change, bool with_previous) {
  std::optional<EventBatch>& event = change.events[with_previous ? 1 : 0];
  if (event) return true;
  const base::Result<std::string> previous =
      with_previous ? value_before(context_.machine.store(), change.key, entry.revision) : base::Result<std::string>(std::string());
  if (!previous) {
    on_read_failed(previous.error());
    return false;
  }
  event.emplace();
  event->append(change.kind, change.record, entry.revision, *previous);
  return true;
}

std::string_view WatchHub::header_at(mvcc::Revision at) {
  Header header = context_.machine.header();
  header.revision = at;
  if (!header_bytes_.empty() && header == header_) return header_bytes_;
  header_ = header;
  header_bytes_.clear();
  append_header(header_bytes_, header);
  return header_bytes_;
}

void WatchHub::on_read_failed(const base::Error& error) {
  is_broken_ = true;
  context_.failure.on_read_failed(error);
}

// --- the past ---------------------------------------------------------------------------------------

void WatchHub::catch_up_waiting() {
  if (waiting_.is_empty() || catch_ups_.size() == kCatchUpsMax) return;
  CatchUpListener& listener = *this;
  catch_ups_.push_back(std::make_unique<CatchUp>(context_, slices_, listener));
  catch_ups_.back()->begin(waiting_);
}

void WatchHub::on_caught_up(CatchUp& catch_up) {
  const mvcc::Revision next = context_.machine.store().current().next();
  base::IntrusiveList<WatchTurn> members;
  catch_up.take_members(members);
  while (!members.is_empty()) {
    auto& watcher = static_cast<Watcher&>(members.pop_front());
    watcher.next = std::max(watcher.next, next);
    set_synced(watcher);
  }
  const auto is_over = [&catch_up](const std::unique_ptr<CatchUp>& one) { return one.get() == &catch_up; };
  catch_ups_.erase(std::find_if(catch_ups_.begin(), catch_ups_.end(), is_over));
  catch_up_waiting();
}

void WatchHub::on_overtaken(Watcher& watcher, mvcc::Revision compacted) {
  context_.world.observer.reached(base::Mark::watch_overtaken);
  watcher.state = Watcher::State::dead;
  watcher.sink.send_compacted(watcher, compacted);
}

// Other rows lie where the old ones did: everybody looks anew, from where he is. Who begins in the future still does.
void WatchHub::on_store_replaced(mvcc::Revision old_current) {
  flush();
  for (const auto& catch_up : catch_ups_) {
    base::IntrusiveList<WatchTurn> members;
    catch_up->take_members(members);
    on_room(members);
  }
  catch_ups_.clear();
  for (Watcher* const watcher : synced_.all()) {
    synced_.remove(*watcher);
    watcher->next = std::max(watcher->next, old_current.next());
    set_waiting(*watcher);
  }
}

}  // namespace etcd

#include "io/sim/events.h"

#include "core/base/assert.h"

namespace io::sim {

std::string_view to_text(TurnKind kind) {
  switch (kind) {
    case TurnKind::start: return "start";
    case TurnKind::timer: return "timer";
    case TurnKind::next_turn: return "next_turn";
    case TurnKind::disk: return "disk";
    case TurnKind::job: return "job";
    case TurnKind::job_finished: return "job_finished";
    case TurnKind::accepted: return "accepted";
    case TurnKind::readable: return "readable";
    case TurnKind::writable: return "writable";
    case TurnKind::closed: return "closed";
    case TurnKind::action: return "action";
  }
  return "?";
}

void EventQueue::schedule(Event& event, VirtualTime at, std::uint64_t order) {
  if (event.is_scheduled()) remove(event.slot_);
  heap_.push_back({at, order, &event});
  event.slot_ = heap_.size() - 1;
  sift_up(event.slot_);
}

void EventQueue::cancel(Event& event) {
  if (event.is_scheduled()) remove(event.slot_);
}

Event& EventQueue::take_first() {
  ASSERT(!heap_.empty());
  Event& event = *heap_.front().event;
  remove(0);
  return event;
}

void EventQueue::clear() {
  for (const Entry& entry : heap_) entry.event->slot_ = QueuePlace::kNowhere;
  heap_.clear();
}

void EventQueue::sift_up(std::size_t slot) {
  const Entry entry = heap_[slot];
  while (slot > 0) {
    const std::size_t parent = (slot - 1) / 2;
    if (!entry.before(heap_[parent])) break;
    place(slot, heap_[parent]);
    slot = parent;
  }
  place(slot, entry);
}

void EventQueue::sift_down(std::size_t slot) {
  const Entry entry = heap_[slot];
  for (;;) {
    std::size_t child = 2 * slot + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && heap_[child + 1].before(heap_[child])) ++child;
    if (!heap_[child].before(entry)) break;
    place(slot, heap_[child]);
    slot = child;
  }
  place(slot, entry);
}

void EventQueue::remove(std::size_t slot) {
  ASSERT(slot < heap_.size());
  heap_[slot].event->slot_ = QueuePlace::kNowhere;
  const Entry last = heap_.back();
  heap_.pop_back();
  if (slot == heap_.size()) return;
  place(slot, last);
  sift_up(slot);
  sift_down(last.event->slot_);
}

}  // namespace io::sim

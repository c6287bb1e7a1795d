#include "io/real/loop.h"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>

#include "core/base/assert.h"

namespace io::real {

namespace {

constexpr int kEventCountMax = 512;  // of one wait, hence of one turn

std::uint64_t packed(SourceId id) { return (static_cast<std::uint64_t>(id.generation) << 32U) | id.slot; }

SourceId unpacked(std::uint64_t word) {
  return SourceId{static_cast<std::uint32_t>(word), static_cast<std::uint32_t>(word >> 32U)};
}

void control(int epoll, int operation, SourceId id, int fd, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = packed(id);
  // Fails only for a descriptor that is not ours to watch, or without kernel memory: neither can be answered.
  ASSERT(::epoll_ctl(epoll, operation, fd, &event) == 0);
}

}  // namespace

RealLoop::RealLoop(RealClock& clock) : clock_(clock), epoll_(::epoll_create1(EPOLL_CLOEXEC)) { ASSERT(epoll_.is_open()); }

void RealLoop::forget(EndOfTurn& hook) {
  end_of_turn_.forget(hook);
  hand_off_.forget(hook);
  next_turn_.forget(hook);
  this_turn_.forget(hook);
}

void RealLoop::finish_turn() {
  end_of_turn_.run();
  hand_off_.run();
  ASSERT(end_of_turn_.is_empty());  // a hand-off asks for nothing
}

int RealLoop::wait_milliseconds(base::Duration wait_max) const {
  if (!again_.empty() || !next_turn_.is_empty()) return 0;
  base::Duration wait = wait_max;
  if (const auto timer = clock_.until_next_timer(); timer && (wait < base::Duration::zero() || *timer < wait)) wait = *timer;
  if (wait < base::Duration::zero()) return -1;
  // Rounded up: waking before a timer is due would be a turn for nothing.
  const std::int64_t milliseconds = std::chrono::ceil<std::chrono::milliseconds>(wait).count();
  return static_cast<int>(std::min<std::int64_t>(milliseconds, std::numeric_limits<int>::max()));
}

void RealLoop::run_turn(base::Duration wait_max) {
  finish_turn();
  std::array<epoll_event, kEventCountMax> events;
  int count = ::epoll_wait(epoll_.get(), events.data(), kEventCountMax, wait_milliseconds(wait_max));
  if (count < 0) {
    ASSERT(errno == EINTR);  // a debugger, or the process was stopped and continued
    count = 0;
  }
  clock_.begin_turn();
  again_now_.swap(again_);
  this_turn_.swap(next_turn_);

  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    deliver(unpacked(event.data.u64), event.events);
  }
  // After the kernel's events: a source that has just handled one has usually nothing left to be called for.
  for (const SourceId id : again_now_) deliver(id, 0);
  again_now_.clear();
  clock_.fire_due();
  this_turn_.run();
  finish_turn();
}

void RealLoop::deliver(SourceId id, std::uint32_t events) {
  if (is_enrolled(id)) slots_[id.slot].source->on_ready(events);
}

SourceId RealLoop::enroll(Source& source) {
  if (first_free_ == kNoSlot) {
    first_free_ = static_cast<std::uint32_t>(slots_.size());
    slots_.push_back(Slot{.next_free = kNoSlot});
  }
  const std::uint32_t slot = first_free_;
  first_free_ = slots_[slot].next_free;
  slots_[slot].source = &source;
  return SourceId{slot, slots_[slot].generation};
}

void RealLoop::retire(SourceId id) {
  ASSERT(is_enrolled(id));
  Slot& slot = slots_[id.slot];
  slot.source = nullptr;
  ++slot.generation;
  if (slot.generation == 0) slot.generation = 1;
  slot.next_free = first_free_;
  first_free_ = id.slot;
}

bool RealLoop::is_enrolled(SourceId id) const {
  return id.slot < slots_.size() && slots_[id.slot].source != nullptr && slots_[id.slot].generation == id.generation;
}

void RealLoop::watch(SourceId id, int fd, std::uint32_t events) { control(epoll_.get(), EPOLL_CTL_ADD, id, fd, events); }

void RealLoop::watch_other(SourceId id, int fd, std::uint32_t events) {
  control(epoll_.get(), EPOLL_CTL_MOD, id, fd, events);
}

}  // namespace io::real

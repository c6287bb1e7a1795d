// io/sim/events.h: what is going to happen, in order of time.
//
// An event is embedded in whoever waits for it, so scheduling allocates nothing. Equal times are ordered by
// the order of scheduling.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "io/sim/virtual_time.h"

namespace io::sim {

// What a turn handles; part of the digest.
enum class TurnKind : std::uint8_t {
  start,         // a program begins
  timer,         // one timer of the clock
  next_turn,     // one hook that asked for a later turn
  disk,          // a completion of a log file
  job,           // a job runs; not a turn of the loop, but it has its place among them
  job_finished,  // the loop is told
  accepted,      // a listener gets a stream
  readable,
  writable,
  closed,
  action,        // something scheduled from outside; not a turn of any member
};
std::string_view to_text(TurnKind kind);

class EventQueue;

// Where an event stands in its queue.
class QueuePlace {
 public:
  bool is_scheduled() const { return slot_ != kNowhere; }

 private:
  friend class EventQueue;
  static constexpr std::size_t kNowhere = SIZE_MAX;
  std::size_t slot_ = kNowhere;  // in the queue's heap
};

class Event : public QueuePlace {
 public:
  explicit Event(TurnKind kind) : kind_(kind) {}
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  virtual void fire() = 0;  // no longer scheduled when called; may be scheduled again
  TurnKind kind() const { return kind_; }

 protected:
  ~Event() = default;  // requires: not scheduled

 private:
  TurnKind kind_;
};

// A binary heap that knows where each event is, so that an event can be moved and taken out.
class EventQueue {
 public:
  struct Entry {
    VirtualTime at;
    std::uint64_t order;  // of scheduling, over the whole run
    Event* event;
    bool before(const Entry& other) const { return at != other.at ? at < other.at : order < other.order; }
  };

  bool is_empty() const { return heap_.empty(); }
  std::size_t count() const { return heap_.size(); }
  const Entry& first() const { return heap_.front(); }

  // An event that is scheduled already is moved.
  void schedule(Event& event, VirtualTime at, std::uint64_t order);
  void cancel(Event& event);  // no effect when it is not scheduled
  Event& take_first();
  void clear();

 private:
  void place(std::size_t slot, const Entry& entry) {
    heap_[slot] = entry;
    entry.event->slot_ = slot;
  }
  void sift_up(std::size_t slot);
  void sift_down(std::size_t slot);
  void remove(std::size_t slot);

  std::vector<Entry> heap_;
};

}  // namespace io::sim

// io/real/observer.h: JSON lines for the operator, counters for the metrics.
//
// One line is one object with etcd's keys: level, ts, caller, msg, then the fields in the order given. `ts` is in
// UTC with microseconds. A field named `caller` takes the place of the default one.
#pragma once

#include <cstdint>
#include <string>

#include "io/clock.h"
#include "io/observer.h"

namespace io::real {

struct ObserverOptions {
  Level level = Level::info;        // lines below it are not written
  std::string caller = "lockstep";  // who speaks, where a line does not say so itself
  int descriptor = 2;               // stderr
};

// What the member did since it started.
struct EventCounters {
  std::uint64_t log_write_count = 0;
  std::uint64_t log_write_bytes = 0;
  std::uint64_t log_sync_count = 0;
  std::uint64_t applied_count = 0;
  std::uint64_t leader_change_count = 0;  // seen by this member
  std::uint64_t snapshot_count = 0;       // begun to be sent
  std::uint64_t installed_count = 0;      // snapshots that became the state here
  base::LogIndex appended;  // the newest entry of the log
  base::LogIndex synced;
  base::LogIndex committed;
  base::LogIndex applied;
  base::StoreMark store_durable;
};

class RealObserver final : public io::Observer {
 public:
  RealObserver(const io::Clock& clock, ObserverOptions options);

  void on_event(const Event& event) override;
  using Observer::log;
  void log(Level level, std::string_view message, std::span<const LogField> fields) override;

  const EventCounters& counters() const { return counters_; }
  void set_level(Level level) { options_.level = level; }

 private:
  void count(const Event& event);
  void describe(const Event& event);  // as a debug line

  const io::Clock& clock_;
  ObserverOptions options_;
  EventCounters counters_;
  std::string line_;  // reused
};

// `2006-01-02T15:04:05.000000Z`
std::string timestamp_text(base::WallTime time);

}  // namespace io::real

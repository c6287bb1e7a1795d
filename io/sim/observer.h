// io/sim/observer.h: hands a member's events to whoever judges the run.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "io/observer.h"
#include "io/sim/host.h"

namespace io::sim {

// Called in the turn, or in the job, in which the member emits the event.
class ObserverListener {
 public:
  virtual void on_event(std::string_view node, VirtualTime at, const io::Event& event) = 0;

 protected:
  ~ObserverListener() = default;
};

struct LogLine {
  VirtualTime at;
  io::Level level = io::Level::info;
  std::string text;  // the message, then ` key=value` for each field
};

// Of one node, over all its incarnations; its owner is the node.
struct Observation {
  ObserverListener* listener = nullptr;
  bool keeps_log = false;
  std::vector<LogLine> log;
  base::MarkCounts marks;
};

class Observer final : public io::Observer {
 public:
  Observer(Life& life, Observation& observation) : life_(life), observation_(observation) {}
  void on_event(const io::Event& event) override;
  // No part of the digest: a run is the same with and without a mark.
  void reached(base::Mark mark) override;
  void log(io::Level level, std::string_view message, std::span<const io::LogField> fields) override;
  using io::Observer::log;
  using io::Observer::reached;

 private:
  Life& life_;
  Observation& observation_;
};

}  // namespace io::sim

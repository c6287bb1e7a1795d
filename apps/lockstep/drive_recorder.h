// apps/lockstep/drive_recorder.h: writes down what the clients of a drive ask and are told.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "apps/lockstep/history_file.h"
#include "core/rpc/status.h"
#include "sim/etcd/history.h"
#include "sim/etcd/outcome.h"

namespace lockstep {

// Nobody was acknowledged for this long.
struct AvailabilityGap {
  double start_seconds = 0;  // since the clients began
  double seconds = 0;
};

struct KindCounts {
  std::uint64_t acknowledged = 0;
  std::uint64_t refused = 0;
  std::uint64_t unknown = 0;
};

class Availability {
 public:
  static constexpr std::int64_t kGapNs = 500'000'000;
  void begin(std::int64_t at_ns);
  void on_acknowledged(std::int64_t at_ns);  // in order
  void end(std::int64_t at_ns);  // what comes later is not counted
  std::uint64_t gap_count() const { return gaps_.size(); }
  std::vector<AvailabilityGap> longest(std::size_t count) const;

 private:
  std::int64_t begin_ns_ = 0;
  std::int64_t last_ns_ = 0;
  bool is_over_ = false;
  std::vector<AvailabilityGap> gaps_;
};

class DriveRecorder {
 public:
  DriveRecorder(sim::etcd::History& history, HistoryFile& file) : history_(history), file_(file), shown_(history.first_revision) {}

  // Of this process, and never twice the same: what was noted first is less.
  std::int64_t stamp();

  // `operation` has all but how it ended, which is now. Counted under `kind`.
  void on_answer(sim::etcd::HistoryOperation operation, std::string_view kind, std::string_view answer);
  void on_error(sim::etcd::HistoryOperation operation, std::string_view kind, const rpc::Status& status);
  void on_open(const sim::etcd::HistoryOperation& operation, std::string_view kind);

  sim::etcd::ByteArena& arena() { return history_.arena; }
  std::int64_t first_revision() const { return history_.first_revision; }
  std::int64_t shown() const { return shown_; }  // the newest revision that anybody was told

  Availability& availability() { return availability_; }
  const Availability& availability() const { return availability_; }
  const std::map<std::string, KindCounts, std::less<>>& kinds() const { return kinds_; }
  const std::map<std::string, std::uint64_t>& errors() const { return errors_; }
  const std::set<std::uint64_t>& terms() const { return terms_; }

 private:
  void add(const sim::etcd::HistoryOperation& operation);
  KindCounts& counts(std::string_view kind);

  sim::etcd::History& history_;
  HistoryFile& file_;
  std::int64_t shown_;
  std::int64_t last_stamp_ = 0;
  Availability availability_;
  std::map<std::string, KindCounts, std::less<>> kinds_;
  std::map<std::string, std::uint64_t> errors_;  // `CODE: message`
  std::set<std::uint64_t> terms_;                // of raft, as headers show them
};

}  // namespace lockstep

// io/real/log_thread.h: the one thread that writes and syncs log files.
//
// What the loop asks for during a turn goes over as one vector with one wake when the turn ends, and its answers
// come back as one vector with one signal. While a sync is running the loop gathers the next batch: this is the
// whole of group commit, without a timer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include "core/base/result.h"
#include "io/completion.h"
#include "io/disk.h"
#include "io/real/file.h"
#include "io/real/handoff.h"
#include "io/real/loop.h"

namespace io::real {

class RealLogFile;

class LogThread final : private Source, private EndOfTurn {
 public:
  explicit LogThread(RealLoop& loop);
  ~LogThread();
  LogThread(const LogThread&) = delete;
  LogThread& operator=(const LogThread&) = delete;

  // Waits for what the thread is doing and drops everything else: no completion is called any more, and later
  // requests have no effect. What a simulated crash does to a member's disk.
  void abandon();
  bool is_abandoned() const { return abandoned_; }

 private:
  friend class RealLogFile;
  // A write of at least one byte, or a sync.
  struct Request {
    RealLogFile* file = nullptr;
    std::uint64_t offset = 0;
    std::span<const std::byte> data;  // empty: a sync
    Completion* done = nullptr;
  };
  struct Answer {
    RealLogFile* file = nullptr;
    Completion* done = nullptr;
    base::Status status;
  };

  void request(const Request& request);
  void on_end_of_turn() override;                 // the hand-off
  void on_ready(std::uint32_t events) override;  // answers
  void run();                                     // the thread

  RealLoop& loop_;
  SourceId id_;
  bool abandoned_ = false;
  std::vector<Request> gathered_;  // during this turn
  std::vector<Answer> arrived_;    // being completed
  ToThread<Request> requests_;
  ToLoop<Answer> answers_;
  std::thread thread_;  // last: it uses what stands above
};

class RealLogFile final : public io::LogFile {
 public:
  RealLogFile(LogThread& thread, File file) : thread_(thread), file_(std::move(file)) {}
  ~RealLogFile() override;
  void write(std::uint64_t offset, std::span<const std::byte> data, Completion& done) override;
  void sync(Completion& done) override;

 private:
  friend class LogThread;
  base::Status perform(const LogThread::Request& request);  // on the log thread

  LogThread& thread_;
  std::size_t in_flight_ = 0;  // the loop's count
  // The log thread's, while anything is in flight.
  File file_;
  std::optional<base::Error> failure_;  // of the first request that failed: every later one fails like it
};

}  // namespace io::real

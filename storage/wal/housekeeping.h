// storage/wal/housekeeping.h: what an open log does to its directory, off the loop: the next segment is made, old ones go.
//
// One queue, so no two jobs touch the directory at a time.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "io/world.h"
#include "storage/wal/segments.h"

namespace wal {

// On turns of their own.
class HousekeepingListener {
 public:
  // prepare() came to an end: the segment is there to be taken, or the error.
  virtual void on_prepared(base::Status status) = 0;
  // retire() came to an end.
  virtual void on_retired(base::Status status) = 0;

 protected:
  ~HousekeepingListener() = default;
};

class Housekeeping {
 public:
  Housekeeping(const io::World& world, const Options& options, const Identity& identity, HousekeepingListener& listener);

  // Makes a segment of at least `bytes`, from a spare if there is one; one already prepared under that number is replaced.
  // Requires: !is_preparing().
  void prepare(SegmentNumber number, std::uint64_t bytes);
  bool is_preparing() const { return preparing_.is_running; }
  const std::optional<OpenSegment>& prepared() const { return prepared_; }
  // Requires: prepared().
  OpenSegment take();

  // The files become spares or go. Requires: a batch that says they are not needed is durable.
  void retire(const std::vector<ClosedSegment>& segments);

  bool is_busy() const { return preparing_.is_running || retiring_.is_running; }

 private:
  struct PrepareJob final : io::Job {
    explicit PrepareJob(Housekeeping& housekeeping) : owner(housekeeping) {}
    void run() override;
    void finished() override { owner.on_prepare_finished(); }

    Housekeeping& owner;
    bool is_running = false;
    // The job's while it runs.
    SegmentNumber number;
    std::uint64_t bytes = 0;
    std::optional<SegmentNumber> recycled;
    base::Result<OpenSegment> made = base::fail(base::Code::unavailable, "");
  };
  struct RetireJob final : io::Job {
    explicit RetireJob(Housekeeping& housekeeping) : owner(housekeeping) {}
    void run() override;
    void finished() override { owner.on_retire_finished(); }

    Housekeeping& owner;
    bool is_running = false;
    // The job's while it runs.
    std::vector<SegmentNumber> to_spare;
    std::vector<SegmentNumber> to_remove;
    base::Status status;
  };

  void on_prepare_finished();
  void on_retire_finished();
  void submit_retire();

  io::Observer& observer_;
  io::Disk& disk_;
  io::Random& random_;
  HousekeepingListener& listener_;
  const Options options_;
  const Identity identity_;
  std::optional<OpenSegment> prepared_;
  std::vector<SegmentNumber> spares_;      // of the length of a new segment, their names durable
  std::vector<ClosedSegment> to_retire_;   // when the job that runs has finished
  PrepareJob preparing_;
  RetireJob retiring_;
  std::unique_ptr<io::WorkQueue> queue_;  // goes first: its jobs are members above
};

}  // namespace wal

// io/workers.h: work off the loop.
//
// A job owns everything it touches from submit() until finished() is called. In io/real it runs on
// another thread; in io/sim it runs in one go, each of its disk calls at an instant of its own within the
// job's simulated duration, so that a crash can fall between any two of them.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

namespace io {

class Job {
 public:
  virtual void run() = 0;       // off the loop; may block; must not touch the world except Disk and Random
  virtual void finished() = 0;  // on the loop, on a later turn than submit()

 protected:
  ~Job() = default;  // owned by whoever submitted it, and outlives finished()
};

// Jobs of one queue run one after another, in order of submission; jobs of different queues may overlap.
class WorkQueue {
 public:
  // Requires: nothing submitted is unfinished, unless the member crashed.
  virtual ~WorkQueue() = default;
  virtual void submit(Job& job) = 0;
};

class Workers {
 public:
  virtual ~Workers() = default;
  // `owner` is a name for logs and, in io/sim, part of the identity of the decisions made about its jobs;
  // it is unique within the member.
  virtual std::unique_ptr<WorkQueue> open_queue(std::string_view owner) = 0;
};

}  // namespace io

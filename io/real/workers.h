// io/real/workers.h: one thread per queue.
//
// Whoever wants jobs to overlap opens several queues. Jobs submitted during a turn go over as one batch when the
// turn ends; each finished one is on its way back at once, however many wait behind it.
#pragma once

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "io/real/handoff.h"
#include "io/real/loop.h"
#include "io/workers.h"

namespace io::real {

class RealWorkQueue;

class RealWorkers final : public io::Workers, private Source {
 public:
  explicit RealWorkers(RealLoop& loop);
  // Requires: every queue is gone.
  ~RealWorkers() override;
  std::unique_ptr<WorkQueue> open_queue(std::string_view owner) override;

  // Waits for the jobs that are running and drops everything else: finished() is called no more, and later
  // submissions have no effect. What a simulated crash does to a member's jobs.
  void abandon();

 private:
  friend class RealWorkQueue;
  struct Finished {
    RealWorkQueue* queue = nullptr;
    Job* job = nullptr;
  };

  void on_ready(std::uint32_t events) override;

  RealLoop& loop_;
  SourceId id_;
  bool abandoned_ = false;
  std::vector<RealWorkQueue*> queues_;
  std::vector<Finished> arrived_;
  ToLoop<Finished> finished_;
};

}  // namespace io::real

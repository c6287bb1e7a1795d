#include "io/real/workers.h"

#include <sys/epoll.h>

#include <algorithm>
#include <cstddef>

#include "core/base/assert.h"
#include "io/real/thread.h"

namespace io::real {

class RealWorkQueue final : public io::WorkQueue, private EndOfTurn {
 public:
  RealWorkQueue(RealWorkers& workers, std::string_view owner) : workers_(workers) {
    workers_.queues_.push_back(this);
    thread_ = start_thread(owner, [this] { run(); });
  }
  ~RealWorkQueue() override {
    ASSERT(unfinished_ == 0 || workers_.abandoned_);
    stop();
    std::erase(workers_.queues_, this);
  }

  void submit(Job& job) override {
    if (workers_.abandoned_) return;
    ++unfinished_;
    if (gathered_.empty()) workers_.loop_.at_hand_off(*this);
    gathered_.push_back(&job);
  }

  // Waits for the job that is running; those behind it are dropped.
  void stop() {
    jobs_.close();
    if (thread_.joinable()) thread_.join();
    workers_.loop_.forget(*this);
  }

  void finish(Job& job) {
    ASSERT(unfinished_ > 0);
    --unfinished_;
    job.finished();
  }

 private:
  void on_end_of_turn() override { jobs_.hand_over(gathered_); }

  void run() {
    std::vector<Job*> batch;
    while (jobs_.take(batch)) {
      for (Job* job : batch) {
        if (jobs_.is_closed()) return;
        job->run();
        workers_.finished_.hand_over(RealWorkers::Finished{this, job});
      }
      batch.clear();
    }
  }

  RealWorkers& workers_;
  std::size_t unfinished_ = 0;
  std::vector<Job*> gathered_;  // during this turn
  ToThread<Job*> jobs_;
  std::thread thread_;  // last: it uses what stands above
};

RealWorkers::RealWorkers(RealLoop& loop) : loop_(loop), id_(loop.enroll(*this)) {
  loop_.watch(id_, finished_.descriptor(), EPOLLIN | EPOLLET);
}

RealWorkers::~RealWorkers() {
  ASSERT(queues_.empty());
  abandon();
}

std::unique_ptr<WorkQueue> RealWorkers::open_queue(std::string_view owner) {
  return std::make_unique<RealWorkQueue>(*this, owner);
}

void RealWorkers::abandon() {
  if (abandoned_) return;
  abandoned_ = true;
  for (RealWorkQueue* queue : queues_) queue->stop();
  loop_.retire(id_);
}

void RealWorkers::on_ready(std::uint32_t /*events*/) {
  finished_.take(arrived_);
  for (const Finished& each : arrived_) {
    if (abandoned_) break;
    each.queue->finish(*each.job);
  }
  arrived_.clear();
}

}  // namespace io::real

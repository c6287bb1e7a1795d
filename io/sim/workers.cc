#include "io/sim/workers.h"

#include <algorithm>
#include <deque>

#include "core/base/assert.h"

namespace io::sim {

class Workers::Queue final : public io::WorkQueue {
 public:
  Queue(Workers& workers, std::string_view owner)
      : workers_(workers), life_(workers.life_), handle_(life_), owner_(owner) {
    for (const Queue* other : workers.queues_) ASSERT(other->owner_ != owner);
    workers.queues_.push_back(this);
  }

  ~Queue() override {
    ASSERT(life_.is_dead || (waiting_.empty() && done_.empty()));
    life_.host.cancel(start_);
    life_.host.cancel(finish_);
    workers_.queues_.erase(std::find(workers_.queues_.begin(), workers_.queues_.end(), this));
  }

  void submit(io::Job& job) override {
    ASSERT(!life_.host.is_in_job());
    if (life_.is_dead) return;
    waiting_.push_back(&job);
    if (waiting_.size() == 1) life_.host.schedule(start_, std::max(free_at_, life_.host.instant()));
  }

  const std::string& owner() const { return owner_; }
  bool is_running(VirtualTime at) const { return began_at_ <= at && at < free_at_; }

 private:
  struct Done {
    io::Job* job;
    VirtualTime at;
  };
  class Start final : public Event {
   public:
    explicit Start(Queue& queue) : Event(TurnKind::job), queue_(queue) {}
    void fire() override { queue_.run_first(); }

   private:
    Queue& queue_;
  };
  class Finish final : public Event {
   public:
    explicit Finish(Queue& queue) : Event(TurnKind::job_finished), queue_(queue) {}
    void fire() override { queue_.finish_first(); }

   private:
    Queue& queue_;
  };

  void run_first() {
    ASSERT(!waiting_.empty());
    io::Job* const job = waiting_.front();
    waiting_.pop_front();
    began_at_ = life_.host.instant();
    life_.host.spend(life_.host.faults.job_cost);
    job->run();
    free_at_ = life_.host.instant();
    done_.push_back({job, free_at_});
    if (done_.size() == 1) life_.host.schedule(finish_, free_at_);
    if (!waiting_.empty()) life_.host.schedule(start_, free_at_);
  }

  void finish_first() {
    ASSERT(!done_.empty());
    io::Job* const job = done_.front().job;
    done_.pop_front();
    if (!done_.empty()) life_.host.schedule(finish_, std::max(done_.front().at, life_.host.now()));
    job->finished();
  }

  Workers& workers_;
  Life& life_;
  Handle handle_;
  std::string owner_;
  std::deque<io::Job*> waiting_;
  std::deque<Done> done_;  // run, and not told yet
  VirtualTime began_at_;
  VirtualTime free_at_;    // the end of the job that ran last
  Start start_{*this};
  Finish finish_{*this};
};

std::unique_ptr<io::WorkQueue> Workers::open_queue(std::string_view owner) {
  return std::make_unique<Queue>(*this, owner);
}

std::vector<std::string> Workers::running(VirtualTime at) const {
  std::vector<std::string> owners;
  for (const Queue* queue : queues_) {
    if (queue->is_running(at)) owners.push_back(queue->owner());
  }
  return owners;
}

}  // namespace io::sim

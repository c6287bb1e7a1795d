// queue_sim: a work queue on etcd, against a simulated cluster under every fault. An example for docs/your-workload.md.
//
// An item that was added is handed out once: it is never lost and never handled twice, whoever dies and whatever answer is lost.
//
//   queue/ITEM    waits to be handled
//   added/ITEM    was added; so whoever hears nothing may ask again
//   claim/NAME    the item that the job NAME has taken, in the same transaction; so whoever hears nothing may look
#include <cstdio>
#include <map>
#include <memory>
#include <string>

#include "apps/runs/program.h"
#include "sim/etcd/application.h"
#include "sim/etcd/kv.h"
#include "sim/etcd/requests.h"

namespace {

using namespace sim::etcd;
using std::chrono::milliseconds;

// What has become of each item: the truth, which no process sees.
class Queue final : public Application {
 public:
  explicit Queue(Run& run) : run_(run) {}
  std::unique_ptr<Process> start(Machine& machine) override;

  void on_added(const std::string& item) { handled_.try_emplace(item, 0); }
  bool is_first_time(const std::string& item) { return ++handled_[item] == 1; }
  void at_end() override {
    for (const auto& [item, count] : handled_) {
      const bool waits = run_.committed().value("queue/" + item).has_value();
      run_.check(count > 0 || waits, "an item that was added waits no longer, and nobody has handled it (" + item + ")");
    }
  }

 private:
  Run& run_;
  std::map<std::string, int> handled_;  // how often, of all that were added
};

// Adds an item, or takes one and handles it. Both go on until it is certain that it is done.
class Worker final : public Process {
 public:
  Worker(Machine& machine, Queue& queue) : machine_(machine), queue_(queue), kv_(machine) {}

  void begin(const Job& job) override {
    job_ = std::to_string(machine_.number()) + "." + std::to_string(job.number);
    if (job.what == "add") add();
    else take();
  }

 private:
  void again(void (Worker::*step)()) {
    machine_.after(milliseconds(20), [this, step] { (this->*step)(); });
  }

  void add() {
    kv_.txn(txn({is_absent("added/" + job_)}, {put("added/" + job_, ""), put("queue/" + job_, "")}), [this](const auto& answer) {
      if (!answer.is_done()) return again(&Worker::add);
      queue_.on_added(job_);
      machine_.end_job();
    });
  }

  void take() {
    kv_.txn(txn({}, {get("claim/" + job_), get("queue/", end_of("queue/"))}), [this](const auto& answer) {
      if (!answer.is_done()) return again(&Worker::take);
      const auto& mine = answer.response.responses(0).response_range();
      const auto& waiting = answer.response.responses(1).response_range();
      if (mine.kvs_size() > 0) return handle(mine.kvs(0).value());
      if (waiting.kvs_size() == 0) return machine_.end_job();
      claim(waiting.kvs(0));
    });
  }

  void claim(const mvccpb::KeyValue& first) {
    const std::string item = first.key().substr(std::string("queue/").size());
    kv_.txn(txn({is_at(first.key(), first.mod_revision()), is_absent("claim/" + job_)}, {erase(first.key()), put("claim/" + job_, item)}),
            [this, item](const auto& answer) {
              if (answer.is_done() && answer.response.succeeded()) return handle(item);
              again(&Worker::take);  // somebody else has it, or nobody knows: then it stands under `claim/`
            });
  }

  void handle(const std::string& item) {
    machine_.check(queue_.is_first_time(item), "it was handed an item that had been handled (" + item + ")");
    machine_.end_job();
  }

  Machine& machine_;
  Queue& queue_;
  std::string job_;  // its name, which is that of the item too that it adds
  Kv kv_;
};

std::unique_ptr<Process> Queue::start(Machine& machine) { return std::make_unique<Worker>(machine, *this); }

// Everybody adds and takes; in the calm everybody takes once more.
void draw(Draft& draft) {
  for (std::uint32_t process = 0; process < draft.processes(); ++process) {
    const std::uint64_t count = 10 + draft.below("queue-jobs", {process}, 60);
    for (std::uint64_t i = 0; i < count; ++i) {
      const base::Duration at = draft.between("queue-at", {process, i}, milliseconds(500), draft.faults_until());
      draft.add(process, at, draft.below("queue-what", {process, i}, 2) == 0 ? "add" : "take");
    }
    draft.add(process, draft.faults_until() + milliseconds(500), "take");
  }
  draft.disturb_processes();
}

}  // namespace

int main(int argc, char** argv) {
  runs::Program program{"queue_sim", WORKLOAD_BUILD, {}};
  program.scenarios.push_back(make_scenario({
      "queue", "an item that was added is handled once", draw,
      [](Run& run) -> std::unique_ptr<Application> { return std::make_unique<Queue>(run); }}));
  if (argc > 1) return runs::run(program, argc, argv);
  std::printf("%s", runs::usage(program).c_str());
  return 0;
}

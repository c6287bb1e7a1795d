// lock_sim: a lock without a lease: whoever took it gives it back, and who dies with it finds out by its own name when it is back.
// An example of processes that run until they are told to stop (docs/your-workload.md).
//
// A request to give it back whose end nobody knows may arrive at any later time, and must not take it from whoever holds it then, be it the
// same process again. So it is compared by revision, not by name; and who finds that the lock is his from an earlier life writes
// it anew first, since he may have asked to give that one back before he died. Both mistakes were made here, and found: in 7 and in 2 of 300 seeds.
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "apps/runs/program.h"
#include "sim/etcd/application.h"
#include "sim/etcd/kv.h"
#include "sim/etcd/requests.h"

namespace {

using namespace sim::etcd;
using std::chrono::milliseconds;

// Who really works under the lock.
class Lock final : public Application {
 public:
  std::unique_ptr<Process> start(Machine& machine) override;
  bool enter(std::uint32_t process) {
    const bool is_free = !holder_ || *holder_ == process;
    holder_ = process;
    return is_free;
  }
  void leave() { holder_.reset(); }

 private:
  std::optional<std::uint32_t> holder_;
};

class Worker final : public Process {
 public:
  Worker(Machine& machine, Lock& lock) : machine_(machine), lock_(lock), kv_(machine), me_("p" + std::to_string(machine.number())) {}
  void begin(const Job&) override { take(); }
  void finish() override { is_over_ = true; }

 private:
  void take() {
    if (is_over_) return machine_.end_job();
    kv_.txn(txn({is_absent("lock")}, {put("lock", me_)}, {get("lock")}), [this](const auto& answer) {
      if (!answer.is_done()) return machine_.after(milliseconds(50), [this] { take(); });
      if (answer.response.succeeded()) return work(answer.response.header().revision());
      const auto& there = answer.response.responses(0).response_range().kvs(0);
      if (there.value() == me_) return renew(there.mod_revision());  // taken when nobody answered, or in an earlier life
      machine_.after(milliseconds(100), [this] { take(); });
    });
  }

  void renew(std::int64_t taken_at) {
    kv_.txn(txn({is_at("lock", taken_at)}, {put("lock", me_)}), [this](const auto& answer) {
      if (answer.is_done() && answer.response.succeeded()) return work(answer.response.header().revision());
      machine_.after(milliseconds(50), [this] { take(); });
    });
  }

  void work(std::int64_t taken_at) {
    machine_.check(lock_.enter(machine_.number()), "two hold the lock");
    const auto revision = static_cast<std::uint64_t>(taken_at);
    machine_.after(milliseconds(20 + machine_.below("work", {revision}, 400)), [this, taken_at] {
      lock_.leave();
      give_back(taken_at);
    });
  }

  void give_back(std::int64_t taken_at) {
    kv_.txn(txn({is_at("lock", taken_at)}, {erase("lock")}), [this, taken_at](const auto& answer) {
      if (!answer.is_done()) return machine_.after(milliseconds(50), [this, taken_at] { give_back(taken_at); });
      take();
    });
  }

  Machine& machine_;
  Lock& lock_;
  Kv kv_;
  const std::string me_;
  bool is_over_ = false;
};

std::unique_ptr<Process> Lock::start(Machine& machine) { return std::make_unique<Worker>(machine, *this); }

void draw(Draft& draft) {
  for (std::uint32_t process = 0; process < draft.processes(); ++process) {
    draft.add(process, draft.between("lock-start", {process}, milliseconds(100), milliseconds(5000)), "run");
  }
  draft.disturb_processes();
}

}  // namespace

int main(int argc, char** argv) {
  runs::Program program{"lock_sim", WORKLOAD_BUILD, {}};
  program.scenarios.push_back(make_scenario(
      {"lock", "one works under the lock at a time", draw, [](Run&) -> std::unique_ptr<Application> { return std::make_unique<Lock>(); }}));
  if (argc > 1) return runs::run(program, argc, argv);
  std::printf("%s", runs::usage(program).c_str());
  return 0;
}

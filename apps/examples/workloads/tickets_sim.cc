// tickets_sim: numbers that nobody else gets.
#include <cstdio>
#include <memory>
#include <set>
#include <string>

#include "apps/runs/program.h"
#include "sim/etcd/application.h"
#include "sim/etcd/kv.h"
#include "sim/etcd/requests.h"

namespace {

using namespace sim::etcd;
using std::chrono::milliseconds;

// All of one run. What stands here is the truth, which no process would see.
class Tickets final : public Application {
 public:
  std::unique_ptr<Process> start(Machine& machine) override;
  bool is_new(std::int64_t ticket) { return given_.insert(ticket).second; }

 private:
  std::set<std::int64_t> given_;
};

// One process, from its start until it is killed. What it remembers dies with it.
class Clerk final : public Process {
 public:
  Clerk(Machine& machine, Tickets& tickets) : machine_(machine), tickets_(tickets), kv_(machine) {}
  void begin(const Job&) override { look(); }

 private:
  void look() {
    kv_.range(range_request("last"), [this](const auto& answer) {
      if (!answer.is_done()) return machine_.after(milliseconds(20), [this] { look(); });
      if (answer.response.kvs_size() == 0) return draw(0, 1);
      const auto& last = answer.response.kvs(0);
      draw(last.mod_revision(), std::stoll(last.value()) + 1);
    });
  }
  void draw(std::int64_t seen, std::int64_t ticket) {
    kv_.txn(txn({is_at("last", seen)}, {put("last", std::to_string(ticket))}), [this, ticket](const auto& answer) {
      // Nobody knows, or somebody was faster: another number. One that may have been drawn in vain is lost, and that is no harm.
      if (!answer.is_done() || !answer.response.succeeded()) return machine_.after(milliseconds(20), [this] { look(); });
      machine_.check(tickets_.is_new(ticket), "it drew a number that somebody has (" + std::to_string(ticket) + ")");
      machine_.end_job();
    });
  }

  Machine& machine_;
  Tickets& tickets_;
  Kv kv_;
};

std::unique_ptr<Process> Tickets::start(Machine& machine) { return std::make_unique<Clerk>(machine, *this); }

// What a seed has the processes do.
void draw_jobs(Draft& draft) {
  for (std::uint32_t process = 0; process < draft.processes(); ++process) {
    for (std::uint64_t i = 0; i < 30; ++i) draft.add(process, draft.between("ticket-at", {process, i}, milliseconds(500), draft.faults_until()), "draw");
    draft.add(process, draft.faults_until() + milliseconds(500), "draw");  // in the calm
  }
  draft.disturb_processes();
}

}  // namespace

int main(int argc, char** argv) {
  runs::Program program{"tickets_sim", WORKLOAD_BUILD, {}};
  program.scenarios.push_back(make_scenario(
      {"tickets", "no number is given twice", draw_jobs, [](Run&) -> std::unique_ptr<Application> { return std::make_unique<Tickets>(); }}));
  if (argc > 1) return runs::run(program, argc, argv);
  std::printf("%s", runs::usage(program).c_str());
  return 0;
}

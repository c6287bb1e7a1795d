// What an application sees of a run: its jobs, deaths and the end of the faults, and how it fails one.
#include "sim/etcd/application.h"

#include <doctest/doctest.h>

#include <memory>

#include "sim/etcd/kv.h"
#include "sim/etcd/requests.h"
#include "sim/run.h"

namespace sim::etcd {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// `put`: a key of its own, asked for until it is done. `watch`: until the faults are over. `never`: does not end. `wrong`: fails.
class Scribe final : public Process {
 public:
  explicit Scribe(Machine& machine) : machine_(machine), kv_(machine) {}
  void begin(const Job& job) override {
    key_ = "log/" + std::to_string(job.number) + "." + std::to_string(job.attempt);
    is_watching_ = job.what == "watch";
    if (job.what == "put") put();
    if (job.what == "wrong") machine_.fail("nothing is right here (17)");
    if (job.what == "leased") ask_for_a_lease();
  }
  void finish() override {
    if (is_watching_) machine_.end_job();
  }

 private:
  void put() {
    kv_.put(put_request(key_, "x"), [this](const Answer<etcdserverpb::PutResponse>& answer) {
      if (answer.is_done()) return machine_.end_job();
      machine_.after(milliseconds(20), [this] { put(); });
    });
  }
  void ask_for_a_lease() {
    etcdserverpb::PutRequest request = put_request(key_, "x");
    request.set_lease(5);
    kv_.put(request, [this](const Answer<etcdserverpb::PutResponse>& answer) {
      machine_.check(answer.fate == Fate::refused, "a put with a lease was sent");
      machine_.end_job();
    });
  }
  Machine& machine_;
  Kv kv_;
  std::string key_;
  bool is_watching_ = false;
};

class Log final : public Application {
 public:
  explicit Log(Run& run) : run_(run) {}
  std::unique_ptr<Process> start(Machine& machine) override { return std::make_unique<Scribe>(machine); }
  void at_end() override { run_.check(run_.committed().under("log/").size() <= 4, "more than four keys were written"); }

 private:
  Run& run_;
};

std::unique_ptr<Scenario> scribes() {
  return make_scenario({"scribes", "few keys are written", [](Draft&) {}, [](Run& run) -> std::unique_ptr<Application> { return std::make_unique<Log>(run); }});
}

struct Line {
  base::Duration at;
  const char* what;
};

Plan scribes_plan(const std::vector<Line>& lines) {
  Plan plan = scribes()->draw_plan(1);
  plan.members = 3;
  plan.clients = 1;
  plan.actions.clear();
  plan.broken.clear();
  plan.rates.clear();
  plan.faults_until = seconds(6);
  plan.duration = seconds(20);
  std::uint32_t number = 0;
  for (const Line& line : lines) plan.operations.push_back({0, number++, line.at, line.what});
  return plan;
}

Outcome run_lines(const std::vector<Line>& lines) {
  const base::Result<Outcome> outcome = sim::run(*scribes(), scribes_plan(lines));
  REQUIRE(outcome);
  return *outcome;
}

}  // namespace

TEST_CASE("a process does its jobs one after the other, and what is asked is judged") {
  const Outcome out = run_lines({{milliseconds(1000), "put"}, {milliseconds(1000), "put"}, {seconds(7), "put"}});
  CHECK_EQ(out.verdict.message, "");
  CHECK_EQ(out.counts.at("jobs"), 3);
  CHECK_EQ(out.counts.at("jobs_begun_again"), 0);
  CHECK_GE(out.counts.at("acknowledged"), 3);
}

TEST_CASE("a job that lasts as long as the faults do is told when they are over") {
  const Outcome out = run_lines({{milliseconds(1000), "watch"}, {milliseconds(1500), "put"}});
  CHECK_EQ(out.verdict.message, "");
  CHECK_EQ(out.counts.at("jobs"), 2);
}

TEST_CASE("a process that was killed begins its job again, and is told that the faults are over like any other") {
  const Outcome out = run_lines({{milliseconds(1000), "watch"}, {milliseconds(2000), "!kill 300"}, {milliseconds(4000), "!pause 3500"}});
  CHECK_EQ(out.verdict.message, "");
  CHECK_EQ(out.counts.at("jobs"), 1);
  CHECK_EQ(out.counts.at("jobs_begun_again"), 1);
}

TEST_CASE("a job that does not end fails the run, when all faults are over") {
  const Outcome out = run_lines({{milliseconds(1000), "never"}, {milliseconds(2000), "put"}});
  CHECK_EQ(out.verdict.kind, VerdictKind::liveness);
  CHECK_EQ(out.verdict.message, "process 0 has not ended its job 0 (never), long after all faults have ended (the bound `answered` is 75 s)");
}

TEST_CASE("what an application says is wrong is the verdict") {
  const Outcome wrong = run_lines({{milliseconds(1000), "wrong"}});
  CHECK_EQ(wrong.verdict.kind, VerdictKind::safety);
  CHECK_EQ(wrong.verdict.oracle, "scribes");
  CHECK_EQ(wrong.verdict.message, "process 0, job 0 (wrong): nothing is right here (17)");
  const std::vector<Line> five(5, {milliseconds(1000), "put"});
  CHECK_EQ(run_lines(five).verdict.message, "more than four keys were written");
}

TEST_CASE("a request that the simulator does not understand is refused, and says so") {
  CHECK_EQ(run_lines({{milliseconds(1000), "leased"}}).verdict.message, "");
}

TEST_CASE("a line that looks like a fault and is none is refused") {
  for (const char* line : {"!kill", "!kill x", "!kill -3", "!starve 20", "!"}) {
    CAPTURE(line);
    const base::Result<Outcome> outcome = sim::run(*scribes(), scribes_plan({{milliseconds(1000), line}}));
    REQUIRE_FALSE(outcome);
    CHECK_EQ(outcome.error().code, base::Code::invalid);
  }
}

TEST_CASE("two runs of an application are one run") {
  const std::vector<Line> lines = {{milliseconds(1000), "put"}, {milliseconds(1001), "!kill 20"}, {seconds(7), "put"}};
  CHECK_EQ(run_lines(lines).digest, run_lines(lines).digest);
}

}  // namespace sim::etcd

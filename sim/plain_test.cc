// A service of somebody's own in a run: what its judge hears, and what is found when the machine or the judge is wrong.
#include "sim/plain.h"

#include <doctest/doctest.h>

#include <map>
#include <vector>

#include "sim/run.h"

namespace sim {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Adds numbers up, and answers `INDEX SUM`.
class Sum : public replica::FileMachine, public peer::PlainReader {
 public:
  using FileMachine::FileMachine;
  std::string read(std::string_view) const override { return base::to_text(applied()) + " " + std::to_string(sum_); }

 protected:
  std::string apply_command(const replica::Command& command) override {
    sum_ += std::stoull(std::string(command.bytes));
    return base::to_text(command.id.index) + " " + std::to_string(sum_);
  }
  std::string encode_state() const override { return std::to_string(sum_); }
  bool decode_state(std::string_view bytes) override {
    sum_ = bytes.empty() ? 0 : std::stoull(std::string(bytes));
    return true;
  }
  std::uint64_t sum_ = 0;
};

// Each member has a state of its own: what it answers depends on where it runs.
class Moody final : public Sum {
 public:
  Moody(const io::World& world, std::uint64_t write_after_bytes) : Sum(world, write_after_bytes), mood_(world.random.draw("mood", {})) {}

 private:
  std::string apply_command(const replica::Command& command) override {
    sum_ += mood_;
    return Sum::apply_command(command);
  }
  const std::uint64_t mood_;
};

struct Heard {
  int committed = 0;
  int asked = 0;
  int answered = 0;
  int lost = 0;
  int left = 0;
};
Heard heard;  // in the run of this test

class Judge final : public PlainJudge {
 public:
  explicit Judge(PlainRun& run) : run_(run) {}
  void on_committed(base::LogIndex index, std::string_view command) override {
    ++heard.committed;
    sums_[index.value()] = (sum_ += std::stoull(std::string(command)));
  }
  void on_asked(const PlainRequest&) override { ++heard.asked; }
  void on_answered(const PlainRequest& request, std::string_view answer) override {
    ++heard.answered;
    run_.check(request.text != "13", "somebody asked for (13)");
    check(std::string(answer));
  }
  void on_lost(const PlainRequest&) override { ++heard.lost; }
  void on_left(base::LogIndex applied, std::string_view answer) override {
    ++heard.left;
    CHECK_EQ(std::stoull(std::string(answer)), applied.value());
    check(std::string(answer));
  }

 private:
  void check(const std::string& answer) {
    const std::size_t space = answer.find(' ');
    const auto sum = sums_.upper_bound(std::stoull(answer.substr(0, space)));
    const std::uint64_t right = sum == sums_.begin() ? 0 : std::prev(sum)->second;
    run_.check(std::stoull(answer.substr(space + 1)) == right, "told " + answer + ", right is " + std::to_string(right));
  }
  PlainRun& run_;
  std::uint64_t sum_ = 0;
  std::map<std::uint64_t, std::uint64_t> sums_;  // by log index
};

std::unique_ptr<Scenario> sums(PlainMachine (*make)(const io::World&, std::uint64_t)) {
  PlainKind kind;
  kind.name = "sums";
  kind.service = "test.Sum";
  kind.promise = "sums are right";
  kind.make_machine = make;
  kind.draw = [](Draft&) {};
  kind.make_judge = [](PlainRun& run) -> std::unique_ptr<PlainJudge> { return std::make_unique<Judge>(run); };
  return make_scenario(kind);
}

struct Line {
  base::Duration at;
  const char* what;
};

Plan calm_plan(const std::vector<Line>& lines) {
  Plan plan = sums(make_plain_machine<Sum>)->draw_plan(1);
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

Outcome run(const std::vector<Line>& lines, PlainMachine (*make)(const io::World&, std::uint64_t) = make_plain_machine<Sum>) {
  heard = {};
  const base::Result<Outcome> outcome = sim::run(*sums(make), calm_plan(lines));
  REQUIRE(outcome);
  return *outcome;
}

const std::vector<Line> kLines = {{seconds(2), "write 5"}, {seconds(3), "read"}, {seconds(4), "write 7"}, {seconds(7), "read"}};

}  // namespace

TEST_CASE("a judge hears of every command, question and answer, and sees what each member leaves") {
  const Outcome out = run(kLines);
  CHECK_EQ(out.verdict.message, "");
  CHECK_EQ(heard.committed, 2);
  CHECK_EQ(heard.answered, 4);
  CHECK_EQ(heard.asked, heard.answered + heard.lost);
  CHECK_EQ(heard.left, 3);
}

TEST_CASE("what a judge says is the verdict") {
  const Outcome out = run({{seconds(2), "write 13"}});
  CHECK_EQ(out.verdict.kind, VerdictKind::safety);
  CHECK_EQ(out.verdict.oracle, "sums");
  CHECK_EQ(out.verdict.message, "somebody asked for (13)");
}

TEST_CASE("a machine that depends on more than its commands is found by the engine") {
  const Outcome out = run(kLines, make_plain_machine<Moody>);
  CHECK_EQ(out.verdict.kind, VerdictKind::safety);
  CHECK_EQ(out.verdict.oracle, "state hash");
}

TEST_CASE("a client that is killed loses what it asked, and goes on with the next line") {
  const Outcome out = run({{seconds(2), "write 5"}, {seconds(2) + std::chrono::microseconds(300), "!kill 500"}, {seconds(3), "write 6"}, {seconds(7), "read"}});
  CHECK_EQ(out.verdict.message, "");
  CHECK_EQ(heard.asked, heard.answered + heard.lost + 1);
}

TEST_CASE("what is asked in the calm is asked until somebody answers, and a group that does not is stuck") {
  Plan plan = calm_plan(kLines);
  plan.broken = {{0, Ailment::isolated}};  // whom the client asks first
  heard = {};
  const base::Result<Outcome> out = sim::run(*sums(make_plain_machine<Sum>), plan);
  REQUIRE(out);
  CHECK_EQ(out->verdict.message, "");
  CHECK_GE(heard.lost, 1);
  CHECK_EQ(heard.answered, 4);
  plan.duration = seconds(7) + milliseconds(10);
  const base::Result<Outcome> stuck = sim::run(*sums(make_plain_machine<Sum>), plan);
  REQUIRE(stuck);
  CHECK_EQ(stuck->verdict.kind, VerdictKind::liveness);
}

// One of the three leads when the faults end.
TEST_CASE("a leader whose disk hangs need not notice while nobody writes, and does when somebody does") {
  for (const char* last : {"read", "write 6"}) {
    for (std::uint32_t member = 0; member < 3; ++member) {
      CAPTURE(last);
      CAPTURE(member);
      Plan plan = calm_plan({{seconds(2), "write 5"}, {seconds(7), last}});
      plan.duration = seconds(40);
      plan.broken = {{member, Ailment::hanging}};
      const base::Result<Outcome> out = sim::run(*sums(make_plain_machine<Sum>), plan);
      REQUIRE(out);
      CHECK_EQ(out->verdict.message, "");
    }
  }
}

TEST_CASE("a line that no such client understands is refused") {
  for (const char* line : {"erase 5", "writes 5", "!kill x"}) {
    CAPTURE(line);
    const base::Result<Outcome> out = sim::run(*sums(make_plain_machine<Sum>), calm_plan({{seconds(2), line}}));
    REQUIRE_FALSE(out);
    CHECK_EQ(out.error().code, base::Code::invalid);
  }
}

}  // namespace sim

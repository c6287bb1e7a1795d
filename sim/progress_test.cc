#include "sim/progress.h"

#include <doctest/doctest.h>

namespace sim {

using namespace std::chrono_literals;

namespace {

struct Calm {
  Calm() { progress.begin(50s); }
  void look(base::Duration now, Milestone milestone, std::string obstacle = {}) { progress.on_look(now, milestone, std::move(obstacle)); }
  Findings findings;
  Progress progress{findings};
};

base::Duration within(Milestone milestone) { return kBounds[static_cast<std::size_t>(milestone)].within; }

}  // namespace

TEST_CASE("progress: each bound breaks by itself, at its time, and says so") {
  for (const Milestone milestone : {Milestone::leader, Milestone::answered, Milestone::changed}) {
    Calm calm;
    CAPTURE(kBounds[static_cast<std::size_t>(milestone)].name);
    calm.look(50s, milestone, "m2 waits");
    calm.look(50s + within(milestone) - 1ms, milestone, "m2 waits");
    CHECK(calm.findings.is_clean());
    SUBCASE("it is too late") {
      calm.look(50s + within(milestone), milestone, "m2 waits");
      const Verdict& verdict = calm.findings.verdict();
      CHECK_EQ(verdict.kind, VerdictKind::liveness);
      CHECK_EQ(verdict.oracle, Progress::kName);
      CHECK(verdict.message.find("m2 waits, long after all faults have ended (the bound `" + std::string(kBounds[static_cast<std::size_t>(milestone)].name) + "`") == 0);
    }
    SUBCASE("it is late enough") {
      calm.look(50s + within(milestone) - 1ms, milestone);
      calm.look(50s + within(milestone), milestone, "m2 waits again: that is for whoever looks at the end");
      CHECK(calm.findings.is_clean());
      CHECK_EQ(calm.progress.took(milestone), within(milestone) - 1ms);
    }
  }
}

TEST_CASE("progress: members have until after the last answer and the last change to be equal") {
  Calm calm;
  calm.look(51s, Milestone::equal, "m3 is behind");
  calm.look(100s, Milestone::equal, "m3 is behind");
  calm.look(60s, Milestone::answered);
  CHECK_FALSE(calm.progress.is_to_look(Milestone::equal));
  calm.look(70s, Milestone::changed);
  CHECK(calm.progress.is_to_look(Milestone::equal));
  calm.look(70s, Milestone::equal, "m3 is behind");
  CHECK(calm.findings.is_clean());
  SUBCASE("they are") {
    calm.look(73s, Milestone::equal);
    CHECK_EQ(calm.progress.took(Milestone::equal), base::Duration(3s));
  }
  SUBCASE("they are not") {
    calm.look(70s + within(Milestone::equal), Milestone::equal, "m3 is behind");
    CHECK_FALSE(calm.findings.is_clean());
  }
}

TEST_CASE("progress: what was not reached when the run ends never will be") {
  Calm calm;
  calm.look(51s, Milestone::leader);
  calm.progress.on_last_look(Milestone::leader, "nobody leads any more");
  calm.look(51s, Milestone::changed);
  calm.progress.on_last_look(Milestone::equal, "m3 is behind, and clients still ask");
  CHECK(calm.findings.is_clean());
  calm.progress.on_last_look(Milestone::answered, "client 1 waits");
  CHECK_EQ(calm.findings.verdict().kind, VerdictKind::liveness);
}

TEST_CASE("progress: a group that cannot recover need not") {
  Calm calm;
  calm.findings.excuse_progress();
  calm.look(1000s, Milestone::leader, "nobody leads");
  CHECK(calm.findings.is_clean());
}

}  // namespace sim

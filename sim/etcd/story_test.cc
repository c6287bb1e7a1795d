// The story of a run, of a real group: what is told, and that telling it changes nothing.
#include "sim/story.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "sim/etcd/cluster.h"
#include "sim/etcd/membership.h"
#include "sim/run.h"

namespace sim::etcd {

namespace {

// Three members of which one crashes and another is cut off, and one client.
Plan told_plan() {
  Plan plan = make_cluster()->draw_plan(1);
  plan.members = 3;
  plan.learners = 0;
  plan.clients = 1;
  plan.actions.clear();
  plan.broken.clear();
  plan.rates = {{"link.reset", 2000}};
  plan.operations.clear();
  plan.faults_until = std::chrono::seconds(6);
  plan.duration = std::chrono::seconds(20);
  for (std::uint32_t number = 0; number < 40; ++number) {
    const base::Duration at = std::chrono::milliseconds(500 + 100 * number);
    plan.operations.push_back({0, number, at, number % 2 == 0 ? "put k" + std::to_string(number % 5) + " 20" : "get k *"});
  }
  plan.operations.push_back({0, 40, std::chrono::seconds(10), "put k0 3"});
  Action crash;
  crash.id = 1;
  crash.kind = ActionKind::power_loss;
  crash.at = std::chrono::seconds(2);
  crash.lasting = std::chrono::seconds(1);
  Action cut;
  cut.id = 2;
  cut.kind = ActionKind::partition;
  cut.member = 1;
  cut.at = std::chrono::seconds(4);
  cut.lasting = std::chrono::seconds(60);  // longer than faults last
  plan.actions = {crash, cut};
  return plan;
}

Outcome run_told(const Scenario& scenario, const Plan& plan, const RunOptions& options, Recording& recording) {
  const base::Result<Outcome> outcome = sim::run(scenario, plan, options, &recording);
  REQUIRE(outcome);
  return *outcome;
}

RunOptions telling() {
  RunOptions options;
  options.keep_story = true;
  return options;
}

Story story_of(const Plan& plan, Outcome& outcome) {
  Recording recording;
  outcome = run_told(*make_cluster(), plan, telling(), recording);
  return std::move(recording.story);
}

bool has_message(const Story& story, MessageKind kind, MessageFate fate) {
  return std::any_of(story.messages.begin(), story.messages.end(), [&](const StoryMessage& one) { return one.kind == kind && one.fate == fate; });
}

}  // namespace

TEST_CASE("a run is the same whether its story is told or not") {
  const std::unique_ptr<Scenario> scenario = make_membership();
  Plan plan = scenario->draw_plan(3);
  plan.operations.resize(std::min<std::size_t>(plan.operations.size(), 400));
  Recording without;
  Recording with;
  const Outcome one = run_told(*scenario, plan, {}, without);
  const Outcome other = run_told(*scenario, plan, telling(), with);
  CHECK_EQ(base::to_text(one.digest), base::to_text(other.digest));
  CHECK_EQ(one.turns, other.turns);
  CHECK(without.story.lanes.empty());
  CHECK(without.story.events.empty());
  CHECK_GT(with.story.events.size(), 1000);
}

TEST_CASE("a story has everybody in it, and what each was told at its time") {
  Outcome outcome;
  const Story story = story_of(told_plan(), outcome);
  CHECK_MESSAGE(outcome.verdict.kind == VerdictKind::pass, outcome.verdict.message);
  REQUIRE_EQ(story.lanes.size(), 4);
  CHECK_EQ(story.lanes[2].name, "m3");
  CHECK(story.lanes[2].is_member);
  CHECK_EQ(story.lanes[3].name, "c0");
  CHECK_FALSE(story.lanes[3].is_member);
  CHECK_EQ(story.end.turn, outcome.turns);

  for (std::size_t i = 1; i < story.events.size(); ++i) CHECK_LE(story.events[i - 1].when.turn, story.events[i].when.turn);
  const auto count = [&](StoryKind kind, std::uint32_t lane) {
    return std::count_if(story.events.begin(), story.events.end(), [&](const StoryEvent& one) { return one.kind == kind && one.lane == lane; });
  };
  CHECK_EQ(count(StoryKind::crashed, 0), 1);
  CHECK_EQ(count(StoryKind::started, 0), 2);
  CHECK_EQ(count(StoryKind::started, 1), 1);
  CHECK_GT(count(StoryKind::applied, 2), 20);
  // By name, although whoever begins does not know those of the others.
  const auto group = std::find_if(story.events.begin(), story.events.end(), [](const StoryEvent& one) { return one.kind == StoryKind::group; });
  REQUIRE_NE(group, story.events.end());
  CHECK_EQ(group->text, "{m1, m3, m2}");
  const auto leads = std::find_if(story.events.begin(), story.events.end(), [](const StoryEvent& one) { return one.kind == StoryKind::part && one.text == "leader"; });
  REQUIRE_NE(leads, story.events.end());
  CHECK_EQ(leads->other, static_cast<std::int32_t>(leads->lane));
  const auto applied = std::find_if(story.events.rbegin(), story.events.rend(), [](const StoryEvent& one) { return one.kind == StoryKind::applied; });
  CHECK(applied->text.starts_with("revision "));

  REQUIRE_EQ(story.faults.size(), 1);  // a crash is told as one
  CHECK_EQ(story.faults[0].begin, std::chrono::seconds(4));
  CHECK_EQ(story.faults[0].end, std::chrono::seconds(6));
  CHECK_EQ(story.faults[0].lanes, std::vector<std::uint32_t>{1});
}

TEST_CASE("a run that stops at a turn says how everything stands there") {
  RunOptions options = telling();
  options.turns_max = 4000;
  Recording recording;
  const Outcome outcome = run_told(*make_cluster(), told_plan(), options, recording);
  CHECK_EQ(outcome.turns, 4000);
  REQUIRE_EQ(recording.machines.size(), 3);
  const std::vector<MemberStanding> members = standings(recording.story);
  int leaders = 0;
  for (std::size_t i = 0; i < members.size(); ++i) {
    CHECK_EQ(members[i].is_up && members[i].is_ready, recording.machines[i].is_up);
    CHECK_GE(members[i].last.index, members[i].committed);
    CHECK_GE(members[i].committed, members[i].applied);
    CHECK(std::any_of(recording.machines[i].files.begin(), recording.machines[i].files.end(),
                      [](const io::sim::FileStanding& one) { return one.path == "wal/0000000000000001.log"; }));
    leaders += members[i].part == "leader" ? 1 : 0;
  }
  CHECK_EQ(leaders, 1);
  CHECK_NE(standing_text(recording.story, recording.machines).find("turn 4000, "), std::string::npos);
}

TEST_CASE("messages are named, end after they began, and those that a crash or a reset took are lost") {
  Outcome outcome;
  const Story story = story_of(told_plan(), outcome);
  for (const StoryMessage& one : story.messages) {
    CHECK_NE(one.from, one.to);
    if (one.fate != MessageFate::under_way) CHECK_LE(one.sent.at, one.ended.at);
    if (one.fate != MessageFate::under_way) CHECK_LE(one.sent.turn, one.ended.turn);
    // Nothing here is large enough to go in parts; what is left is what members ask each other beside raft.
    if (one.kind == MessageKind::other) CHECK_LT(std::max(one.from, one.to), 3);
    if (one.kind == MessageKind::request) CHECK_EQ(one.from, 3);
  }
  for (const MessageKind kind : {MessageKind::vote, MessageKind::append, MessageKind::reply, MessageKind::heartbeat, MessageKind::request, MessageKind::answer}) {
    CHECK_MESSAGE(has_message(story, kind, MessageFate::read), to_text(kind));
  }
  CHECK(std::any_of(story.messages.begin(), story.messages.end(), [](const StoryMessage& one) { return one.fate == MessageFate::lost; }));
  // Between members a term goes with each.
  CHECK(std::all_of(story.messages.begin(), story.messages.end(), [](const StoryMessage& one) {
    return one.kind != MessageKind::append || (one.term > base::Term() && one.from < 3 && one.to < 3);
  }));
}

TEST_CASE("what clients asked has its end, and its answer names a revision") {
  Outcome outcome;
  const Story story = story_of(told_plan(), outcome);
  CHECK_EQ(story.operations.size(), outcome.counts.at("sent"));
  std::uint64_t answered = 0;
  for (const StoryOperation& one : story.operations) {
    CHECK_GT(one.ended.turn, one.asked.turn);
    if (one.end != OperationEnd::answered) continue;
    ++answered;
    CHECK_MESSAGE(one.answer.find("revision ") != std::string::npos, one.answer);
  }
  CHECK_EQ(answered, outcome.counts.at("acknowledged"));
}

TEST_CASE("a run that ends without progress names the operation that waits") {
  Plan plan = told_plan();
  plan.operations.back().at = plan.faults_until;
  plan.duration = plan.faults_until + std::chrono::microseconds(50);  // nobody can answer in that time
  Outcome outcome;
  const Story story = story_of(plan, outcome);
  CHECK_EQ(outcome.verdict.kind, VerdictKind::liveness);
  CHECK_EQ(story.end.at, plan.duration);
  REQUIRE(story.subject.operation);
  CHECK_EQ(story.subject.operation->client, 0);
  CHECK_EQ(story.subject.operation->number, 40);
  CHECK_EQ(story.operations.back().name.number, 40);
  CHECK_EQ(story.operations.back().ended.turn, 0);
  CHECK_FALSE(story.promise.empty());
}

TEST_CASE("a run can be ended behind a turn, and says how far it has come") {
  RunOptions options = telling();
  options.turns_max = 5000;
  std::uint64_t begun = 0;
  options.turn_begun = &begun;
  Recording recording;
  const Outcome outcome = run_told(*make_cluster(), told_plan(), options, recording);
  CHECK_EQ(outcome.turns, 5000);
  CHECK_EQ(begun, 5000);
  CHECK_EQ(outcome.verdict.kind, VerdictKind::pass);
  CHECK_EQ(recording.story.end.turn, 5000);
}

}  // namespace sim::etcd

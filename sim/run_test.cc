// The engine, with members that do nothing but say that they serve: who is started again, who is judged, and when.
#include "sim/run.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sim {

namespace {

// What became of the members.
struct Happened {
  std::vector<std::uint32_t> starts;  // whose, in the order of time
  std::vector<std::uint32_t> inspected;
  std::vector<bool> idle;  // of each step of the administrator: whether the machine was so
  int starts_of(std::uint32_t member) const { return static_cast<int>(std::count(starts.begin(), starts.end(), member)); }
};

// What an administrator does.
struct Step {
  enum class Kind : std::uint8_t { admit, start, remove, tell };  // into the group; on its machine; from the group; that it is removed
  base::Duration at{};
  Kind kind = Kind::admit;
  std::uint32_t machine = 0;
};

struct Behaviour {
  bool has_leader = true;                          // m1, in a new term whenever it starts
  std::optional<std::uint32_t> never_ready = {};   // a member that does not serve
  std::vector<Step> steps = {};                    // by time
  std::optional<std::uint32_t> never_applies = {}; // a founder that serves, and no more
  std::optional<std::uint32_t> is_known = {};      // a founder whom the others do not let in a second time
};

class Idle final : public io::sim::Program {};

class Administrator {
 public:
  virtual void take(const Step& step) = 0;

 protected:
  ~Administrator() = default;
};

class Stepping final : public io::sim::Program, private io::Timer {
 public:
  Stepping(const io::World& world, std::vector<Step> steps, Administrator& administrator)
      : world_(world), steps_(std::move(steps)), administrator_(administrator) {
    wait();
  }
  ~Stepping() override { world_.clock.disarm(*this); }

 private:
  void wait() {
    if (next_ < steps_.size()) world_.clock.arm(*this, base::Instant(steps_[next_].at));
  }
  void on_timer() override {
    administrator_.take(steps_[next_++]);
    wait();
  }

  const io::World& world_;
  const std::vector<Step> steps_;
  Administrator& administrator_;
  std::size_t next_ = 0;
};

class FakeTenant final : public Tenant, private Administrator {
 public:
  FakeTenant(const Plan& plan, Happened& happened, const Behaviour& behaviour) : members_(plan.members), happened_(happened), behaviour_(behaviour) {
    for (std::uint32_t i = 0; i < members_; ++i) group_.members.push_back({id_of(i), i + plan.learners >= members_, {}, false, false});
  }

  std::unique_ptr<io::sim::Program> start_member(io::sim::Node& node, std::uint32_t member, MemberHost& host) override {
    happened_.starts.push_back(member);
    if (behaviour_.is_known == member && happened_.starts_of(member) > 1) {
      host.on_failed({base::Code::invalid, "it has been here before"});
      return std::make_unique<Idle>();
    }
    observers_[member] = &node.world().observer;
    hosts_[member] = &host;
    const std::string encoded = raft::encode(group_);
    const base::LogIndex last = member < members_ ? last_ : late_[member];
    const base::EntryId end{base::Term(last == base::LogIndex() ? 0 : 1), last};
    observers_[member]->on_event(
        io::Recovered{base::LogIndex(1), end, {base::StoreGeneration(1), base::LogIndex()}, {}, id_of(member), beginning_.empty() ? encoded : beginning_});
    if (beginning_.empty()) beginning_ = encoded;
    // A vote of no bytes is durable wherever it is written, and one in a later term counts in all terms before it.
    observers_[member]->on_event(io::WroteVote{"none", 0, "", base::Term(1000), base::MemberId::none});
    if (member >= members_) catch_up(member);
    if (behaviour_.has_leader) elect(member);
    if (behaviour_.never_ready != member) host.on_ready();
    return std::make_unique<Idle>();
  }
  std::unique_ptr<io::sim::Program> start_client(io::sim::Node& node, std::uint32_t client) override {
    if (client > 0) return std::make_unique<Idle>();
    Administrator& administrator = *this;
    return std::make_unique<Stepping>(node.world(), behaviour_.steps, administrator);
  }
  void use(Machines& machines) override { machines_ = &machines; }
  CommittedListener* committed_listener() override { return nullptr; }
  std::vector<std::string> store_files(base::StoreGeneration) const override { return {}; }
  std::string store_wal_file(base::StoreGeneration) const override { return {}; }
  std::optional<Waiting> unanswered() const override { return std::nullopt; }
  std::unique_ptr<io::sim::Program> start_inspection(io::sim::Node&, std::uint32_t member, MemberHost& host, Findings&) override {
    happened_.inspected.push_back(member);
    host.on_ready();
    return std::make_unique<Idle>();
  }
  std::map<std::string, std::uint64_t> counts() const override { return {}; }

 private:
  base::MemberId id_of(std::uint32_t member) const { return base::MemberId(member + 1); }

  void take(const Step& step) override {
    happened_.idle.push_back(machines_->is_idle(step.machine));
    auto& members = group_.members;
    switch (step.kind) {
      case Step::Kind::admit:
        members.push_back({id_of(step.machine), true, {}, false, false});
        return change();
      case Step::Kind::start: late_.erase(step.machine); return machines_->start_anew(step.machine);
      case Step::Kind::remove:
        members.erase(std::remove_if(members.begin(), members.end(), [&](const raft::Member& one) { return one.id == id_of(step.machine); }), members.end());
        return change();
      case Step::Kind::tell: late_.erase(step.machine); return hosts_[step.machine]->on_removed();
    }
  }
  // The group is another one, as all members have it.
  void change() {
    if (last_ == base::LogIndex()) append(base::EntryKind::empty, {});
    append(base::EntryKind::configuration, raft::encode(group_));
  }
  void append(base::EntryKind kind, const std::string& bytes) {
    last_ = last_.next();
    const base::EntryId id{base::Term(1), last_};
    entries_.emplace_back(kind, bytes);
    for (std::uint32_t member = 0; member < members_; ++member) {
      observers_[member]->on_event(io::Appended{id, kind, bytes});
      observers_[member]->on_event(io::WroteEntries{"none", 0, "", id, id});  // durable wherever it is written
    }
    for (std::uint32_t member = 0; member < members_; ++member) {
      if (behaviour_.never_applies == member) continue;
      observers_[member]->on_event(io::Committed{id});
      observers_[member]->on_event(io::Applied{id, {}, {}});
    }
    for (const auto& late : late_) tell(late.first, last_);
  }
  void tell(std::uint32_t member, base::LogIndex index) {
    const base::EntryId id{base::Term(1), index};
    if (index > late_[member]) {
      const auto& entry = entries_[index.value() - 1];
      observers_[member]->on_event(io::Appended{id, entry.first, entry.second});
      observers_[member]->on_event(io::WroteEntries{"none", 0, "", id, id});
      late_[member] = index;
    }
    observers_[member]->on_event(io::Committed{id});
    observers_[member]->on_event(io::Applied{id, {}, {}});
  }
  // One that came later gets everything, and applies it again when it comes back.
  void catch_up(std::uint32_t member) {
    for (base::LogIndex index; index < last_;) {
      index = index.next();
      tell(member, index);
    }
  }

  // At first when all of them are there.
  void elect(std::uint32_t started) {
    if (started >= members_) return take(started);
    if (observers_.size() < members_) return;
    if (started == 0 || term_ == 0) {
      ++term_;
      take(0);
    }
    if (has_begun_) {
      if (started != 0) take(started);
      return;
    }
    has_begun_ = true;
    for (std::uint32_t member = 1; member < members_; ++member) take(member);
  }
  void take(std::uint32_t member) {
    const io::Part part = member == 0 ? io::Part::leader : io::Part::follower;
    observers_.at(member)->on_event(io::PartTaken{base::Term(term_), part, base::MemberId(member + 1), base::MemberId(1)});
  }

  const std::uint32_t members_;
  Happened& happened_;
  const Behaviour behaviour_;
  std::uint64_t term_ = 0;
  bool has_begun_ = false;
  std::map<std::uint32_t, io::Observer*> observers_;  // of the members that have started
  std::map<std::uint32_t, MemberHost*> hosts_;
  Machines* machines_ = nullptr;
  raft::Configuration group_;
  std::string beginning_;
  base::LogIndex last_;
  std::vector<std::pair<base::EntryKind, std::string>> entries_;
  std::map<std::uint32_t, base::LogIndex> late_;  // those who came later and run, with the end of their logs
};

class FakeScenario final : public Scenario {
 public:
  FakeScenario(Happened& happened, Behaviour behaviour) : happened_(happened), behaviour_(behaviour) {}
  std::string_view name() const override { return "fake"; }
  Plan draw_plan(std::uint64_t) const override { return {}; }
  base::Result<std::unique_ptr<Tenant>> make_tenant(const Plan& plan, Findings&) const override {
    return std::make_unique<FakeTenant>(plan, happened_, behaviour_);
  }

 private:
  Happened& happened_;
  const Behaviour behaviour_;
};

Plan plan_of(std::uint32_t members) {
  Plan plan;
  plan.members = members;
  plan.faults_until = std::chrono::seconds(10);
  plan.duration = std::chrono::seconds(20);
  return plan;
}

Action crash_of(std::uint32_t member, std::vector<std::uint32_t> others, base::Duration at, base::Duration down) {
  Action action;
  action.id = member;
  action.kind = ActionKind::process_kill;
  action.member = member;
  action.others = std::move(others);
  action.at = at;
  action.lasting = down;
  return action;
}

Outcome run_plan(const Plan& plan, Happened& happened, Behaviour behaviour = {}) {
  const FakeScenario scenario(happened, behaviour);
  base::Result<Outcome> outcome = sim::run(scenario, plan);
  REQUIRE(outcome);
  return *outcome;
}

}  // namespace

TEST_CASE("every member runs, and the files of each are looked at in the end") {
  for (std::uint32_t members = 1; members <= kMembersMax; ++members) {
    Happened happened;
    const Outcome outcome = run_plan(plan_of(members), happened);
    CHECK_MESSAGE(outcome.verdict.kind == VerdictKind::pass, outcome.verdict.message);
    CHECK_EQ(happened.starts.size(), members);
    CHECK_EQ(happened.inspected.size(), members);
  }
}

TEST_CASE("a crash takes those it names, and each comes back") {
  Plan plan = plan_of(5);
  plan.actions = {crash_of(1, {3, 4}, std::chrono::seconds(2), std::chrono::seconds(1))};
  Happened happened;
  const Outcome outcome = run_plan(plan, happened);
  CHECK_MESSAGE(outcome.verdict.kind == VerdictKind::pass, outcome.verdict.message);
  CHECK_EQ(outcome.crashes.total, 3);
  for (std::uint32_t member = 0; member < 5; ++member) CHECK_EQ(happened.starts_of(member), member == 0 || member == 2 ? 1 : 2);
}

TEST_CASE("each member has a crash of its own to wait for") {
  Plan plan = plan_of(3);
  plan.actions = {crash_of(1, {}, std::chrono::seconds(2), std::chrono::seconds(1)),
                  crash_of(2, {}, std::chrono::seconds(2), std::chrono::seconds(1))};
  plan.actions[0].moment = Moment::storing;  // never: it strikes in the first turn after its patience has ended
  plan.actions.push_back(crash_of(0, {1}, std::chrono::seconds(6), {}));
  plan.actions.back().kind = ActionKind::reset_links;
  Happened happened;
  CHECK_EQ(run_plan(plan, happened).crashes.total, 2);
  CHECK_EQ(happened.starts, std::vector<std::uint32_t>{0, 1, 2, 2, 1});
}

TEST_CASE("who is down for good does not come back, who is merely down does at once, and only those who recovered are looked at") {
  Plan plan = plan_of(5);
  plan.actions = {crash_of(1, {2}, std::chrono::seconds(9), std::chrono::seconds(5))};
  plan.broken = {{2, Ailment::down}, {3, Ailment::down}};
  Happened happened;
  const Outcome outcome = run_plan(plan, happened);
  CHECK_MESSAGE(outcome.verdict.kind == VerdictKind::pass, outcome.verdict.message);
  CHECK_EQ(happened.starts, std::vector<std::uint32_t>{0, 1, 2, 3, 4, 1});
  CHECK_EQ(happened.inspected, std::vector<std::uint32_t>{0, 1, 4});
}

TEST_CASE("the core has to serve and to know its leader; the others need not") {
  struct Case { const char* name; Behaviour behaviour; std::vector<Broken> broken; const char* what; bool is_asked = true; };
  const Case cases[] = {
      {"all is well", {}, {}, ""},
      {"nobody leads", {false, {}}, {}, "knows no leader"},
      {"one does not serve", {true, 2}, {}, "member m3 is not ready"},
      {"one that is broken does not serve", {true, 2}, {{2, Ailment::cut_off}}, ""},
      {"the leader is cut off, and the others have not noticed", {}, {{0, Ailment::cut_off}}, "follows m1"},
      {"the leader is down, and the others have not noticed", {}, {{0, Ailment::down}}, "follows m1"},
      {"the leader hangs, and has not handed over", {}, {{0, Ailment::hanging}}, "follows m1"},
      {"the leader hangs, and nobody wanted anything of it", {}, {{0, Ailment::hanging}}, "", false},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    Plan plan = plan_of(3);
    plan.broken = c.broken;
    if (c.is_asked) plan.operations = {{0, 0, plan.faults_until, "anything"}};
    Happened happened;
    const Verdict verdict = run_plan(plan, happened, c.behaviour).verdict;
    CHECK_EQ(verdict.kind, *c.what == '\0' ? VerdictKind::pass : VerdictKind::liveness);
    CHECK_MESSAGE(verdict.message.find(c.what) != std::string::npos, verdict.message);
  }
}

TEST_CASE("what the group has committed reaches everybody who has recovered") {
  using std::chrono::seconds;
  Plan plan = plan_of(3);
  plan.spares = 1;
  plan.duration = seconds(40);
  Behaviour behaviour;
  behaviour.never_applies = 1;
  behaviour.steps = {{seconds(12), Step::Kind::admit, 3}};
  Happened happened;
  SUBCASE("one never gets it") { CHECK(run_plan(plan, happened, behaviour).verdict.message.find("m2 has applied up to index 0") != std::string::npos); }
  SUBCASE("one that stays broken need not") {
    plan.broken = {{1, Ailment::cut_off}};
    CHECK_EQ(run_plan(plan, happened, behaviour).verdict.kind, VerdictKind::pass);
  }
  SUBCASE("nor need anybody have what is as new as that") {
    behaviour.steps[0].at = seconds(35);
    CHECK_EQ(run_plan(plan, happened, behaviour).verdict.kind, VerdictKind::pass);
  }
  SUBCASE("all have it") {
    behaviour.never_applies.reset();
    CHECK_EQ(run_plan(plan, happened, behaviour).verdict.kind, VerdictKind::pass);
  }
}

TEST_CASE("who has lost its disk is missed like one that is down, as long as the others are a quorum") {
  using std::chrono::seconds;
  struct Case { const char* name; std::uint32_t members; std::vector<std::uint32_t> lost; VerdictKind verdict; bool is_beyond; };
  const Case cases[] = {
      {"one of three", 3, {1}, VerdictKind::pass, false},
      {"the leader, and nobody takes its place", 3, {0}, VerdictKind::liveness, false},
      {"two of three", 3, {1, 2}, VerdictKind::refused, true},
      {"two of five", 5, {3, 1}, VerdictKind::pass, false},
      {"three of five, the leader too", 5, {0, 1, 2}, VerdictKind::refused, true},
      {"the only one", 1, {0}, VerdictKind::refused, true},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    Plan plan = plan_of(c.members);
    for (const std::uint32_t member : c.lost) {
      plan.actions.push_back(crash_of(member, {}, seconds(2), {}));
      plan.actions.back().kind = ActionKind::lost_disk;
    }
    Happened happened;
    const Outcome outcome = run_plan(plan, happened);
    CHECK_MESSAGE(outcome.verdict.kind == c.verdict, outcome.verdict.message);
    CHECK_EQ(outcome.is_beyond, c.is_beyond);
    CHECK_EQ(outcome.gone, c.lost.size());
    CHECK_EQ(outcome.losses.at("disk"), c.lost.size());
    CHECK_EQ(happened.starts.size(), c.members);
    if (c.verdict == VerdictKind::pass) CHECK_EQ(happened.inspected.size(), c.members - c.lost.size());
  }
}

TEST_CASE("what stays broken leaves a quorum of those whose disks are whole") {
  Plan plan = plan_of(3);
  plan.actions = {crash_of(1, {}, std::chrono::seconds(2), {})};
  plan.actions[0].kind = ActionKind::lost_disk;
  plan.broken = {{2, Ailment::down}};
  Happened happened;
  const Verdict verdict = run_plan(plan, happened).verdict;
  CHECK_MESSAGE(verdict.kind == VerdictKind::pass, verdict.message);
  CHECK_EQ(happened.inspected, std::vector<std::uint32_t>{0, 2});
}

TEST_CASE("with an empty disk nobody comes back as who had another one") {
  Plan plan = plan_of(3);
  plan.duration = std::chrono::seconds(40);
  plan.actions = {crash_of(1, {}, std::chrono::seconds(2), {})};
  plan.actions[0].kind = ActionKind::lost_disk;
  Behaviour behaviour;
  Happened happened;
  SUBCASE("the others know it, and it refuses") {
    behaviour.is_known = 1;
    const Verdict verdict = run_plan(plan, happened, behaviour).verdict;
    CHECK_MESSAGE(verdict.kind == VerdictKind::pass, verdict.message);
    CHECK_EQ(happened.starts, std::vector<std::uint32_t>{0, 1, 2, 1});
  }
  SUBCASE("it begins") {
    const Verdict verdict = run_plan(plan, happened, behaviour).verdict;
    CHECK_EQ(verdict.kind, VerdictKind::safety);
    CHECK(verdict.message.find("m2 begins under the name of one whose disk is lost") != std::string::npos);
  }
  SUBCASE("it had never served: nobody can know it") {
    behaviour.never_ready = 1;
    CHECK_EQ(run_plan(plan, happened, behaviour).verdict.kind, VerdictKind::pass);
    CHECK_EQ(happened.starts, std::vector<std::uint32_t>{0, 1, 2});
  }
}

TEST_CASE("a plan that contradicts itself is not run") {
  Plan plan = plan_of(3);
  plan.actions = {crash_of(3, {}, std::chrono::seconds(2), std::chrono::seconds(1))};
  Happened happened;
  const base::Result<Outcome> outcome = sim::run(FakeScenario(happened, {}), plan);
  REQUIRE_FALSE(outcome);
  CHECK_EQ(outcome.error().code, base::Code::invalid);
  CHECK(happened.starts.empty());
}

TEST_CASE("a spare machine stands idle until a member starts on it, and again when that was removed") {
  using Kind = Step::Kind;
  using std::chrono::seconds;
  Plan plan = plan_of(3);
  plan.spares = 1;
  plan.actions = {crash_of(3, {}, seconds(1), seconds(1)), crash_of(3, {}, seconds(4), seconds(1))};
  Behaviour behaviour;
  behaviour.steps = {{seconds(2), Kind::admit, 3}, {seconds(3), Kind::start, 3}};
  Happened happened;
  const auto judge = [&] { return run_plan(plan, happened, behaviour).verdict; };

  SUBCASE("nobody uses it, and nothing happens to it") {
    behaviour.steps.clear();
    CHECK_EQ(judge().kind, VerdictKind::pass);
    CHECK_EQ(happened.starts_of(3), 0);
    CHECK_EQ(happened.inspected.size(), 3);
  }
  SUBCASE("a member joins on it, crashes and comes back like any other") {
    const Verdict verdict = judge();
    CHECK_MESSAGE(verdict.kind == VerdictKind::pass, verdict.message);
    CHECK_EQ(happened.starts_of(3), 2);
    CHECK_EQ(happened.inspected.size(), 4);
    CHECK_EQ(happened.idle, std::vector<bool>{true, true});
  }
  SUBCASE("a member starts anew on it between the first crash there and the restart") {
    behaviour.steps.push_back({std::chrono::milliseconds(4500), Kind::start, 3});
    const Verdict verdict = judge();
    CHECK_MESSAGE(verdict.kind == VerdictKind::pass, verdict.message);
    CHECK_EQ(happened.starts_of(3), 2);
    CHECK_EQ(happened.inspected.size(), 4);
  }
  SUBCASE("one that does not serve is late") {
    behaviour.never_ready = 3;
    CHECK_EQ(judge().kind, VerdictKind::liveness);
  }
  SUBCASE("removed, it has to stop, and is not started again") {
    behaviour.steps.push_back({seconds(6), Kind::remove, 3});
    SUBCASE("as it does") {
      behaviour.steps.push_back({seconds(7), Kind::tell, 3});
      behaviour.steps.push_back({seconds(8), Kind::remove, 3});
      const Verdict verdict = judge();
      CHECK_MESSAGE(verdict.kind == VerdictKind::pass, verdict.message);
      CHECK_EQ(happened.idle, std::vector<bool>{true, true, false, false, true});
      CHECK_EQ(happened.inspected.size(), 3);
    }
    SUBCASE("and does not") { CHECK(judge().message.find("m4 was removed from the group, and goes on") != std::string::npos); }
  }
  SUBCASE("what stays broken leaves the group a quorum") {
    plan.broken = {{3, Ailment::down}, {2, Ailment::down}, {1, Ailment::down}};
    behaviour.steps.clear();
    const Verdict verdict = judge();
    CHECK_MESSAGE(verdict.kind == VerdictKind::pass, verdict.message);
    CHECK_EQ(happened.inspected, std::vector<std::uint32_t>{0, 1});
  }
}

}  // namespace sim

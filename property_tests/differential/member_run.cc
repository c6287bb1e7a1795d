#include "property_tests/differential/member_run.h"

#include <chrono>

#include "property_tests/differential/build.h"
#include "property_tests/differential/member_expected.h"
#include "property_tests/differential/member_observe.h"

namespace property_tests::differential {

namespace {

constexpr base::Duration kHearsayTime = std::chrono::milliseconds(150);
constexpr base::Duration kYoungTime = std::chrono::seconds(4);  // less than the five that connections must have stood
constexpr std::int64_t kSecond = 1'000'000'000;

// One has done what the other refused, or is gone.
bool has_diverged(const ExpectedDifference& how, const Answers& answers) { return answers.ours.ok() != answers.theirs.ok() || &how == &kEndsItself || &how == &kUpdatePromotes; }

}  // namespace

MemberRun::MemberRun(io::real::RealWorld& world, const Programs& programs, const GroupShape& shape, Coverage* coverage)
    : world_(world),
      began_(world.world().clock.now()),
      ours_(world, programs.ours, programs.parent, shape),
      theirs_(world, programs.theirs, programs.parent, shape),
      coverage_(coverage),
      is_calibration_(programs.ours == programs.theirs) {
  write_some();
  for (std::uint64_t number = 1; number <= shape.voters; ++number) view_.running.insert(number);
  Group::Call list;
  theirs_.begin(1, {Kind::member_list, etcdserverpb::MemberListRequest(), {}}, Group::Patience::much, list);
  learn({Kind::member_list, etcdserverpb::MemberListRequest(), {}}, theirs_.finish(list));
}

std::optional<Difference> MemberRun::step(const GroupStep& step) {
  switch (step.act) {
    case Act::ask: return ask(step);
    case Act::wait: wait(step.time); return std::nullopt;
    case Act::wait_for_second: wait_for_second(); return std::nullopt;
    case Act::start_last:
      ours_.start_last();
      theirs_.start_last();
      view_.running.insert(view_.newest);
      return std::nullopt;
  }
  return std::nullopt;
}

// A learner is in sync when it has nine tenths of the log: of a long one, so that an entry on its way makes no difference.
void MemberRun::write_some() {
  constexpr int kEntryCount = 50;
  for (int i = 0; i < kEntryCount; ++i) ask_both(ours_, theirs_, 1, request(Kind::put, put("k")), Group::Patience::much);
}

std::optional<Difference> MemberRun::ask(const GroupStep& step) {
  if (step.is_early && world_.world().clock.now() - began_ > kYoungTime) return std::nullopt;
  const bool may_wait_in_vain = !view_.has_quorum() || is_promotion_of_nobody(view_, step.request) || loses_quorum(view_, step.request);
  const Group::Patience patience = may_wait_in_vain && !step.is_patient ? Group::Patience::little : Group::Patience::much;
  const Answers answers = ask_both(ours_, theirs_, step.member, step.request, patience);
  if (step.is_in_second && second() != second_) {
    is_over_ = true;  // slower than a second: nothing was shown
    return std::nullopt;
  }
  const Judgement judgement = is_calibration_ ? judge_equality(answers) : judge_members(view_, step.request, answers);
  if (judgement.verdict == Verdict::different) {
    return Difference{"  ours: " + to_text(answers.ours) + "\n  etcd: " + to_text(answers.theirs) + "\n" + ours_.health() + theirs_.health(), step.request};
  }
  if (coverage_ != nullptr) {
    if (judgement.verdict == Verdict::expected) coverage_->count("expected difference: " + std::string(judgement.expected->name));
    if (answers.ours.status.message == answers.theirs.status.message) {
      observe_members(view_, step.request, answers.theirs, step.is_in_second, *coverage_);
    }
  }
  const bool is_read = step.request.kind == Kind::member_list;
  if (judgement.verdict == Verdict::expected && !is_read && has_diverged(*judgement.expected, answers)) is_over_ = true;
  learn(step.request, answers.theirs);
  // Followers hear of it a moment later, and answer for themselves.
  if (!is_read && answers.theirs.ok() && view_.running.size() > 1) wait(kHearsayTime);
  return std::nullopt;
}

void MemberRun::learn(const Request& request, const Answer& theirs) {
  const auto* members = members_in(theirs);
  if (members == nullptr) return;
  view_.members.assign(members->begin(), members->end());
  for (const etcdserverpb::Member& each : view_.members) view_.newest = std::max(view_.newest, each.id());
  if (const auto* remove = std::get_if<etcdserverpb::MemberRemoveRequest>(&request.body)) {
    view_.removed.push_back(remove->id());
    view_.running.erase(remove->id());
  }
}

void MemberRun::wait(base::Duration time) {
  const base::Instant until = world_.world().clock.now() + time;
  while (world_.world().clock.now() < until) world_.run_turn(std::chrono::milliseconds(20));
}

std::int64_t MemberRun::second() const { return world_.world().clock.wall_now().nanoseconds / kSecond; }

void MemberRun::wait_for_second() {
  const std::int64_t now = second();
  while (second() == now) world_.run_turn(std::chrono::milliseconds(5));
  second_ = second();
}

std::string to_text(const GroupStep& step) {
  switch (step.act) {
    case Act::ask: return "at " + std::to_string(step.member) + ": " + to_text(step.request);
    case Act::wait: return "wait " + std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(step.time).count()) + " ms";
    case Act::wait_for_second: return "wait for a second to begin";
    case Act::start_last: return "start the last member";
  }
  return "";
}

}  // namespace property_tests::differential

#include "property_tests/differential/member_expected.h"

#include <algorithm>

#include "property_tests/differential/group.h"
#include "property_tests/differential/texts.h"

namespace property_tests::differential {

using etcdserverpb::MemberAddRequest;
using etcdserverpb::MemberListRequest;

const ExpectedDifference kUnreachableUrl = {
    "MemberAdd with a URL that leads nowhere", "etcd takes https, unix, a port beyond 65535, a user and a query; ours refuses what it could not reach",
    Kind::member_add};
const ExpectedDifference kListWithoutQuorum = {"MemberList, linearizable, without a quorum", "since 3.5 it asks the quorum; 3.4 does not know the field",
                                                Kind::member_list};
const ExpectedDifference kRefusedWithoutQuorum = {
    "a change to refuse without a quorum", "etcd finds unknown members and known URLs when it applies the change; ours asks the leader before, if there is one",
    Kind::member_add};

const ExpectedDifference kConnectedToAll = {
    "MemberAdd while some voter is not connected", "3.4 wants each voter connected for five seconds, we as later releases a quorum of what is to come",
    Kind::member_add};
const ExpectedDifference kEndsItself = {"MemberRemove of the last voter, not strict", "ends etcd 3.4 with a panic, removed all voters; ours refuses it",
                                          Kind::member_remove};
const ExpectedDifference kPromoteAsksAgain = {
    "MemberPromote of nobody, at a follower", "etcd's follower takes the leader's refusal for none and asks again until the time is over", Kind::member_promote};
const ExpectedDifference kLearnerCode = {"what a learner does not serve", "UNAVAILABLE to 3.5, FAILED_PRECONDITION since; the same words", Kind::member_list};
const ExpectedDifference kTimeOverCode = {"the time is over and nobody leads", "UNKNOWN in 3.4, DEADLINE_EXCEEDED since 3.5; the same words", Kind::member_add};
const ExpectedDifference kUpdatePromotes = {"MemberUpdate of a learner", "makes it a voter in the lists of etcd before 3.5.31 and 3.6.12, an old bug",
                                              Kind::member_update};
const ExpectedDifference kBothMajorities = {
    "a change that leaves no quorum, not strict", "etcd makes it and stands still; ours wants a majority of the new group too, and does not make it",
    Kind::member_remove};

namespace {

using etcdserverpb::MemberPromoteRequest;
using etcdserverpb::MemberRemoveRequest;
using etcdserverpb::MemberUpdateRequest;

bool says(const Answer& answer, std::string_view text) { return answer.status.message == text; }

template <typename Texts>
bool says_any(const Answer& answer, const Texts& texts) {
  return std::any_of(std::begin(texts), std::end(texts), [&](std::string_view text) { return says(answer, text); });
}

bool leads_nowhere(const std::string& url) {
  const auto has = [&](std::string_view part) { return url.find(part) != std::string::npos; };
  return url.rfind("https://", 0) == 0 || has("?") || has("@") || has(":99999") || has("#");
}

bool is_removal_of_last_voter(const GroupView& view, const Request& request) {
  const auto* remove = std::get_if<MemberRemoveRequest>(&request.body);
  const etcdserverpb::Member* const member = remove != nullptr ? view.find(remove->id()) : nullptr;
  return member != nullptr && !member->islearner() && view.voters() == 1;
}

const ExpectedDifference* in_add(const GroupView& view, const MemberAddRequest& add, const Answers& answers) {
  const bool any = std::any_of(add.peerurls().begin(), add.peerurls().end(), leads_nowhere);
  if (any && says(answers.ours, kBadUrls)) return &kUnreachableUrl;
  if (view.running_voters() < view.voters() && says(answers.theirs, kUnhealthy)) {
    constexpr std::string_view kLater[] = {kUrlExists, kTooManyLearners, kNoAnswer};
    if (answers.ours.ok() || says_any(answers.ours, kLater)) return &kConnectedToAll;
  }
  return nullptr;
}

// The same answer but for learners that etcd has made voters.
bool is_update_that_promotes(const GroupView& view, const Request& request, Answers answers) {
  const auto* update = std::get_if<MemberUpdateRequest>(&request.body);
  const etcdserverpb::Member* const member = update != nullptr ? view.find(update->id()) : nullptr;
  if (member == nullptr || !member->islearner()) return false;
  auto* const theirs = std::get_if<etcdserverpb::MemberUpdateResponse>(&answers.theirs.body);
  if (theirs == nullptr) return false;
  for (etcdserverpb::Member& each : *theirs->mutable_members()) {
    if (each.id() == update->id()) each.set_islearner(true);
  }
  return answers.ours == answers.theirs;
}

const ExpectedDifference* expected(const GroupView& view, const Request& request, const Answers& answers) {
  if (says(answers.ours, kNotForLearners) && says(answers.theirs, kNotForLearners)) {
    const bool are_codes = answers.ours.status.code == rpc::StatusCode::failed_precondition && answers.theirs.status.code == rpc::StatusCode::unavailable;
    return are_codes ? &kLearnerCode : nullptr;
  }
  if (says(answers.ours, kTimeOver) && says(answers.theirs, kTimeOver)) {
    const bool are_codes = answers.ours.status.code == rpc::StatusCode::deadline_exceeded && answers.theirs.status.code == rpc::StatusCode::unknown;
    return are_codes ? &kTimeOverCode : nullptr;
  }
  if (const auto* add = std::get_if<MemberAddRequest>(&request.body)) {
    if (const ExpectedDifference* const found = in_add(view, *add, answers)) return found;
  }
  const bool is_gone = answers.theirs.status.code == rpc::StatusCode::unavailable && answers.theirs.status.message.rfind("connection error", 0) == 0;
  if (is_gone && is_removal_of_last_voter(view, request)) return says(answers.ours, kNotEnoughStarted) ? &kEndsItself : nullptr;
  if (is_promotion_of_nobody(view, request) && says(answers.theirs, kNoAnswer)) return says(answers.ours, kMemberNotFound) ? &kPromoteAsksAgain : nullptr;
  if (is_update_that_promotes(view, request, answers)) return &kUpdatePromotes;
  if (loses_quorum(view, request) && answers.theirs.ok() && says(answers.ours, kNoAnswer)) return &kBothMajorities;
  if (view.has_quorum()) return nullptr;
  if (const auto* list = std::get_if<MemberListRequest>(&request.body)) {
    return list->linearizable() && says(answers.ours, kNoAnswer) && answers.theirs.ok() ? &kListWithoutQuorum : nullptr;
  }
  constexpr std::string_view kWhenApplied[] = {kMemberNotFound, kUrlExists, kTooManyLearners, kNotEnoughStarted, kMemberExists, kNotLearner, kNotReady};
  return says(answers.theirs, kNoAnswer) && says_any(answers.ours, kWhenApplied) ? &kRefusedWithoutQuorum : nullptr;
}

}  // namespace

bool loses_quorum(const GroupView& view, const Request& request) {
  std::size_t voters = view.voters();
  std::size_t running = view.running_voters();
  if (running < voters / 2 + 1) return false;
  if (const auto* add = std::get_if<MemberAddRequest>(&request.body); add != nullptr && !add->islearner()) ++voters;
  if (const auto* remove = std::get_if<MemberRemoveRequest>(&request.body)) {
    const etcdserverpb::Member* const member = view.find(remove->id());
    if (member == nullptr || member->islearner()) return false;
    --voters;
    running -= view.running.count(remove->id());
  }
  return running < voters / 2 + 1;
}

bool is_promotion_of_nobody(const GroupView& view, const Request& request) {
  const auto* promote = std::get_if<MemberPromoteRequest>(&request.body);
  return promote != nullptr && view.running.size() > 1 && view.find(promote->id()) == nullptr;
}

Judgement judge_members(const GroupView& view, const Request& request, const Answers& answers) {
  const Judgement equality = judge_equality(answers);
  if (equality.verdict == Verdict::equal) return equality;
  const ExpectedDifference* const found = expected(view, request, answers);
  return {found != nullptr ? Verdict::expected : Verdict::different, found};
}

}  // namespace property_tests::differential

#include "property_tests/differential/member_observe.h"

#include <string>

#include "property_tests/differential/group.h"
#include "property_tests/differential/texts.h"

namespace property_tests::differential {

namespace {

using etcdserverpb::Member;
using etcdserverpb::MemberAddRequest;
using etcdserverpb::MemberListRequest;
using etcdserverpb::MemberPromoteRequest;
using etcdserverpb::MemberRemoveRequest;
using etcdserverpb::MemberUpdateRequest;

// Those that any of the calls may end with.
void observe_refusal(const std::string& call, const Answer& answer, Coverage& coverage) {
  if (answer.status.message == kNoAnswer) coverage.count("7.3 " + call + ": no answer without a quorum");
  if (answer.status.message == kNotForLearners) coverage.count("7.6 " + call + ": asked at a learner");
}

void observe_list(const GroupView& view, const MemberListRequest& list, const Answer& answer, Coverage& coverage) {
  if (!answer.ok()) return;
  coverage.count(list.linearizable() ? "7.3 list: linearizable" : "7.3 list");
  if (!view.has_quorum()) coverage.count("7.3 list: without a quorum");
}

void observe_add(const MemberAddRequest& add, const Answer& answer, bool is_in_second, Coverage& coverage) {
  const std::string& says = answer.status.message;
  const std::string who = add.islearner() ? "a learner" : "a voter";
  if (says == kBadUrls) coverage.count(add.peerurls_size() == 0 ? "7.3 add: MemberBadURLs: no URL" : "7.3 add: MemberBadURLs: a malformed one");
  if (says == kUrlExists) coverage.count("7.3 add: PeerURLExist: " + who);
  if (says == kTooManyLearners) coverage.count("7.3 add: TooManyLearners");
  if (says == kNotEnoughStarted) coverage.count("7.3 add: MemberNotEnoughStarted");
  if (says == kUnhealthy) coverage.count("7.3 add: Unhealthy: " + who);
  if (says == kMemberNotFound && is_in_second) coverage.count("7.3 add: MemberNotFound: the id of one that was removed");
  if (!answer.ok()) return;
  coverage.count("7.3 add " + who);
  if (add.peerurls_size() == 1) return;
  const bool is_twice = add.peerurls_size() == 2 && add.peerurls(0) == add.peerurls(1);
  coverage.count(is_twice ? "7.3 add: the same URL twice" : "7.3 add: several URLs");
}

void observe_remove(const GroupView& view, const MemberRemoveRequest& remove, const Answer& answer, Coverage& coverage) {
  const std::string& says = answer.status.message;
  const Member* const member = view.find(remove.id());
  const bool is_last = member != nullptr && !member->islearner() && view.voters() == 1;
  if (says == kMemberNotFound) coverage.count(remove.id() <= view.newest ? "7.3 remove: MemberNotFound: removed before" : "7.3 remove: MemberNotFound");
  if (says == kNotEnoughStarted) coverage.count(is_last ? "7.3 remove: MemberNotEnoughStarted: the last voter" : "7.3 remove: MemberNotEnoughStarted");
  if (says == kUnhealthy) coverage.count("7.3 remove: Unhealthy");
  if (!answer.ok() || member == nullptr) return;
  if (member->islearner()) coverage.count("7.3 remove a learner");
  else coverage.count(member->name().empty() ? "7.3 remove a voter that has not started" : "7.3 remove a voter that runs");
}

void observe_update(const GroupView& view, const MemberUpdateRequest& update, const Answer& answer, Coverage& coverage) {
  const std::string& says = answer.status.message;
  if (says == kMemberNotFound) coverage.count("7.3 update: MemberNotFound");
  if (says == kUrlExists) coverage.count("7.3 update: PeerURLExist");
  const Member* const member = view.find(update.id());
  if (!answer.ok() || member == nullptr) return;
  const bool is_same = std::equal(update.peerurls().begin(), update.peerurls().end(), member->peerurls().begin(), member->peerurls().end());
  coverage.count(is_same ? "7.3 update: the same URLs" : update.peerurls_size() == 0 ? "7.3 update: no URL" : "7.3 update: other URLs");
  if (update.peerurls_size() > 1) coverage.count("7.3 update: several URLs");
  if (update.peerurls_size() > 0 && update.peerurls(0).rfind("http://", 0) != 0) coverage.count("7.3 update: a URL that nobody can read");
  if (member->islearner()) coverage.count("7.3 update a learner");
}

void observe_promote(const GroupView& view, const MemberPromoteRequest& promote, const Answer& answer, Coverage& coverage) {
  const std::string& says = answer.status.message;
  if (says == kMemberNotFound) coverage.count(promote.id() <= view.newest ? "7.3 promote: MemberNotFound: removed before" : "7.3 promote: MemberNotFound");
  if (says == kNotLearner) coverage.count("7.3 promote: MemberNotLearner");
  if (says == kNotReady) coverage.count("7.3 promote: LearnerNotReady");
  if (answer.ok()) coverage.count("7.3 promote a learner");
}

}  // namespace

void observe_members(const GroupView& view, const Request& request, const Answer& answer, bool is_in_second, Coverage& coverage) {
  constexpr std::string_view kPrefix = "member_";
  observe_refusal(std::string(to_text(request.kind).substr(kPrefix.size())), answer, coverage);
  if (const auto* list = std::get_if<MemberListRequest>(&request.body)) observe_list(view, *list, answer, coverage);
  if (const auto* add = std::get_if<MemberAddRequest>(&request.body)) observe_add(*add, answer, is_in_second, coverage);
  if (const auto* remove = std::get_if<MemberRemoveRequest>(&request.body)) observe_remove(view, *remove, answer, coverage);
  if (const auto* update = std::get_if<MemberUpdateRequest>(&request.body)) observe_update(view, *update, answer, coverage);
  if (const auto* promote = std::get_if<MemberPromoteRequest>(&request.body)) observe_promote(view, *promote, answer, coverage);
}

}  // namespace property_tests::differential

#include <doctest/doctest.h>

#include "property_tests/differential/build.h"
#include "property_tests/differential/group.h"
#include "property_tests/differential/member_expected.h"
#include "property_tests/differential/member_names.h"
#include "property_tests/differential/texts.h"

namespace property_tests::differential {

namespace {

etcdserverpb::Member member(std::uint64_t id, const std::string& url, bool is_learner = false) {
  etcdserverpb::Member out;
  out.set_id(id);
  out.add_peerurls(url);
  out.set_islearner(is_learner);
  return out;
}

Answer list_of(std::initializer_list<etcdserverpb::Member> members) {
  etcdserverpb::MemberListResponse out;
  for (const etcdserverpb::Member& each : members) *out.add_members() = each;
  return {{}, out};
}

Answer member_refusal(std::string_view text, rpc::StatusCode code = rpc::StatusCode::unknown) { return {{code, std::string(text)}, {}}; }

Request removing(std::uint64_t id) {
  etcdserverpb::MemberRemoveRequest out;
  out.set_id(id);
  return request(Kind::member_remove, out);
}

Request adding(const std::string& url) {
  etcdserverpb::MemberAddRequest out;
  out.add_peerurls(url);
  return request(Kind::member_add, out);
}

}  // namespace

TEST_CASE("two clusters with other ids and ports have the same words") {
  MemberNames one, other;
  one.add_url("http://peer-1", "http://127.0.0.1:100");
  one.add_url("http://peer-2", "http://127.0.0.1:90");
  other.add_url("http://peer-1", "http://127.0.0.1:7");
  other.add_url("http://peer-2", "http://127.0.0.1:8");
  const Answer from_one = one.to_words(list_of({member(5, "http://127.0.0.1:90"), member(6, "http://127.0.0.1:100")}));
  const Answer from_other = other.to_words(list_of({member(1000, "http://127.0.0.1:7"), member(2000, "http://127.0.0.1:8")}));
  CHECK(from_one == from_other);
  CHECK_EQ(one.number_of(6), 1);
  CHECK_EQ(other.number_of(1000), 1);
  // Whoever comes is the next, also when another has gone.
  CHECK(one.to_words(list_of({member(4, "http://x:1"), member(6, "http://127.0.0.1:100")})) ==
        other.to_words(list_of({member(1000, "http://127.0.0.1:7"), member(3000, "http://x:1")})));
  CHECK_EQ(one.number_of(4), 3);
  CHECK_EQ(std::get<etcdserverpb::MemberRemoveRequest>(one.to_real(removing(3)).body).id(), 4);
  CHECK_EQ(std::get<etcdserverpb::MemberRemoveRequest>(one.to_real(removing(4711)).body).id(), 4711);
  CHECK_EQ(std::get<etcdserverpb::MemberAddRequest>(other.to_real(adding("http://peer-2")).body).peerurls(0), "http://127.0.0.1:8");
  CHECK_FALSE(one.to_words(list_of({member(6, "http://127.0.0.1:100"), member(5, "http://127.0.0.1:90")})).ok());  // not by id
}

TEST_CASE("a difference in answers about members is expected of its own pair alone") {
  GroupView alone;
  alone.members = {member(1, "http://peer-1")};
  alone.running = {1};
  GroupView three = alone;
  three.members = {member(1, "http://peer-1"), member(2, "http://peer-2"), member(3, "http://x:1")};
  three.running = {1, 2};
  const Answer gone = member_refusal("connection error: closed", rpc::StatusCode::unavailable);
  const Answer removed{{}, etcdserverpb::MemberRemoveResponse()};
  const auto expects = [](const GroupView& view, const Request& request, const Answer& ours, const Answer& theirs) {
    return judge_members(view, request, {ours, theirs}).expected;
  };
  CHECK_EQ(expects(alone, removing(1), member_refusal(kNotEnoughStarted), gone), &kEndsItself);
  CHECK_EQ(expects(alone, removing(4711), member_refusal(kNotEnoughStarted), gone), nullptr);
  CHECK_EQ(expects(alone, adding("https://x:1"), member_refusal(kBadUrls), member_refusal(kTooManyLearners)), &kUnreachableUrl);
  CHECK_EQ(expects(alone, adding("http://x:1"), member_refusal(kBadUrls), member_refusal(kTooManyLearners)), nullptr);
  CHECK_EQ(expects(three, adding("http://y:1"), member_refusal(kTooManyLearners), member_refusal(kUnhealthy)), &kConnectedToAll);
  CHECK_EQ(expects(alone, adding("http://y:1"), member_refusal(kTooManyLearners), member_refusal(kUnhealthy)), nullptr);
  CHECK_EQ(expects(three, removing(2), member_refusal(kNoAnswer), removed), &kBothMajorities);
  CHECK_EQ(expects(three, removing(3), member_refusal(kNoAnswer), removed), nullptr);  // it keeps its quorum
  CHECK_EQ(expects(alone, removing(4711), member_refusal(kMemberNotFound), member_refusal(kNoAnswer)), nullptr);
  three.running = {1};
  CHECK_EQ(expects(three, removing(4711), member_refusal(kMemberNotFound), member_refusal(kNoAnswer)), &kRefusedWithoutQuorum);
  CHECK(judge_members(three, removing(3), {member_refusal(kUnhealthy), member_refusal(kUnhealthy)}).verdict == Verdict::equal);
}

}  // namespace property_tests::differential

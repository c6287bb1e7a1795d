#include "core/etcd/member_change.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "core/etcd/cluster_service.h"
#include "core/etcd/group.h"

namespace etcd {

namespace {

using Kind = ChangeKind;

// The group `v1 v2 l3`: voters and learners by number. Member 1 leads. A letter behind a number: `u` has not started, `y` is connected
// since a moment ago, `d` is down. A learner's log agrees that far.
GroupFacts group(std::string_view text, std::uint64_t learner_matched = 100) {
  GroupFacts facts;
  facts.self = base::MemberId(1);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    const std::string_view one = text.substr(at, end - at);
    at = end + 1;
    const bool is_learner = one.front() == 'l';
    const std::uint64_t number = static_cast<std::uint64_t>(one[1] - '0');
    const base::MemberId id(number);
    facts.configuration.members.push_back(configuration_member(id, {"http://m" + std::to_string(number) + ":1"}, is_learner));
    MemberFacts& member = facts.members[id];
    const auto says = [&](char flag) { return one.find(flag, 2) != std::string_view::npos; };
    member.is_started = !says('u');
    member.is_connected = !says('d');
    member.is_healthy = !says('d') && !says('y');
    member.matched = base::LogIndex(is_learner ? learner_matched : 100);
  }
  return facts;
}

MemberChange add(std::string url, bool is_learner = false) { return {Kind::add, base::MemberId(9), {std::move(url)}, is_learner}; }
MemberChange by_id(Kind kind, std::uint64_t id) { return {kind, base::MemberId(id), {}, false}; }

std::string text_of(const std::optional<ErrorId>& error) { return error ? std::string(wire_error(*error).text) : "-"; }

constexpr const char* kNotStarted = "etcdserver: re-configuration failed due to not enough started members";
constexpr const char* kUnhealthy = "etcdserver: unhealthy cluster";
constexpr const char* kNotFound = "etcdserver: member not found";
constexpr const char* kUrlExists = "etcdserver: Peer URLs already exists";
constexpr const char* kTooManyLearners = "etcdserver: too many learner members in cluster";
constexpr const char* kNotReady = "etcdserver: can only promote a learner member which is in sync with leader";
constexpr const char* kNotLearner = "etcdserver: can only promote a learner member";

}  // namespace

TEST_CASE("a change is refused for the first reason that etcd would name") {  // behaviour reference §7.3
  struct Case {
    std::string name;
    GroupFacts facts;
    MemberChange change;
    std::string strict;
    std::string lax;  // without --strict-reconfig-check
  };
  const Case cases[] = {
      {"a second voter", group("v1"), add("http://new:1"), "-", "-"},
      {"a fourth voter", group("v1 v2 v3"), add("http://new:1"), "-", "-"},
      {"a third, while the second has not started", group("v1 v2u"), add("http://new:1"), kNotStarted, "-"},
      {"a fourth, while one has not started", group("v1 v2 v3u"), add("http://new:1"), kNotStarted, "-"},
      {"a fifth, while one has not started", group("v1 v2 v3 v4u"), add("http://new:1"), "-", "-"},
      {"a sixth, while two have not started", group("v1 v2 v3 v4u v5u"), add("http://new:1"), kNotStarted, "-"},
      {"a fourth, while one is down", group("v1 v2 v3d"), add("http://new:1"), kUnhealthy, "-"},
      {"a fourth, when one has only just come", group("v1 v2 v3y"), add("http://new:1"), kUnhealthy, "-"},
      {"a fifth, while one is down", group("v1 v2 v3 v4d"), add("http://new:1"), "-", "-"},
      {"not started comes before unhealthy", group("v1 v2ud"), add("http://new:1"), kNotStarted, "-"},
      {"unhealthy comes before the URL", group("v1 v2d"), add("http://m1:1"), kUnhealthy, kUrlExists},
      {"a URL that a voter has", group("v1 v2 v3"), add("http://m2:1"), kUrlExists, kUrlExists},
      {"a URL that a learner has", group("v1 l2"), add("http://m2:1"), kUrlExists, kUrlExists},
      {"an id that is taken", group("v1 v9"), add("http://new:1"), "etcdserver: member ID already exist", "etcdserver: member ID already exist"},

      {"a learner", group("v1"), add("http://new:1", true), "-", "-"},
      {"a learner, while a voter has not started", group("v1 v2u"), add("http://new:1", true), "-", "-"},
      {"a learner, while the other voter is down", group("v1 v2d"), add("http://new:1", true), kUnhealthy, "-"},
      {"a second learner", group("v1 l2"), add("http://new:1", true), kTooManyLearners, kTooManyLearners},
      {"the URL comes before the number of learners", group("v1 l2"), add("http://m2:1", true), kUrlExists, kUrlExists},

      {"removing one of three", group("v1 v2 v3"), by_id(Kind::remove, 2), "-", "-"},
      {"removing the leader of three", group("v1 v2 v3"), by_id(Kind::remove, 1), "-", "-"},
      {"removing one that is down", group("v1 v2 v3d"), by_id(Kind::remove, 3), "-", "-"},
      {"removing one that lives while another is down", group("v1 v2 v3d"), by_id(Kind::remove, 2), kUnhealthy, "-"},
      {"removing oneself while another is down", group("v1 v2 v3d"), by_id(Kind::remove, 1), kUnhealthy, "-"},
      {"removing one when another has only just come", group("v1 v2 v3y"), by_id(Kind::remove, 2), kUnhealthy, "-"},
      {"removing the one that started", group("v1 v2u"), by_id(Kind::remove, 1), kNotStarted, "-"},
      {"removing the one that has not", group("v1 v2ud"), by_id(Kind::remove, 2), "-", "-"},
      {"removing the last", group("v1"), by_id(Kind::remove, 1), kNotStarted, kNotStarted},
      {"removing the last voter", group("v1 l2"), by_id(Kind::remove, 1), kNotStarted, kNotStarted},
      {"removing a learner", group("v1 v2d l3"), by_id(Kind::remove, 3), "-", "-"},
      {"removing a stranger", group("v1 v2 v3"), by_id(Kind::remove, 7), kNotFound, kNotFound},
      {"removing a stranger while two have not started", group("v1 v2u v3u"), by_id(Kind::remove, 7), kNotStarted, kNotFound},

      {"new URLs", group("v1 v2d"), {Kind::update, base::MemberId(2), {"http://new:1"}, false}, "-", "-"},
      {"the same URLs", group("v1 v2"), {Kind::update, base::MemberId(2), {"http://m2:1"}, false}, "-", "-"},
      {"URLs that nobody can read", group("v1 v2"), {Kind::update, base::MemberId(2), {"what?"}, false}, "-", "-"},
      {"URLs that another has", group("v1 v2"), {Kind::update, base::MemberId(2), {"http://m1:1"}, false}, kUrlExists, kUrlExists},
      {"new URLs of a stranger", group("v1 v2"), {Kind::update, base::MemberId(7), {"http://m1:1"}, false}, kNotFound, kNotFound},

      {"promoting one that is level", group("v1 l2"), by_id(Kind::promote, 2), "-", "-"},
      {"promoting one that has nine tenths", group("v1 l2", 90), by_id(Kind::promote, 2), "-", "-"},
      {"promoting one that has less", group("v1 l2", 89), by_id(Kind::promote, 2), kNotReady, kNotReady},
      {"promoting one that has not started", group("v1 l2ud", 0), by_id(Kind::promote, 2), kNotReady, kNotReady},
      {"promoting a stranger", group("v1 l2"), by_id(Kind::promote, 7), kNotFound, kNotFound},
      {"promoting a voter", group("v1 v2"), by_id(Kind::promote, 2), kNotLearner, kNotLearner},
      {"promoting while two of three have not started", group("v1 v2u v3u l4"), by_id(Kind::promote, 4), kNotStarted, "-"},
      {"not ready comes before not started", group("v1 v2u v3u l4", 0), by_id(Kind::promote, 4), kNotReady, kNotReady},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    GroupFacts facts = c.facts;
    CHECK_EQ(text_of(objection(c.change, facts)), c.strict);
    facts.is_strict = false;
    CHECK_EQ(text_of(objection(c.change, facts)), c.lax);
  }
}

TEST_CASE("only MemberAdd wants URLs that can be read, and reached") {
  const auto with = [](Kind kind, std::vector<std::string> urls) { return MemberChange{kind, base::MemberId(1), std::move(urls), false}; };
  const char* const kBad = "etcdserver: given member URLs are invalid";
  CHECK_EQ(text_of(validate(with(Kind::add, {"http://a:1", "http://b:1"}))), "-");
  CHECK_EQ(text_of(validate(with(Kind::add, {}))), kBad);
  CHECK_EQ(text_of(validate(with(Kind::add, {"http://a:1", "http://b"}))), kBad);
  CHECK_EQ(text_of(validate(with(Kind::add, {"127.0.0.1:2380"}))), kBad);
  CHECK_EQ(text_of(validate(with(Kind::add, {"https://a:1"}))), kBad);
  CHECK_EQ(text_of(validate(with(Kind::update, {"what?"}))), "-");
  CHECK_EQ(text_of(validate(with(Kind::remove, {}))), "-");
}

TEST_CASE("MemberAdd tidies its URLs and sorts them, and MemberUpdate takes them as they are") {
  etcdserverpb::MemberAddRequest add;
  for (const char* url : {" http://b:1\t", "HTTP://a:1", "Http://B:1", " "}) add.add_peerurls(url);
  CHECK(change_of(add).peer_urls == std::vector<std::string>{"", "http://B:1", "http://a:1", "http://b:1"});
  etcdserverpb::MemberUpdateRequest update;
  for (const char* url : {" http://b:1", "HTTP://a:1"}) update.add_peerurls(url);
  CHECK(change_of(update).peer_urls == std::vector<std::string>{" http://b:1", "HTTP://a:1"});
}

TEST_CASE("where a change leads, and when it is done") {
  const raft::Configuration before = group("v1 v2 l3").configuration;
  const auto voters = [](const raft::Configuration& configuration) { return configuration.voters().size(); };
  const auto lead = [&](const MemberChange& change) {
    CHECK_FALSE(is_done(change, before));
    raft::Configuration after = target_of(change, before);
    CHECK(is_done(change, after));
    return after;
  };
  CHECK_EQ(voters(lead(add("http://new:1"))), 3);
  CHECK_EQ(voters(lead(add("http://new:1", true))), 2);
  CHECK_EQ(voters(lead(by_id(Kind::remove, 1))), 1);
  CHECK_EQ(lead(by_id(Kind::remove, 3)).members.size(), 2);
  const raft::Configuration promoted = lead(by_id(Kind::promote, 3));
  CHECK_EQ(voters(promoted), 3);
  CHECK_FALSE(context_of(*promoted.find(base::MemberId(3)))->raft_attributes().is_learner());
  const raft::Configuration updated = lead({Kind::update, base::MemberId(3), {"http://x:1"}, false});
  CHECK_EQ(context_of(*updated.find(base::MemberId(3)))->raft_attributes().peer_urls(0), "http://x:1");
  CHECK(updated.find(base::MemberId(3))->is_learner);  // an update promotes nobody
}

TEST_CASE("a change travels as bytes, and others are refused") {
  const MemberChange change{Kind::update, base::MemberId(7), {"http://a:1", "http://b:1"}, true};
  const std::optional<MemberChange> read = decode_change(encode_change(change));
  REQUIRE(read);
  CHECK(read->kind == change.kind);
  CHECK_EQ(read->id, change.id);
  CHECK(read->peer_urls == change.peer_urls);
  CHECK(read->is_learner);
  for (const std::string_view bytes : {std::string_view(""), std::string_view("\0", 1), std::string_view("\5"), std::string_view("\1\xff")}) {
    CAPTURE(bytes.size());
    CHECK_FALSE(decode_change(bytes));
  }
}

TEST_CASE("an added member's id is made of its URLs and the second") {
  const std::vector<std::string> urls = {"http://a:1"};
  const base::MemberId id = added_member_id(urls, {1'700'000'000'999'999'999});
  CHECK_EQ(id, added_member_id(urls, {1'700'000'000'000'000'000}));
  CHECK_NE(id, added_member_id(urls, {1'700'000'001'000'000'000}));
  CHECK_NE(id, added_member_id({"http://b:1"}, {1'700'000'000'000'000'000}));
}

}  // namespace etcd

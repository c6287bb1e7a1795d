#include "sim/etcd/member_oracle.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/etcd/group.h"

namespace sim::etcd {

namespace {

raft::Configuration group_of(const std::vector<std::pair<std::uint64_t, std::string>>& members, bool last_learns = false) {
  raft::Configuration configuration;
  for (const auto& [id, url] : members) {
    const bool learns = last_learns && id == members.back().first;
    configuration.members.push_back(::etcd::configuration_member(base::MemberId(id), {url}, learns));
  }
  return configuration;
}

etcdserverpb::MemberListResponse members_of(const std::vector<std::pair<std::uint64_t, std::string>>& members) {
  etcdserverpb::MemberListResponse list;
  for (const auto& [id, url] : members) {
    etcdserverpb::Member& member = *list.add_members();
    member.set_id(id);
    member.set_name("whatever it has published");
    member.add_peerurls(url);
  }
  return list;
}

// One member, which moves, and is moved back.
struct MemberOracleFixture {
  void commit(const raft::Configuration& configuration) {
    ++index;
    oracle.on_committed({{base::Term(1), base::LogIndex(index)}, base::EntryKind::configuration,
                         std::make_shared<const std::string>(raft::encode(configuration))});
  }
  std::string verdict() const { return findings.verdict().message; }

  std::uint64_t index = 0;
  Findings findings;
  MemberOracle oracle{group_of({{1, "a"}}), findings};
};

}  // namespace

TEST_CASE("a list is one of the groups that there were, whole") {
  struct Case {
    std::string name;
    etcdserverpb::MemberListResponse list;
    bool is_good;
  };
  etcdserverpb::MemberListResponse learner = members_of({{1, "b"}, {2, "c"}});
  learner.mutable_members(1)->set_islearner(true);
  etcdserverpb::MemberListResponse two_urls = members_of({{1, "b"}});
  two_urls.mutable_members(0)->add_peerurls("a");
  const Case cases[] = {
      {"the first", members_of({{1, "a"}}), true},
      {"the second", members_of({{1, "b"}}), true},
      {"the last", learner, true},
      {"nobody", members_of({}), false},
      {"another URL", members_of({{1, "c"}}), false},
      {"a URL too many", two_urls, false},
      {"another member", members_of({{2, "a"}}), false},
      {"two steps further", members_of({{1, "c"}, {2, "c"}}), false},
      {"of one group the members, of another the URLs", members_of({{1, "a"}, {2, "c"}}), false},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    MemberOracleFixture f;
    f.commit(group_of({{1, "b"}}));
    f.commit(group_of({{1, "b"}, {2, "c"}}, true));
    f.oracle.on_stale(c.list);
    CHECK_EQ(f.findings.is_clean(), c.is_good);
    CHECK_EQ(f.verdict().find("which nobody has committed") != std::string::npos, !c.is_good);
  }
}

TEST_CASE("a list may be one step ahead, and that step is the next one") {
  const auto two = members_of({{1, "a"}, {2, "b"}});
  MemberOracleFixture kept;
  kept.oracle.on_linearizable(two, kept.oracle.now());
  kept.oracle.on_stale(two);
  kept.commit(group_of({{1, "a"}, {2, "b"}}));
  kept.oracle.at_end();
  CHECK_MESSAGE(kept.findings.is_clean(), kept.verdict());

  MemberOracleFixture broken;
  broken.oracle.on_stale(two);
  broken.commit(group_of({{1, "b"}}));
  CHECK_EQ(broken.verdict(), "a list said that the group is {1 a, 2 b}, and what came of it is {1 b}");

  MemberOracleFixture contradicted;
  contradicted.oracle.on_stale(two);
  contradicted.oracle.on_stale(members_of({{1, "b"}}));
  CHECK_FALSE(contradicted.findings.is_clean());

  MemberOracleFixture forgotten;
  forgotten.oracle.on_stale(two);
  CHECK(forgotten.findings.is_clean());
  forgotten.oracle.at_end();
  CHECK_FALSE(forgotten.findings.is_clean());
}

TEST_CASE("a linearizable list is not of a time before the question, but may be of any time after it") {
  MemberOracleFixture f;
  f.commit(group_of({{1, "b"}}));
  const std::size_t asked_at = f.oracle.now();
  f.commit(group_of({{1, "b"}, {2, "c"}}));
  f.oracle.on_linearizable(members_of({{1, "b"}}), asked_at);
  f.oracle.on_linearizable(members_of({{1, "b"}, {2, "c"}}), asked_at);
  f.oracle.on_stale(members_of({{1, "a"}}));
  f.oracle.at_end();
  CHECK_MESSAGE(f.findings.is_clean(), f.verdict());
  f.oracle.on_linearizable(members_of({{1, "a"}}), asked_at);
  CHECK_EQ(f.verdict(), "a linearizable list says that the group is {1 a}, which was over before it was asked for: it was {1 b}");
  // It could be what comes next; but it is not.
  MemberOracleFixture back;
  back.commit(group_of({{1, "b"}}));
  back.oracle.on_linearizable(members_of({{1, "a"}}), back.oracle.now());
  CHECK(back.findings.is_clean());
  back.oracle.at_end();
  CHECK_FALSE(back.findings.is_clean());
}

TEST_CASE("of a joint group it is shown where it leads") {
  MemberOracleFixture f;
  raft::Configuration joint = group_of({{1, "a"}, {2, "b"}});
  joint.members[0].is_outgoing = joint.members[0].is_leaving = true;
  f.commit(joint);
  f.oracle.on_linearizable(members_of({{2, "b"}}), f.oracle.now());
  CHECK_MESSAGE(f.findings.is_clean(), f.verdict());
  f.oracle.on_linearizable(members_of({{1, "a"}, {2, "b"}}), f.oracle.now());
  f.commit(group_of({{2, "b"}}));
  CHECK_FALSE(f.findings.is_clean());
}

TEST_CASE("two lists are of the same group whatever the members have published") {
  etcdserverpb::MemberListResponse one = members_of({{1, "a"}, {2, "b"}});
  etcdserverpb::MemberListResponse other = members_of({{2, "b"}, {1, "a"}});
  other.mutable_members(0)->set_name("another");
  CHECK(is_same_group(one, other));
  other.mutable_members(0)->set_peerurls(0, "c");
  CHECK_FALSE(is_same_group(one, other));
}

}  // namespace sim::etcd

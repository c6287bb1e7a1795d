#include "sim/etcd/roster.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "sim/etcd/addresses.h"

namespace sim::etcd {

namespace {

using ListKind = Roster::ListKind;

struct ListedMember {
  std::uint64_t id;
  std::uint32_t machine;
  std::uint32_t place = 0;
};

etcdserverpb::MemberListResponse list_of(const std::vector<ListedMember>& members) {
  etcdserverpb::MemberListResponse list;
  for (const ListedMember& one : members) {
    etcdserverpb::Member& member = *list.add_members();
    member.set_id(one.id);
    member.add_peerurls(peer_url(one.machine, one.place));
  }
  return list;
}

// Two founders, and a machine to spare.
class RosterFixture final : public Machines {
 public:
  RosterFixture() : idle{false, false, true} { roster.use(*this); }

  bool is_idle(std::uint32_t machine) const override { return idle[machine]; }
  void start_anew(std::uint32_t machine) override {
    started.push_back(machine);
    idle[machine] = false;
    roster.on_begun(machine);
  }
  void note(const std::vector<ListedMember>& members, ListKind kind = ListKind::linearizable) {
    roster.note(list_of(members), kind, roster.moment());
  }
  void restart(std::uint32_t machine) override { restarted.push_back(machine); }
  void retire(std::uint32_t machine) override { idle[machine] = true; }
  void kill_client(std::uint32_t, base::Duration) override {}
  void pause_client(std::uint32_t, base::Duration) override {}

  Roster roster{2, 3};
  std::vector<bool> idle;
  std::vector<std::uint32_t> started;
  std::vector<std::uint32_t> restarted;
};

using Places = std::vector<std::uint32_t>;

}  // namespace

TEST_CASE("whoever is listed is started once, with the list as it is, and founders never") {
  RosterFixture f;
  f.note({{1, 0}, {2, 1}});
  CHECK(f.started.empty());
  CHECK_FALSE(f.roster.group_to_join(0));
  f.note({{1, 0}, {2, 1}, {3, 2}});
  f.note({{1, 0}, {2, 1}, {3, 2}});
  CHECK_EQ(f.started, std::vector<std::uint32_t>{2});
  REQUIRE(f.roster.group_to_join(2));
  CHECK_EQ(f.roster.group_to_join(2)->size(), 3);
  CHECK(f.roster.is_started_for(2, base::MemberId(3)));
  f.note({{1, 0}, {3, 2}});
  CHECK_EQ(f.roster.group_to_join(2)->size(), 2);  // it has not joined yet
  f.roster.on_served(2);
  f.note({{3, 2}});
  CHECK_EQ(f.roster.group_to_join(2)->size(), 2);
}

TEST_CASE("another member on a machine begins anew, but not for a list of an earlier time") {
  RosterFixture f;
  f.note({{1, 0}, {2, 1}});
  f.note({{1, 0}});
  const std::uint64_t asked_at = f.roster.moment();
  f.note({{1, 0}, {4, 1}});
  CHECK_EQ(f.started, std::vector<std::uint32_t>{1});
  f.roster.note(list_of({{1, 0}, {3, 1}}), ListKind::linearizable, asked_at);  // asked before that start
  f.note({{1, 0}, {3, 1}}, ListKind::stale);
  f.note({{1, 0}, {2, 1}}, ListKind::stale);
  CHECK_EQ(f.started, std::vector<std::uint32_t>{1});
  CHECK(f.roster.is_started_for(1, base::MemberId(4)));
}

TEST_CASE("who was removed before it served is given up, and who served finds out by itself") {
  RosterFixture f;
  f.note({{1, 0}, {2, 1}, {3, 2}});
  f.note({{1, 0}, {2, 1}}, ListKind::stale);
  CHECK_FALSE(f.roster.is_given_up(2));
  f.note({{1, 0}, {2, 1}});
  CHECK(f.roster.is_given_up(2));
  f.roster.on_identified(2, base::MemberId(3));  // perhaps its log has not
  CHECK(f.roster.is_given_up(2));
  f.roster.on_served(2);
  CHECK_FALSE(f.roster.is_given_up(2));
}

TEST_CASE("who joined as somebody that was there before has not started, and begins anew") {
  RosterFixture f;
  f.note({{1, 0}, {2, 1}, {4, 2}});
  f.roster.on_identified(2, base::MemberId(3));
  CHECK_FALSE(f.roster.is_started_for(2, base::MemberId(4)));
  f.note({{1, 0}, {2, 1}, {4, 2}}, ListKind::stale);  // it runs, and the list may be old
  CHECK_EQ(f.started.size(), 1);
  f.note({{1, 0}, {2, 1}, {4, 2}});
  CHECK_EQ(f.started.size(), 2);
  f.roster.on_identified(2, base::MemberId(4));
  f.idle[2] = true;
  f.note({{1, 0}, {2, 1}, {4, 2}});
  f.note({{1, 0}, {2, 1}, {3, 2}}, ListKind::stale);
  CHECK_EQ(f.started.size(), 2);
}

TEST_CASE("what waits to join may be whoever is added next there, and then its disk stays") {
  RosterFixture f;
  f.note({{1, 0}, {2, 1}, {3, 2}});
  f.note({{1, 0}, {2, 1}});
  const std::uint64_t asked_at = f.roster.moment();
  SUBCASE("it has joined as that one") {
    f.roster.on_identified(2, base::MemberId(4));
    CHECK_FALSE(f.roster.is_given_up(2));
    f.note({{1, 0}, {2, 1}, {4, 2}});
    CHECK_EQ(f.started.size(), 1);
    f.roster.note(list_of({{1, 0}, {2, 1}, {5, 2}}), ListKind::linearizable, asked_at);  // an answer to an earlier question
    CHECK_EQ(f.started.size(), 1);
  }
  SUBCASE("it has not, and promised nothing") {
    f.note({{1, 0}, {2, 1}, {4, 2}});
    CHECK_EQ(f.started.size(), 2);
  }
}

TEST_CASE("who was removed makes room for the next one there, and nobody else does") {
  RosterFixture f;
  f.note({{1, 0}, {2, 1}});
  f.roster.make_room(1);
  CHECK_FALSE(f.idle[1]);
  f.note({{1, 0}}, ListKind::stale);
  f.roster.make_room(1);
  CHECK_FALSE(f.idle[1]);
  f.note({{1, 0}});
  f.roster.make_room(1);
  CHECK(f.idle[1]);
  f.roster.start_unlisted(1, list_of({{1, 0}}));  // the group waits for it, and tells nobody
  CHECK_EQ(f.started, std::vector<std::uint32_t>{1});
}

TEST_CASE("who runs on a machine goes on when another is listed there by a request that came late") {
  for (const std::uint64_t late : {1U, 9U}) {
    RosterFixture f;
    f.note({{5, 0}, {7, 1}});
    f.note({{5, 0}, {7, 1, 1}});
    f.note(late < 5 ? std::vector<ListedMember>{{late, 1}, {5, 0}, {7, 1, 1}} : std::vector<ListedMember>{{5, 0}, {7, 1, 1}, {late, 1}});
    CHECK(f.started.empty());
    CHECK(f.roster.is_started_for(1, base::MemberId(7)));
  }
}

TEST_CASE("where nobody lists anything the machine of who is added starts all the same") {
  RosterFixture f;
  f.note({{1, 0}, {2, 1}});
  f.roster.start_unlisted(1, list_of({{1, 0}, {2, 1}}));  // somebody runs there
  CHECK(f.started.empty());
  f.roster.start_unlisted(2, list_of({{1, 0}, {2, 1}}));
  CHECK_EQ(f.started, std::vector<std::uint32_t>{2});
  REQUIRE(f.roster.group_to_join(2));
  CHECK_EQ(f.roster.group_to_join(2)->back().name, member_name(2));
  f.roster.give_up(2);
  CHECK(f.roster.is_given_up(2));
  f.note({{1, 0}, {2, 1}, {3, 2}});  // it came true late, and the machine is at it
  CHECK_FALSE(f.roster.is_given_up(2));
  CHECK_EQ(f.started.size(), 1);
  CHECK(f.roster.is_started_for(2, base::MemberId(3)));
}

TEST_CASE("a member that is listed elsewhere starts again and answers there, and where it was if it is to") {
  RosterFixture f;
  f.note({{1, 0}, {2, 1}});
  CHECK_EQ(f.roster.places(1), Places{0});
  f.note({{1, 0}, {2, 1, 1}});
  CHECK_EQ(f.roster.places(1), Places{1});
  f.roster.keep_places(1, true);
  f.note({{1, 0}, {2, 1, 2}});
  CHECK_EQ(f.roster.places(1), Places{2, 1});
  f.note({{1, 0}, {2, 1, 1}});  // a request that came late
  CHECK_EQ(f.roster.places(1), Places{1, 2});
  f.note({{1, 0}, {2, 1, 1}});
  CHECK_EQ(f.restarted, std::vector<std::uint32_t>{1, 1, 1});
  CHECK(f.started.empty());
}

TEST_CASE("in the calm who was removed ends, if he may look for the others where nobody is any more") {
  for (const bool keeps : {false, true}) {
    CAPTURE(keeps);
    RosterFixture f;
    f.note({{1, 0}, {2, 1}});
    f.roster.keep_places(0, keeps);
    f.note({{1, 0}});
    f.roster.end_removed();
    CHECK_FALSE(f.idle[1]);  // it finds out by itself
    f.note({{1, 0, 1}});
    f.roster.end_removed();
    CHECK_EQ(f.idle[1], !keeps);
    CHECK_FALSE(f.idle[0]);
  }
}

TEST_CASE("a list of an earlier time moves nobody, but whoever nobody lists otherwise answers where it says, too") {
  RosterFixture f;
  f.note({{1, 0}, {2, 1}});
  const std::uint64_t asked_at = f.roster.moment();
  f.note({{1, 0}, {2, 1, 1}});
  f.roster.note(list_of({{1, 0}, {2, 1}}), ListKind::linearizable, asked_at);
  CHECK_EQ(f.roster.places(1), Places{1});
  f.note({{1, 0}, {2, 1, 1}}, ListKind::stale);
  CHECK_EQ(f.restarted.size(), 1);
  f.note({{1, 0}, {2, 1}}, ListKind::stale);
  CHECK_EQ(f.roster.places(1), Places{1, 0});
  CHECK_EQ(f.restarted.size(), 2);
}

TEST_CASE("who joins begins where it is listed") {
  RosterFixture f;
  f.note({{1, 0}, {2, 1}, {3, 2, 4}});
  CHECK_EQ(f.roster.places(2), Places{4});
  CHECK_EQ(f.roster.group_to_join(2)->back().peer_urls, std::vector<std::string>{peer_url(2, 4)});
  f.note({{1, 0}, {2, 1}, {3, 2, 5}});  // it has not joined yet, and does so from its new place
  CHECK_EQ(f.roster.places(2), Places{5});
  CHECK_EQ(f.roster.group_to_join(2)->back().peer_urls, std::vector<std::string>{peer_url(2, 5)});
  CHECK_EQ(f.started.size(), 1);
  CHECK_EQ(machine_of(list_of({{3, 2, 5}}).members(0), 3), 2U);
  CHECK_FALSE(machine_of(list_of({{3, 2, kPlaces}}).members(0), 3));
}

}  // namespace sim::etcd

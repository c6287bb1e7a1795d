// Whatever comes and goes, and whoever crashes meanwhile: nothing acknowledged is lost, and in the end everybody agrees on who is there.
#include <doctest/doctest.h>

#include <map>
#include <optional>
#include <string>

#include "core/base/hash.h"
#include "core/etcd/test_changing.h"

namespace etcd {

using namespace etcd::testing;
using io::sim::CrashKind;

namespace {

// One story, decided by its seed.
class Story {
 public:
  explicit Story(std::uint64_t seed) : cluster_(3, seed), state_(seed) { cluster_.begin(); }

  void go(int steps) {
    for (int step = 0; step < steps; ++step) {
      CAPTURE(step);
      act();
      cluster_.sim.run_for(std::chrono::milliseconds(100 + draw(7'000)));
      if (const std::optional<std::size_t> at = somebody()) {
        const std::string key = "k" + std::to_string(step);
        if (cluster_.put(*at, key, "v").ok()) acknowledged_.push_back(key);
      }
    }
  }

  void end() {
    for (int i = 0; i < 10 && !is_settled(); ++i) {
      revive();
      cluster_.sim.run_for(5s);
    }
    REQUIRE(is_settled());
    const std::size_t at = *somebody();
    const std::size_t count = cluster_.count(at);
    for (std::size_t i = 0; i < cluster_.members.size(); ++i) {
      if (!serves(i)) continue;
      CHECK_EQ(static_cast<std::size_t>(cluster_.list(i, false).members_size()), count);
      for (const std::string& key : acknowledged_) CHECK_EQ(cluster_.get(i, key), "v");
    }
    done["put"] = static_cast<int>(acknowledged_.size());
  }

  std::map<std::string, int> done;  // how often

 private:
  std::uint64_t draw(std::uint64_t below) {
    state_ = base::mix64(state_, 0x9e3779b97f4a7c15U);
    return state_ % below;
  }
  bool serves(std::size_t i) {
    const TestMember& member = cluster_[i];
    return member.server != nullptr && member.node.is_up() && member.ready && !member.failure && !cluster_.status(i).islearner();
  }
  std::optional<std::size_t> somebody() {
    const std::size_t first = draw(cluster_.members.size());
    for (std::size_t i = 0; i < cluster_.members.size(); ++i) {
      const std::size_t one = (first + i) % cluster_.members.size();
      if (serves(one)) return one;
    }
    return std::nullopt;
  }
  void note(const std::string& what, bool is_ok) { done[what] += is_ok ? 1 : 0; }

  void act() {
    const std::optional<std::size_t> at = somebody();
    if (!at) return revive();
    const etcdserverpb::MemberListResponse list = cluster_.list(*at, false);
    const etcdserverpb::Member& member = list.members(static_cast<int>(draw(static_cast<std::uint64_t>(list.members_size()))));
    switch (draw(8)) {
      case 0:
      case 1:
      case 2: {
        const bool is_learner = draw(2) == 0;
        const std::string name = "n" + std::to_string(++names_);
        const bool is_ok = list.members_size() < 6 && cluster_.add(*at, name, is_learner).ok();
        note(is_learner ? "learner" : "voter", is_ok);
        if (is_ok && serves(*at)) cluster_.prepare(*at, name).start();
        return;
      }
      case 3: return note("remove", list.members_size() > 2 && cluster_.remove(*at, member.id()).ok());
      case 4:
        for (const etcdserverpb::Member& one : list.members()) {
          if (one.islearner()) note("promote", cluster_.promote(*at, one.id()).ok());
        }
        return;
      case 5: {
        note("crash", true);
        return cluster_[*at].crash(draw(2) == 0 ? CrashKind::power_loss : CrashKind::process_kill);
      }
      default: return revive();
    }
  }
  // Who is down and was not removed; who could not join tries again with the list of now.
  void revive() {
    for (std::size_t i = 0; i < cluster_.members.size(); ++i) {
      TestMember& member = cluster_[i];
      if (member.failure && member.failure->detail == kRemoved) continue;
      if (member.failure) {
        if (const std::optional<std::size_t> at = somebody()) cluster_.name_cluster(*at, member.config);
        member.crash(CrashKind::process_kill);
      }
      if (!member.node.is_up()) member.restart();
    }
  }
  // Whoever runs is listed, and whoever is listed runs, but for those that never came to be started.
  bool is_settled() {
    const std::optional<std::size_t> at = somebody();
    if (!at || !cluster_.put(*at, "settled", "yes").ok()) return false;
    const etcdserverpb::MemberListResponse list = cluster_.list(*at);
    for (const std::unique_ptr<TestMember>& member : cluster_.members) {
      const bool is_removed = member->failure && member->failure->detail == kRemoved;
      const std::string url = "http://" + member->config.name + ":2380";
      bool is_listed = false;
      for (const etcdserverpb::Member& one : list.members()) is_listed = is_listed || one.peerurls(0) == url;
      if (is_listed ? !member->ready || member->failure || !member->node.is_up() : !is_removed && !(member->failure && !member->ready)) return false;
    }
    return true;
  }

  Changing cluster_;
  std::uint64_t state_;
  int names_ = 0;
  std::vector<std::string> acknowledged_;
};

}  // namespace

TEST_CASE("members come and go while others crash, and nothing acknowledged is lost") {
  std::map<std::string, int> done;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    Story story(seed);
    story.go(14);
    story.end();
    for (const auto& [what, count] : story.done) done[what] += count;
  }
  for (const auto& [what, count] : done) MESSAGE(what << ": " << count);
  for (const char* const what : {"put", "voter", "learner", "remove", "promote", "crash"}) {
    CAPTURE(std::string(what));
    CHECK(done[what] > 5);
  }
}

// The story with seed 45, alone.
TEST_CASE("who comes back finds its leader among those that came meanwhile") {
  Changing cluster(3);
  for (std::size_t i = 0; i < 3; ++i) cluster[i].config.strict_reconfig_check = false;  // one of three is down
  cluster.begin();
  const std::size_t away = cluster.follower();
  const std::size_t other = cluster.leader();
  cluster[away].crash(CrashKind::power_loss);
  REQUIRE(cluster.add(other, "m4", true).ok());
  TestMember& fresh = cluster.prepare(other, "m4");
  cluster.start(fresh);
  REQUIRE(cluster.promote(other, cluster.id(3)).ok());
  etcdserverpb::MoveLeaderRequest move;
  move.set_targetid(cluster.id(3));
  REQUIRE(cluster.call<etcdserverpb::MoveLeaderResponse>(other, "/etcdserverpb.Maintenance/MoveLeader", move).ok());
  REQUIRE(cluster.put(other, "k", "v").ok());
  cluster[away].restart();
  REQUIRE(cluster.sim.run_until([&] { return cluster[away].ready; }, 20s));
  CHECK_EQ(cluster.leader(), 3);
  CHECK_EQ(cluster.get(away, "k"), "v");
}

}  // namespace etcd

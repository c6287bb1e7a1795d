#include "sim/links.h"

#include <doctest/doctest.h>

#include <string>

namespace sim {

namespace {

Action partition(Shape shape, std::uint32_t member, std::vector<std::uint32_t> others, base::Duration lasting = std::chrono::seconds(1)) {
  Action action;
  action.kind = ActionKind::partition;
  action.shape = shape;
  action.member = member;
  action.others = std::move(others);
  action.lasting = lasting;
  return action;
}

// A row for each sender: `.` a message arrives, `x` it does not.
std::string picture(const Action& action, std::uint32_t members) {
  std::string rows;
  for (std::uint32_t from = 0; from < members; ++from) rows += std::string(members, '.') + " ";
  for (const auto& direction : cut_by(action, members)) rows[direction.first * (members + 1) + direction.second] = 'x';
  return rows;
}

struct LinkedWorld {
  explicit LinkedWorld(std::uint32_t members) {
    for (std::uint32_t i = 0; i < members; ++i) {
      nodes.push_back(&sim.add_node(member_name(i)));
      links.add_member(*nodes.back());
    }
    client = &sim.add_node("c0");
    links.add_client(*client);
    links.start();
  }
  bool is_cut(std::uint32_t from, std::uint32_t to) { return sim.network().is_cut(nodes[from]->host(), nodes[to]->host()); }

  Faults faults = *faults_of({{"peer.corrupt", 7}});
  io::sim::Simulation sim{1};
  Links links{sim, faults};
  std::vector<io::sim::Node*> nodes;
  io::sim::Node* client = nullptr;
};

}  // namespace

TEST_CASE("each shape of a partition cuts its links and no others") {
  CHECK_EQ(picture(partition(Shape::halves, 0, {2}), 4), ".x.x x.x. .x.x x.x. ");
  CHECK_EQ(picture(partition(Shape::halves, 3, {}), 4), "...x ...x ...x xxx. ");
  CHECK_EQ(picture(partition(Shape::outgoing, 1, {0, 2}), 3), "... x.x ... ");
  CHECK_EQ(picture(partition(Shape::incoming, 1, {0, 2}), 3), ".x. ... .x. ");
  CHECK_EQ(picture(partition(Shape::bridge, 2, {0, 1}), 5), "...xx ...xx ..... xx... xx... ");
  CHECK_EQ(picture(partition(Shape::pairs, 0, {1}), 3), ".x. x.. ... ");
}

TEST_CASE("a cut that is meant for the leader exchanges it with the member that stood for it") {
  Action action = partition(Shape::outgoing, 0, {1, 3});
  action.kind = ActionKind::cut_leader;
  CHECK_EQ(picture(aimed_at(0, action), 4), ".x.x .... .... .... ");
  CHECK_EQ(picture(aimed_at(2, action), 4), ".... .... .x.x .... ");
  CHECK_EQ(picture(aimed_at(3, action), 4), ".... .... .... xx.. ");
  CHECK_EQ(aimed_at(3, action).others, std::vector<std::uint32_t>{0, 1});
}

TEST_CASE("a link that two actions cut is whole when both have ended") {
  LinkedWorld world(3);
  world.links.begin(partition(Shape::pairs, 0, {1, 2}, std::chrono::seconds(1)));
  world.links.begin(partition(Shape::outgoing, 1, {0}, std::chrono::seconds(2)));
  world.sim.run_for(std::chrono::milliseconds(1500));
  CHECK_FALSE(world.is_cut(0, 1));
  CHECK(world.is_cut(1, 0));
  world.sim.run_for(std::chrono::seconds(1));
  CHECK_FALSE(world.is_cut(1, 0));
}

TEST_CASE("a slow link has its own latency again when the last slowness has ended") {
  LinkedWorld world(2);
  Action action = partition(Shape::pairs, 0, {1});
  action.kind = ActionKind::slow_links;
  action.delay = std::chrono::milliseconds(50);
  action.bytes_per_second = 1000;
  const auto link = [&]() -> io::sim::LinkFaults& { return world.sim.network().faults(world.nodes[0]->host(), world.nodes[1]->host()); };
  const auto latency = [&] { return link().latency.first; };
  const base::Duration before = latency();
  world.links.begin(action);
  CHECK_EQ(latency(), action.delay);
  CHECK_EQ(link().bytes_per_second, 1000U);
  world.sim.run_for(std::chrono::milliseconds(500));
  world.links.begin(action);
  world.sim.run_for(std::chrono::milliseconds(700));
  CHECK_EQ(latency(), action.delay);
  world.sim.run_for(std::chrono::seconds(1));
  CHECK_EQ(latency(), before);
  CHECK_EQ(link().bytes_per_second, 0U);
}

TEST_CASE("bytes change between members only, and no longer than faults last") {
  LinkedWorld world(2);
  const auto chance = [&](io::sim::Node& from, io::sim::Node& to) { return world.sim.network().faults(from.host(), to.host()).corrupt_per_million; };
  CHECK_EQ(chance(*world.nodes[0], *world.nodes[1]), 7U);
  CHECK_EQ(chance(*world.nodes[1], *world.nodes[0]), 7U);
  CHECK_EQ(chance(*world.client, *world.nodes[0]), 0U);
  CHECK_EQ(chance(*world.nodes[0], *world.client), 0U);
  world.links.heal();
  CHECK_EQ(chance(*world.nodes[0], *world.nodes[1]), 0U);
}

TEST_CASE("who is cut off when the faults have ended stays so, whatever ends later") {
  LinkedWorld world(3);
  world.links.begin(partition(Shape::halves, 0, {}, std::chrono::seconds(5)));
  world.sim.run_for(std::chrono::seconds(1));
  world.links.heal();
  CHECK_FALSE(world.is_cut(0, 1));
  world.links.cut_off(0, false);
  world.links.cut_off(2, true);
  world.sim.run_for(std::chrono::seconds(10));
  CHECK(world.is_cut(0, 1));
  CHECK(world.is_cut(1, 0));
  CHECK_FALSE(world.sim.network().is_cut(world.client->host(), world.nodes[0]->host()));
  CHECK(world.sim.network().is_cut(world.client->host(), world.nodes[2]->host()));
}

}  // namespace sim

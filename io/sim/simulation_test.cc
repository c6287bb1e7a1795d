#include "io/sim/simulation.h"

#include <chrono>

#include "core/base/mark.h"
#include "io/sim/test_programs.h"
#include "property_tests/property.h"

namespace io::sim {

using namespace std::chrono_literals;
using testing::TestHook;
using testing::TestJob;
using testing::TestPeer;
using testing::TestServer;
using testing::TestTimer;
using testing::Waiter;

TEST_CASE("timers fire in order of time, then of arming, each on a turn of its own") {
  Simulation sim(1);
  Node& node = sim.add_node("m1");
  Clock& clock = dynamic_cast<Clock&>(node.world().clock);
  std::string fired;
  TestTimer a([&] { fired += 'a'; }), b([&] { fired += 'b'; }), c([&] { fired += 'c'; }), never([&] { fired += '!'; });
  const base::Instant start = clock.now();
  clock.arm(a, start + 20ms);
  clock.arm(b, start + 10ms);
  clock.arm(c, start + 20ms);
  clock.arm(never, start + 15ms);
  clock.disarm(never);
  CHECK(sim.run_until([&] { return fired.size() == 3; }, 1s));
  CHECK_EQ(fired, "bac");
  CHECK_EQ(sim.turns().count(), 3);
  CHECK(clock.now() >= start + 20ms);
  clock.arm(a, start);  // in the past: the next turn
  CHECK(sim.run_until([&] { return fired.size() == 4; }, 1ms));
}

TEST_CASE("a member's marks are counted over its incarnations, and change nothing") {
  const auto digest_of = [](bool marks, std::uint64_t times) {
    Simulation sim(1);
    Node& node = sim.add_node("m1");
    int fired = 0;
    TestTimer timer([&] {
      ++fired;
      base::Marks some;
      some.add(base::Mark::election_lost);
      some.add(base::Mark::log_tail_torn);
      if (marks) node.world().observer.reached(base::Mark::log_tail_torn);
      if (marks) node.world().observer.reached(some);
    });
    node.world().clock.arm(timer, base::Instant(10ms));
    CHECK(sim.run_until([&] { return fired == 1; }, 1s));
    const io::World dead = node.world();
    static_cast<void>(node.crash(CrashKind::process_kill));
    if (marks) dead.observer.reached(base::Mark::election_split);
    node.restart();
    node.world().clock.arm(timer, node.world().clock.now() + 10ms);
    CHECK(sim.run_until([&] { return fired == 2; }, 1s));
    node.world().clock.disarm(timer);
    const base::MarkCounts& counts = node.observation().marks;
    CHECK_EQ(counts[base::Mark::log_tail_torn], 2 * times);
    CHECK_EQ(counts[base::Mark::election_lost], times);
    CHECK_EQ(counts[base::Mark::election_split], 0);
    return sim.digest();
  };
  CHECK_EQ(digest_of(true, 2), digest_of(false, 0));
}

TEST_CASE("time stands still in a turn, and a paused node keeps its clock and its events") {
  Simulation sim(1);
  Node& node = sim.add_node("m1");
  std::vector<base::Instant> seen;
  TestTimer timer([&] {
    seen.push_back(node.world().clock.now());
    seen.push_back(node.world().clock.now());
  });
  node.world().clock.arm(timer, base::Instant(10ms));
  node.pause(3s);
  CHECK_FALSE(sim.run_until([&] { return !seen.empty(); }, 2s));
  CHECK(sim.run_until([&] { return !seen.empty(); }, 2s));
  CHECK_EQ(seen[0].since_start().count(), (base::Duration(3s)).count());
  CHECK(seen[0] == seen[1]);
  CHECK_EQ(sim.counters()[FaultKind::pause], 1);
}

TEST_CASE("a drifting clock fires late or early in true time") {
  struct Case { const char* name; std::int32_t ppm; base::Duration true_time; };
  const Case cases[] = {{"exact", 0, 1000ms}, {"fast", 250'000, 800ms}, {"slow", -500'000, 2000ms}};
  for (const Case& c : cases) {
    CAPTURE(c.name);
    Simulation sim(1);
    Node& node = sim.add_node("m1");
    bool fired = false;
    TestTimer timer([&] { fired = true; });
    node.world().clock.arm(timer, base::Instant(1000ms));
    node.set_drift(c.ppm);
    CHECK(sim.run_until([&] { return fired; }, 10s));
    CHECK_EQ(sim.now().since_start().count(), c.true_time.count());
    const std::int64_t wall = node.world().clock.wall_now().nanoseconds;
    node.jump_wall_clock(-1h);
    CHECK_EQ(node.world().clock.wall_now().nanoseconds, wall - base::Duration(1h).count());
  }
}

TEST_CASE("hooks run at the end of their turn, later ones on turns of their own, forgotten ones never") {
  Simulation sim(1);
  Node& node = sim.add_node("m1");
  io::Loop& loop = node.world().loop;
  std::string order;
  std::vector<std::uint64_t> turns;
  TestHook inner([&] { order += 'i'; }), gone([&] { order += '!'; });
  TestHook outer([&] {
    order += 'o';
    loop.at_end_of_turn(inner);
  });
  TestHook later([&] {
    order += 'l';
    turns.push_back(sim.turns().count());
  });
  TestHook later2([&] {
    order += 'm';
    turns.push_back(sim.turns().count());
  });
  TestTimer timer([&] {
    loop.at_end_of_turn(gone);
    loop.at_end_of_turn(outer);
    loop.at_end_of_turn(outer);
    loop.on_next_turn(later);
    loop.on_next_turn(later2);
    loop.forget(gone);
    order += 't';
  });
  node.world().clock.arm(timer, base::Instant(1ms));
  CHECK(sim.run_until([&] { return turns.size() == 2; }, 1s));
  CHECK_EQ(order, "toilm");
  CHECK(turns[0] + 1 == turns[1]);
  loop.at_end_of_turn(inner);  // asked for between turns
  CHECK(sim.run_until([&] { return order == "toilmi"; }, 1s));
}

TEST_CASE("jobs of a queue keep their order, and their disk calls take time") {
  Simulation sim(1);
  Node& node = sim.add_node("m1");
  const auto queue = node.world().workers.open_queue("store");
  std::string order;
  std::unique_ptr<io::PageFile> file;
  TestJob first([&] {
    order += '1';
    file = std::move(*node.world().disk.open_page_file("db", Open::create));
    for (int i = 0; i < 10; ++i) CHECK(file->write(static_cast<std::uint64_t>(i) * 8192, base::as_bytes(std::string(8192, 'x'))));
    CHECK(file->sync());
  });
  TestJob second([&] {
    order += '2';
    std::string page(8192, '\0');
    CHECK_EQ(*file->read(9 * 8192, base::as_writable_bytes(page)), 8192);
    CHECK_EQ(page, std::string(8192, 'x'));
    CHECK_EQ(*file->read(10 * 8192 - 5, base::as_writable_bytes(page)), 5);
  });
  queue->submit(first);
  queue->submit(second);
  CHECK(sim.run_until([&] { return first.runs == 1; }, 1s));
  CHECK_EQ(first.finishes, 0);
  CHECK_EQ(node.running_jobs(), std::vector<std::string>{"store"});
  CHECK(sim.run_until([&] { return second.finishes == 1; }, 1s));
  CHECK_EQ(order, "12");
  CHECK_EQ(first.finishes, 1);
  CHECK(sim.now().since_start() > 150us);  // ten writes and a sync
  CHECK(node.running_jobs().empty());
}

TEST_CASE("a log file completes in order, on later turns, and a sync makes durable") {
  Simulation sim(7);
  Node& node = sim.add_node("m1");
  io::Disk& disk = node.world().disk;
  CHECK_EQ(disk.open_log_file("wal/0").error().code, base::Code::not_found);
  CHECK(disk.create_directory("wal"));
  {
    const auto fill = std::move(*disk.open_page_file("wal/0", Open::create));
    CHECK(fill->truncate(4096));
    CHECK(fill->sync());
  }
  CHECK_FALSE(node.durable_bytes("wal/0", 0, 1).has_value());  // its name is not durable
  CHECK(disk.sync_directory("wal"));
  CHECK(disk.sync_directory(""));
  sim.run_for(10ms);
  CHECK_EQ(node.durable_bytes("wal/0", 4090, 100), std::string(6, '\0'));

  auto log = std::move(*disk.open_log_file("wal/0"));
  Waiter write, sync;
  const std::string text = "hello";
  log->write(100, base::as_bytes(text), write);
  log->sync(sync);
  CHECK_FALSE(write.done());
  CHECK(sim.run_until([&] { return write.done(); }, 1s));
  CHECK_FALSE(sync.done());
  CHECK_EQ(node.durable_bytes("wal/0", 100, 5), std::string(5, '\0'));
  CHECK(sim.run_until([&] { return sync.done(); }, 1s));
  CHECK(sync.ok());
  CHECK_EQ(node.durable_bytes("wal/0", 100, 5), "hello");
}

TEST_CASE("streams carry bytes both ways, with half-close, and refuse when nobody listens") {
  Simulation sim(3);
  Node& server_node = sim.add_node("m1");
  Node& client_node = sim.add_node("c1");
  TestServer server;
  server.listener = std::move(*server_node.world().network.listen({"", 2379}, server));
  CHECK_EQ(to_text(server.listener->address()), ":2379");
  CHECK_EQ(server_node.world().network.listen({"", 2379}, server).error().code, base::Code::io);
  CHECK_EQ(server_node.world().network.listen({"elsewhere", 1}, server).error().code, base::Code::invalid);

  TestPeer client;
  client.stream = client_node.world().network.connect({"m1", 2379}, client);
  CHECK_EQ(client.stream->write(base::as_bytes("x")), 0);
  CHECK(sim.run_until([&] { return client.is_connected && !server.peers.empty(); }, 1s));
  client.send("ping");
  CHECK(sim.run_until([&] { return server.peers[0]->received == "ping"; }, 1s));
  client.stream->finish();
  server.peers[0]->send("pong");
  CHECK(sim.run_until([&] { return client.received == "pong" && server.peers[0]->finished; }, 1s));
  server.peers[0]->stream.reset();
  CHECK(sim.run_until([&] { return client.finished; }, 1s));
  CHECK_FALSE(client.closed.has_value());

  TestPeer refused, unknown;
  refused.stream = client_node.world().network.connect({"m1", 1}, refused);
  unknown.stream = client_node.world().network.connect({"nobody", 1}, unknown);
  CHECK(sim.run_until([&] { return refused.closed && unknown.closed; }, 1s));
  CHECK_EQ(refused.closed->detail, "connection refused");
  CHECK_EQ(sim.counters()[FaultKind::connect_refused], 1);
}

TEST_CASE("two runs of one seed have one digest, and another seed has another") {
  const auto run = [](std::uint64_t seed) {
    Simulation sim(seed);
    Node& server_node = sim.add_node("m1");
    Node& client_node = sim.add_node("c1");
    TestServer server;
    server.listener = std::move(*server_node.world().network.listen({"", 1}, server));
    TestPeer client;
    client.stream = client_node.world().network.connect({"m1", 1}, client);
    sim.turns().keep(true);
    for (int i = 0; i < 20; ++i) {
      client.send(std::string(100, static_cast<char>('a' + i)));
      sim.run_for(100us);
    }
    sim.run_for(1s);
    CHECK_EQ(server.peers[0]->received.size(), 2000);
    return sim.turns().kept();
  };
  const auto one = run(5), again = run(5), other = run(6);
  CHECK_EQ(one.back().digest, again.back().digest);
  CHECK_FALSE(first_difference(one, again).has_value());
  CHECK(first_difference(one, other).has_value());
}

TEST_CASE("a program starts in a turn, dies with its I/O dead, and starts again") {
  struct Counted final : Program {
    explicit Counted(Node& node, int& alive) : alive_(alive), queue_(node.world().workers.open_queue("q")) { ++alive_; }
    ~Counted() override { --alive_; }
    int& alive_;
    std::unique_ptr<io::WorkQueue> queue_;
  };
  struct Factory final : ProgramFactory {
    std::unique_ptr<Program> start(Node& node) override {
      ++starts;
      return std::make_unique<Counted>(node, alive);
    }
    int starts = 0, alive = 0;
  };
  Factory factory;
  Simulation sim(1);
  Node& node = sim.add_node("m1");
  node.run(factory);
  CHECK_EQ(factory.starts, 0);
  sim.run_for(1ms);
  CHECK_EQ(factory.alive, 1);
  node.crash(CrashKind::power_loss);
  CHECK_EQ(factory.alive, 0);
  CHECK_FALSE(node.is_up());
  node.restart();
  sim.run_for(1ms);
  CHECK_EQ(factory.starts, 2);
  CHECK_EQ(node.incarnation(), 2);
  node.shut_down();
  CHECK_EQ(factory.alive, 0);
}

}  // namespace io::sim

#include "io/sim/decisions.h"

#include <chrono>
#include <map>
#include <set>

#include "io/sim/simulation.h"
#include "io/sim/test_programs.h"
#include "property_tests/property.h"

namespace io::sim {

using namespace std::chrono_literals;

TEST_CASE("a decision depends on the seed and on every part of its name, and on nothing else") {
  Decisions one(1);
  const std::uint64_t value = one.draw("net.latency", {1, 2, 3});
  CHECK_EQ(one.draw("net.latency", {1, 2, 3}), value);
  CHECK_EQ(Decisions(1).draw("net.latency", {1, 2, 3}), value);
  std::set<std::uint64_t> seen{value};
  for (std::uint64_t seed = 2; seed < 100; ++seed) CHECK(seen.insert(Decisions(seed).draw("net.latency", {1, 2, 3})).second);
  for (std::uint64_t part = 4; part < 100; ++part) {
    CHECK(seen.insert(one.draw("net.latency", {1, 2, part})).second);
    CHECK(seen.insert(one.draw("net.latency", {1, part, 3})).second);
  }
  CHECK(seen.insert(one.draw("net.latency", {1, 2})).second);
  CHECK(seen.insert(one.draw("net.reset", {1, 2, 3})).second);
}

TEST_CASE("values are the same on every machine and compiler") {
  CHECK_EQ(Decisions(42).draw("net.latency", {1, 2, 3}), 11581411211982700866U);
  CHECK_EQ(key("m1"), base::hash64("m1"));
}

PROPERTY("ranges and rates are kept") {
  property_tests::property("ranges", [](std::uint64_t seed, std::uint64_t part) {
    Decisions decisions(seed);
    RC_ASSERT(decisions.below("x", {part}, 7) < 7);
    const base::Duration between = decisions.between("y", {part}, 3us, 5us);
    RC_ASSERT(between >= 3us && between < 5us);
    RC_ASSERT(decisions.between("y", {part}, 3us, 3us) == 3us);
    RC_ASSERT(!decisions.happens("z", {part}, 0));
    RC_ASSERT(decisions.happens("z", {part}, 1'000'000));
  });
  Decisions decisions(1);
  int count = 0;
  for (std::uint64_t i = 0; i < 100'000; ++i) count += decisions.happens("z", {i}, 250'000) ? 1 : 0;
  CHECK(count > 24'000);
  CHECK(count < 26'000);
}

TEST_CASE("what happened by chance happens again by its name, with no rate at all") {
  Decisions decisions(1);
  decisions.keep_hits(true);
  std::set<std::uint64_t> happened;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    if (decisions.happens("z", {i}, 50'000)) happened.insert(i);
  }
  REQUIRE(happened.size() > 10);
  CHECK_EQ(decisions.hits().size(), happened.size());
  Decisions again(2);
  for (const std::uint64_t hit : decisions.hits()) again.pin(hit, 0);
  again.pin(Decisions::name("z", {1001}), 1);
  for (std::uint64_t i = 0; i < 1002; ++i) CHECK_EQ(again.happens("z", {i}, 0), happened.count(i) > 0);
}

TEST_CASE("a pinned decision has its value, and the others theirs") {
  Decisions decisions(1);
  const std::uint64_t other = decisions.draw("x", {2});
  decisions.pin(Decisions::name("x", {1}), 77);
  CHECK_EQ(decisions.draw("x", {1}), 77);
  CHECK_EQ(decisions.draw("x", {2}), other);
  decisions.record(true);
  CHECK_EQ(decisions.draw("x", {1}), 77);
  REQUIRE_EQ(decisions.records().size(), 1);
  CHECK_EQ(to_text(decisions.records()[0]), "x(1) = 77");
}

namespace {

// Two clients talk to a server that logs what it hears; the second one may leave one message out.
std::vector<Decisions::Record> decisions_of_a_run(bool leave_one_out) {
  Simulation sim(9);
  sim.decisions().record(true);
  Node& server_node = sim.add_node("m1");
  Node& first_node = sim.add_node("c1");
  Node& second_node = sim.add_node("c2");
  {
    const auto file = std::move(*server_node.world().disk.open_page_file("log", Open::create));
    CHECK(file->truncate(1U << 20U));
  }
  auto log = std::move(*server_node.world().disk.open_log_file("log"));
  testing::TestServer server;
  server.listener = std::move(*server_node.world().network.listen({"", 1}, server));
  testing::TestPeer first, second;
  first.stream = first_node.world().network.connect({"m1", 1}, first);
  second.stream = second_node.world().network.connect({"m1", 1}, second);
  std::vector<std::unique_ptr<testing::Waiter>> waiters;
  for (int i = 0; i < 200; ++i) {
    sim.run_for(5ms);
    first.send("from the first");
    if (i != 50 || !leave_one_out) second.send("from the second");
    waiters.push_back(std::make_unique<testing::Waiter>());
    log->write(static_cast<std::uint64_t>(i) * 100, base::as_bytes("entry"), *waiters.back());
  }
  sim.run_for(1s);
  return sim.decisions().records();
}

}  // namespace

TEST_CASE("taking one message out of a run leaves the other decisions as they were") {
  std::map<std::uint64_t, std::uint64_t> whole;
  for (const auto& record : decisions_of_a_run(false)) whole[record.name] = record.value;
  const auto partial = decisions_of_a_run(true);
  std::size_t common = 0;
  for (const auto& record : partial) {
    const auto found = whole.find(record.name);
    if (found == whole.end()) continue;
    ++common;
    CHECK_EQ(found->second, record.value);
  }
  CHECK(common * 100 >= partial.size() * 99);  // nearly every name occurs in both
  CHECK(partial.size() < whole.size());
}

}  // namespace io::sim

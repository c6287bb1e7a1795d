// Snapshots between two transports: what arrives, and at whose pace.
#include <algorithm>

#include "core/peer/test_snapshot_group.h"

namespace peer::testing {

using io::sim::CrashKind;

// --- what arrives -----------------------------------------------------------------------------------------

TEST_CASE("a snapshot arrives piece by piece and byte for byte") {
  SnapshotGroup group;
  std::vector<TestSource::Plan> plans;
  for (const std::size_t size : {0U, 1U, 65'535U, 65'536U, 65'537U, 7'654'321U}) plans.push_back({sample_state(size)});
  for (const std::size_t piece_bytes : {1U, 1000U, 65'536U, 65'537U, 3'000'000U}) {
    TestSource::Plan plan{sample_state(piece_bytes * 3 + piece_bytes / 2)};
    plan.piece_bytes = piece_bytes;
    plans.push_back(plan);
    plan.ends_with_nothing = true;
    plans.push_back(plan);
  }
  for (const TestSource::Plan& plan : plans) {
    CAPTURE(plan.state.size());
    const auto source = group.give(1, 2, plan);
    CHECK(group.outcome(1).has_value());
    CHECK_FALSE(source->is_alive);
    CHECK_EQ(source->bytes, plan.state.size());
    const SinkLog& sink = group.sink(2);
    CHECK(sink.is_whole);
    CHECK_FALSE(sink.is_alive);
    CHECK(sink.pieces == source->pieces);
    CHECK_EQ(sink.bytes, plan.state.size());
    CHECK_EQ(group.recorder(2).offers.back().text, full_text(sample_snapshot()));
    CHECK_EQ(group.recorder(2).offers.back().from, base::MemberId(1));
  }
  CHECK_EQ(group.recorder(2).offers.size(), plans.size());
  CHECK(group.recorder(2).heard.empty());
  group.sim.run_for(60s);
  CHECK_EQ(group.programs.at(2)->server->connection_count(), 2);  // a snapshot's connection does not stay
  CHECK(group.recorder(1).overs.empty());
}

TEST_CASE("two members get a snapshot at once, and give one to each other meanwhile") {
  SnapshotGroup group(3);
  const std::pair<std::uint64_t, std::uint64_t> ways[] = {{1, 2}, {1, 3}, {3, 2}, {2, 3}};
  for (const auto& way : ways) group.give(way.first, way.second, 2'000'000);
  REQUIRE(group.until([&] {
    return group.recorder(1).overs.size() == 2 && group.recorder(2).overs.size() == 1 && group.recorder(3).overs.size() == 1;
  }));
  for (std::uint64_t id = 1; id <= 3; ++id) {
    for (const Recorder::Over& over : group.recorder(id).overs) CHECK(over.status.has_value());
  }
  for (std::uint64_t id = 2; id <= 3; ++id) {
    REQUIRE_EQ(group.sinks.at(id).size(), 2);
    for (const auto& sink : group.sinks.at(id)) {
      CHECK(sink->is_whole);
      std::string all;
      for (const std::string& piece : sink->pieces) all += piece;
      CHECK(all == sample_state(2'000'000));
    }
  }
}

TEST_CASE("the addresses are tried in turn, and the last one's fate counts") {
  SnapshotGroup group;
  const base::MemberId second(2);
  const Identity identity{kCluster, base::MemberId(1)};
  group.members[second] = {{"nowhere", kPort}, {"m2", 1}, {"m1", kPort}, {"m2", kPort}};
  group.transport(1).set_group(identity, group.members);
  group.give(1, 2, 100'000);
  CHECK(group.outcome(1).has_value());
  group.members[second] = {{"m1", kPort}, {"m2", 1}};
  group.transport(1).set_group(identity, group.members);
  group.give(1, 2, 100'000);
  CHECK_EQ(group.outcome(1).error().code, base::Code::unavailable);
  // One that swallows whatever is sent there.
  group.members[second] = {{"m2", kPort}, {"m2", 1}};
  group.transport(1).set_group(identity, group.members);
  group.cut_both(1, 2);
  group.give(1, 2, 100'000);
  CHECK_EQ(group.outcome(1, 15s).error().code, base::Code::unavailable);
  group.sim.heal();
  group.members[second] = {};
  group.transport(1).set_group(identity, group.members);
  const auto source = group.give(1, 2, 100'000);
  CHECK_FALSE(source->is_alive);
  CHECK(group.recorder(1).overs.empty());  // on a later turn
  check_outcome(group.outcome(1), base::Code::unavailable, "no address of the member is known");
  group.give(1, 77, 100'000);
  check_outcome(group.outcome(1), base::Code::unavailable, "no address of the member is known");
  CHECK_EQ(group.sinks.at(2).size(), 1);
}

// --- whose pace -------------------------------------------------------------------------------------------

TEST_CASE("a source is read no further than the window beyond what the sink has taken") {
  for (const std::size_t window : {1U, 100'000U, 1U << 20U}) {
    CAPTURE(window);
    Options options;
    options.snapshot_window_bytes = window;
    SnapshotGroup group(2, options);
    group.accept(2, {.take_time = 100ms});
    const auto source = group.give(1, 2, 3'000'000);
    std::size_t most = 0;
    while (!group.is_over(1)) {
      REQUIRE(group.sim.step(group.sim.now() + 60s));
      const std::size_t taken = group.has_sink(2) ? group.sink(2).bytes : 0;
      most = std::max(most, source->bytes - taken);
    }
    CHECK(group.outcome(1).has_value());
    // The piece that is being taken counts as under way.
    CHECK_LE(most, std::max<std::size_t>(window, 65'536));
    if (window >= 100'000) CHECK_GE(most + 2 * 65'536, window);
  }
}

TEST_CASE("a sink that stands still holds the source still, and that is not silence") {
  SnapshotGroup group;
  group.accept(2, {.take_time = 50s});
  const auto source = group.give(1, 2, 5'000'000);
  group.sim.run_for(45s);
  CHECK_FALSE(group.is_over(1));
  CHECK(group.sink(2).is_alive);
  CHECK_EQ(group.sink(2).pieces.size(), 1);
  CHECK_LE(source->bytes, 1U << 20U);
  CHECK_LE(group.transport(1).unsent_bytes(base::MemberId(2), Lane::snapshots), 1U << 20U);
  const std::size_t reads = source->reads;
  group.sim.run_for(20s);
  CHECK_GT(source->reads, reads);
}

// Its receipts say that it lives; but the source keeps the sender's store from giving back space.
TEST_CASE("a sink that stands still for too long gets nothing more, and the source goes free") {
  SnapshotGroup group;
  group.accept(2, {.take_time = 600s});
  const auto source = group.give(1, 2, 5'000'000);
  group.sim.run_for(59s);
  CHECK_FALSE(group.is_over(1));
  group.sim.run_for(10s);
  REQUIRE(group.is_over(1));
  CHECK_EQ(group.outcome(1).error().code, base::Code::unavailable);
  CHECK_FALSE(source->is_alive);
  group.sim.run_for(1s);
  CHECK_FALSE(group.sink(2).is_alive);
}

TEST_CASE("a member that takes in less at once than the sender has under way holds it back") {
  Options large, small;
  large.snapshot_window_bytes = 8U << 20U;
  small.snapshot_window_bytes = 1000;
  SnapshotGroup group(2, large);
  group.crash(2, CrashKind::process_kill);
  group.node(2).restart();
  group.programs[2] = std::make_unique<Program>(group.node(2), Identity{kCluster, base::MemberId(2)}, group.members, small);
  group.accept(2, {.take_time = 100ms});
  REQUIRE(group.until([&] { return group.all_active(); }));
  const auto source = group.give(1, 2, 20'000'000);
  group.sim.run_for(1s);
  // What is not unsent is in the receiver's memory, within the stream's window, or in the kernel.
  const std::size_t unsent = group.transport(1).unsent_bytes(base::MemberId(2), Lane::snapshots);
  CHECK_LE(source->bytes - group.sink(2).bytes - unsent, rpc::kStreamWindowBytes + (512U << 10U));
  CHECK_GE(unsent, 5U << 20U);
  CHECK(group.outcome(1).has_value());
  CHECK(group.sink(2).pieces == source->pieces);
}

TEST_CASE("a sink that needs a minute for the end is waited for, and the source is not kept so long") {
  SnapshotGroup group;
  group.accept(2, {.end_time = 60s});
  const io::sim::VirtualTime begun = group.sim.now();
  const auto source = group.give(1, 2, 3'000'000);
  REQUIRE(group.until([&] { return group.has_sink(2) && group.sink(2).is_end_asked; }));
  CHECK_FALSE(source->is_alive);
  CHECK(group.outcome(1).has_value());
  CHECK_GE(group.sim.now() - begun, 60s);
  CHECK_LE(group.sim.now() - begun, 61s);
}

TEST_CASE("a turn reads a source once at most") {
  SnapshotGroup group;
  const auto source = group.give(1, 2, 3'000'000);
  std::size_t before = 0;
  while (!group.is_over(1)) {
    REQUIRE(group.sim.step(group.sim.now() + 60s));
    CHECK_LE(source->reads, before + 1);
    before = source->reads;
  }
  CHECK_GE(before, 3'000'000 / 65'536);
}

TEST_CASE("a snapshot on a slow link takes its time, and heartbeats and appends do not wait for it") {
  SnapshotGroup group;
  group.link(1, 2).bytes_per_second = 1'000'000;
  const io::sim::VirtualTime begun = group.sim.now();
  group.give(1, 2, 20'000'000);
  base::Duration worst{};
  std::map<std::uint64_t, io::sim::VirtualTime> sent;
  group.recorder(2).after_message = [&](const raft::Message& message) {
    const auto* const append = std::get_if<raft::Append>(&message);
    const std::uint64_t round = append != nullptr ? append->committed.value() : std::get<raft::Heartbeat>(message).round.value;
    worst = std::max(worst, group.sim.now() - sent.at(round));
  };
  std::uint64_t round = 0;
  while (!group.is_over(1) && round < 1000) {
    sent[++round] = group.sim.now();
    group.send(1, 2, heartbeat(round));
    group.send(1, 2, raft::Append{base::Term(1), entry_id(1, 1), {}, base::LogIndex(round)});
    group.sim.run_for(100ms);
  }
  CHECK(group.outcome(1).has_value());
  CHECK_GE(group.sim.now() - begun, 20s);
  CHECK_LE(group.sim.now() - begun, 22s);
  CHECK_GE(group.recorder(2).heard.size() + 6, 2 * round);
  CHECK_LT(worst, 300ms);
  CHECK(group.recorder(1).lost.empty());
  CHECK(group.all_active());
}

TEST_CASE("a link that is far away is filled") {
  SnapshotGroup group;
  for (io::sim::LinkFaults* const link : {&group.link(1, 2), &group.link(2, 1)}) link->latency = {50ms, 50ms};
  const io::sim::VirtualTime begun = group.sim.now();
  group.give(1, 2, 20'000'000);
  CHECK(group.outcome(1).has_value());
  // A quarter of a mebibyte in a tenth of a second is what the kernel's buffers hold here. Piece after piece it would take 30 seconds.
  CHECK_LE(group.sim.now() - begun, 9s);
}

}  // namespace peer::testing

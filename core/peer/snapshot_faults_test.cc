// Snapshots between two transports: what is left when it goes wrong, or is called off.
#include <algorithm>

#include "core/peer/peer.pb.h"
#include "core/peer/test_snapshot_group.h"

namespace peer::testing {

using io::sim::CrashKind;

TEST_CASE("a connection that breaks anywhere ends the attempt on both sides, and the next one succeeds") {
  std::size_t broken = 0;
  for (int i = 0; i < 60; ++i) {
    CAPTURE(i);
    SnapshotGroup group;
    group.link(1, 2).bytes_per_second = 2'000'000;
    group.accept(2, {.end_time = 200ms});
    const auto source = group.give(1, 2, 1'000'000);
    group.sim.run_for(i < 20 ? i * 100us : (i - 20) * 20ms);
    group.sim.network().reset_connections(group.node(1).host(), group.node(2).host());
    const base::Status status = group.outcome(1, 1s);
    CHECK_FALSE(source->is_alive);
    group.sim.run_for(1s);
    if (group.has_sink(2)) {
      CHECK_FALSE(group.sink(2).is_alive);
      if (source->bytes < 1'000'000) CHECK_FALSE(group.sink(2).is_end_asked);
      if (status) CHECK(group.sink(2).is_whole);
    }
    if (!status) {
      ++broken;
      CHECK_EQ(status.error().code, base::Code::unavailable);
    }
    group.give(1, 2, 1'000'000);
    CHECK(group.outcome(1).has_value());
    CHECK(group.sink(2).is_whole);
  }
  CHECK_GE(broken, 30);
}

TEST_CASE("changed bytes, resets, stalls: what counts as whole is what was sent") {
  std::size_t whole = 0, refused = 0, other = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    SnapshotGroup group(2, {}, seed);
    io::sim::LinkFaults faults;
    faults.corrupt_per_million = seed % 3 != 0 ? 10'000 : 0;
    faults.reset_per_million = seed % 5 == 0 ? 5'000 : 0;
    faults.stall_per_million = seed % 4 == 0 ? 20'000 : 0;
    faults.split_per_million = seed % 2 == 0 ? 300'000 : 0;
    group.sim.network().set_all_faults(faults);
    const auto source = group.give(1, 2, 3'000'000);
    const base::Status status = group.outcome(1, 60s);
    group.sim.network().set_all_faults({});
    group.sim.run_for(30s);
    CHECK_FALSE(source->is_alive);
    const bool is_whole = group.has_sink(2) && group.sink(2).is_whole;
    if (group.has_sink(2)) {
      CHECK_FALSE(group.sink(2).is_alive);
      CHECK(std::equal(group.sink(2).pieces.begin(), group.sink(2).pieces.end(), source->pieces.begin()));
    }
    if (is_whole) CHECK_EQ(group.sink(2).bytes, 3'000'000);
    if (status) CHECK(is_whole);
    if (status) ++whole;
    else ++(status.error().code == base::Code::invalid ? refused : other);
  }
  CHECK_GT(whole, 10);
  CHECK_GT(refused, 5);
  CHECK_GT(other, 0);
}

TEST_CASE("a member without use for a snapshot says so") {
  SnapshotGroup group;
  group.recorder(2).on_offer = nullptr;
  const auto source = group.give(1, 2, 3'000'000);
  check_outcome(group.outcome(1), base::Code::unavailable, "the member has no use for a snapshot now");
  CHECK_FALSE(source->is_alive);
  CHECK_EQ(group.recorder(2).offers.size(), 1);
}

TEST_CASE("a source that fails ends the attempt with its error, and the sink is thrown away") {
  for (const base::Code code : {base::Code::overloaded, base::Code::io, base::Code::damaged}) {
    for (const std::size_t at : {0U, 2'000'000U}) {
      CAPTURE(at);
      SnapshotGroup group;
      TestSource::Plan plan{sample_state(3'000'000)};
      plan.fails_at = at;
      plan.failure = code;
      const auto source = group.give(1, 2, plan);
      check_outcome(group.outcome(1), code, "the source failed");
      CHECK_FALSE(source->is_alive);
      group.sim.run_for(1s);
      CHECK_FALSE(group.sink(2).is_alive);
      CHECK_FALSE(group.sink(2).is_end_asked);
    }
  }
}

TEST_CASE("a sink that fails ends the attempt; what is wrong with the snapshot is told from what is wrong with the disk") {
  const struct {
    base::Code of_sink, heard;
    std::string_view detail;
  } cases[] = {{base::Code::invalid, base::Code::invalid, "the sink failed"},
               {base::Code::damaged, base::Code::invalid, "damaged: the sink failed"},
               {base::Code::io, base::Code::unavailable, "io: the sink failed"},
               {base::Code::no_space, base::Code::unavailable, "no space: the sink failed"}};
  for (const auto& c : cases) {
    for (const bool is_at_end : {false, true}) {
      CAPTURE(c.detail);
      CAPTURE(is_at_end);
      SnapshotGroup group;
      TestSink::Plan plan{.fails_at_end = is_at_end, .failure = c.of_sink};
      if (!is_at_end) plan.fails_at = 1'500'000;
      group.accept(2, plan);
      const auto source = group.give(1, 2, 3'000'000);
      check_outcome(group.outcome(1), c.heard, c.detail);
      CHECK_FALSE(source->is_alive);
      CHECK_FALSE(group.sink(2).is_alive);
      CHECK_EQ(group.sink(2).is_end_asked, is_at_end);
      CHECK_EQ(group.log_count(2, c.detail), 1);
    }
  }
}

TEST_CASE("who falls silent is given up on both sides") {
  const struct {
    std::string_view what;
    bool is_forward, is_backward;
  } cases[] = {{"both ways", true, true}, {"the pieces", true, false}, {"the receipts", false, true}};
  for (const auto& c : cases) {
    for (const bool is_sink_at_work : {false, true}) {
      CAPTURE(c.what);
      CAPTURE(is_sink_at_work);
      SnapshotGroup group;
      group.link(1, 2).bytes_per_second = 1'000'000;
      if (is_sink_at_work) group.accept(2, {.take_time = 600s});
      const auto source = group.give(1, 2, 3'000'000);
      group.sim.run_for(1s);
      REQUIRE(group.sink(2).is_alive);
      if (c.is_forward) group.cut(1, 2);
      if (c.is_backward) group.cut(2, 1);
      // A sink at work waits for nobody: that nobody is there only the server notices.
      CHECK_EQ(group.outcome(1, 16s).error().code, base::Code::unavailable);
      CHECK_FALSE(source->is_alive);
      CHECK(group.until([&] { return !group.sink(2).is_alive; }, 16s));
      CHECK_FALSE(group.sink(2).is_end_asked);
    }
  }
}

TEST_CASE("a server that says what makes no sense, or that it has everything too early, is not believed") {
  // Answers the first message, and each one after it.
  struct Liar final : rpc::StreamHandler, rpc::StreamReceiver {
    rpc::StreamReceiver* open(rpc::StreamCall& with) override {
      call = &with;
      call->send({});  // a receipt of none
      return this;
    }
    void on_message(std::string_view) override {
      if (call == nullptr || ++messages < answers_at) return;
      if (!is_finished_at_once) return call->send(receipt);
      std::exchange(call, nullptr)->finish({});
    }
    void on_half_close() override {}
    void on_room() override {}
    void on_cancelled() override { call = nullptr; }
    rpc::StreamCall* call = nullptr;
    int messages = 0;
    int answers_at = 1;
    bool is_finished_at_once = false;
    std::string receipt;
  };
  const auto receipt = [](std::uint64_t packets, std::uint64_t taken_bytes) {
    ::lockstep::peer::Receipt out;
    out.set_packets(packets);
    out.set_taken_bytes(taken_bytes);
    return out.SerializeAsString();
  };
  const struct {
    int answers_at;
    std::string receipt;
    base::Code code;
    std::string_view why;
  } cases[] = {{1, "?", base::Code::invalid, "taken as whole before its end"},
               {5, "?", base::Code::invalid, "taken as whole before its end"},
               {49, "?", base::Code::invalid, "taken as whole before its end"},  // the end has been said, and nothing been taken
               {1, receipt(1000, 0), base::Code::invalid, "a receipt that makes no sense"},
               {1, receipt(1, 1'000'000), base::Code::invalid, "a receipt that makes no sense"},
               {3, receipt(3, UINT64_MAX), base::Code::invalid, "a receipt that makes no sense"},
               {1, "hello", base::Code::invalid, "a receipt that makes no sense"},
               {1000, {}, base::Code::unavailable, "nothing has been heard of the member"}};
  for (const auto& c : cases) {
    CAPTURE(c.answers_at);
    CAPTURE(c.why);
    Options options;
    options.snapshot_window_bytes = 8U << 20U;
    SnapshotGroup group(2, options);
    group.crash(2, CrashKind::process_kill);
    group.node(2).restart();
    const auto liar = std::make_shared<Liar>();
    liar->answers_at = c.answers_at;
    liar->is_finished_at_once = c.receipt == "?";
    liar->receipt = c.receipt;
    rpc::Server server(group.node(2).world(), {});
    server.add_stream(path_of(Lane::snapshots), std::shared_ptr<rpc::StreamHandler>(liar));
    REQUIRE(server.listen({"", kPort}).has_value());
    TestSource::Plan plan{sample_state(47'000)};
    plan.piece_bytes = 1000;
    const auto source = group.give(1, 2, plan);
    check_outcome(group.outcome(1, 6s), c.code, c.why);
    CHECK_FALSE(source->is_alive);
  }
}

TEST_CASE("a receiver that crashes ends the attempt, and gets another one when it is back") {
  for (const CrashKind kind : {CrashKind::process_kill, CrashKind::power_loss}) {
    for (const bool is_half_open : {false, true}) {
      SnapshotGroup group;
      group.node(2).faults().half_open_per_million = is_half_open ? 1'000'000 : 0;
      group.link(1, 2).bytes_per_second = 2'000'000;
      group.give(1, 2, 3'000'000);
      group.sim.run_for(500ms);
      REQUIRE(group.has_sink(2));
      group.crash(2, kind);
      CHECK_EQ(group.outcome(1, 7s).error().code, base::Code::unavailable);
      group.give(1, 2, 3'000'000);
      CHECK_EQ(group.outcome(1, 7s).error().code, base::Code::unavailable);
      group.restart(2);
      group.accept(2);
      const auto source = group.give(1, 2, 3'000'000);
      CHECK(group.outcome(1).has_value());
      CHECK(group.sink(2).pieces == source->pieces);
    }
  }
}

TEST_CASE("a sender that crashes leaves nothing behind") {
  for (const bool is_half_open : {false, true}) {
    SnapshotGroup group;
    group.node(1).faults().half_open_per_million = is_half_open ? 1'000'000 : 0;
    group.link(1, 2).bytes_per_second = 2'000'000;
    group.give(1, 2, 3'000'000);
    group.sim.run_for(500ms);
    REQUIRE(group.sink(2).is_alive);
    group.crash(1, CrashKind::power_loss);
    CHECK(group.until([&] { return !group.sink(2).is_alive; }, 11s));
    CHECK_FALSE(group.sink(2).is_end_asked);
  }
}

// --- what is called off -----------------------------------------------------------------------------------

TEST_CASE("a snapshot that is cancelled is gone at once, and nothing more is heard of it") {
  for (const base::Duration after : {0ms, 1ms, 500ms, 1600ms}) {
    CAPTURE(after.count());
    SnapshotGroup group;
    group.link(1, 2).bytes_per_second = 2'000'000;
    group.accept(2, {.end_time = 10s});
    const auto source = group.give(1, 2, 3'000'000);
    group.sim.run_for(after);
    CHECK_EQ(source->is_alive, after < 1600ms);
    group.transport(1).cancel_snapshot(base::MemberId(2));
    CHECK_FALSE(source->is_alive);
    group.transport(1).cancel_snapshot(base::MemberId(2));
    group.sim.run_for(1s);
    if (group.has_sink(2)) CHECK_FALSE(group.sink(2).is_alive);
    group.sim.run_for(60s);
    CHECK(group.recorder(1).overs.empty());
    if (group.has_sink(2)) CHECK_FALSE(group.sink(2).is_whole);
    group.accept(2);
    group.give(1, 2, 300'000);
    CHECK(group.outcome(1).has_value());
  }
  // Over already, but nobody has been told.
  SnapshotGroup group;
  group.give(1, 77, 3'000'000);
  group.transport(1).cancel_snapshot(base::MemberId(77));
  group.sim.run_for(1s);
  CHECK(group.recorder(1).overs.empty());
}

TEST_CASE("a transport that stops drops its snapshots at once, on either side") {
  for (const std::uint64_t who : {1U, 2U}) {
    for (const bool is_stopped_only : {false, true}) {
      SnapshotGroup group;
      group.link(1, 2).bytes_per_second = 2'000'000;
      const auto source = group.give(1, 2, 3'000'000);
      group.sim.run_for(500ms);
      REQUIRE(source->is_alive);
      REQUIRE(group.sink(2).is_alive);
      if (is_stopped_only) group.transport(who).stop();
      else group.programs.at(who)->transport.reset();
      CHECK_EQ(source->is_alive, who != 1);
      CHECK_EQ(group.sink(2).is_alive, who != 2);
      group.sim.run_for(1s);
      CHECK_FALSE(source->is_alive);
      CHECK_FALSE(group.sink(2).is_alive);
      CHECK_EQ(group.recorder(1).overs.size(), who - 1);
      if (who == 2) check_outcome(group.outcome(1), base::Code::unavailable, "the member is stopping");
      if (!is_stopped_only || who != 1) continue;
      const auto late = group.give(1, 2, 1000);
      CHECK_FALSE(late->is_alive);
      group.sim.run_for(1s);
      CHECK(group.recorder(1).overs.empty());
    }
  }
}

TEST_CASE("a member that leaves the group takes its snapshots with it") {
  for (const std::uint64_t who : {1U, 2U}) {
    CAPTURE(who);
    SnapshotGroup group(3);
    group.link(1, 2).bytes_per_second = 2'000'000;
    const auto source = group.give(1, 2, 3'000'000);
    group.sim.run_for(500ms);
    Members others = group.members;
    others.erase(base::MemberId(3 - who));
    group.transport(who).set_group({kCluster, base::MemberId(who)}, others);
    CHECK_EQ(source->is_alive, who != 1);
    CHECK_EQ(group.sink(2).is_alive, who != 2);
    CHECK(group.recorder(1).overs.empty());  // on a later turn
    const base::Status status = group.outcome(1);
    if (who == 1) check_outcome(status, base::Code::unavailable, "the member is not in the group any more");
    else check_outcome(status, base::Code::invalid, "member 1 no longer belongs to the group");
    group.sim.run_for(1s);
    CHECK_FALSE(source->is_alive);
    CHECK_FALSE(group.sink(2).is_alive);
  }
}

TEST_CASE("members of other groups are turned away before anything is offered") {
  SnapshotGroup group;
  group.crash(1, CrashKind::process_kill);
  group.node(1).restart();
  group.programs[1] =
      std::make_unique<Program>(group.node(1), Identity{base::ClusterId(0xc2), base::MemberId(1)}, group.members);
  const auto source = group.give(1, 2, 3'000'000);
  check_outcome(group.outcome(1), base::Code::invalid, "cluster ID mismatch: this member belongs to c1, the caller to c2");
  CHECK_EQ(source->reads, 0);
  CHECK(group.recorder(2).offers.empty());
}

TEST_CASE("a transport may end within the calls that a snapshot makes") {
  for (const bool is_stopped_only : {false, true}) {
    for (const std::string_view place : {"offered", "offered, and given a sink", "over", "over, another one given"}) {
      CAPTURE(place);
      SnapshotGroup group;
      const bool is_receiver = place.starts_with("offered");
      Program& program = *group.programs.at(is_receiver ? 2 : 1);
      bool has_ended = false;
      const auto end = [&] {
        has_ended = true;
        if (place == "over, another one given") group.give(1, 2, 1000);
        if (is_stopped_only) program.transport->stop();
        else program.transport.reset();
      };
      if (is_receiver) {
        program.recorder.on_offer = [&]() -> std::unique_ptr<replica::SnapshotSink> {
          end();
          if (place == "offered") return nullptr;
          group.sinks[2].push_back(std::make_shared<SinkLog>());
          return std::make_unique<TestSink>(program.node.world(), TestSink::Plan{}, group.sinks[2].back());
        };
      } else {
        program.recorder.after_over = end;
      }
      const auto source = group.give(1, 2, 300'000);
      REQUIRE(group.until([&] { return has_ended; }));
      group.sim.run_for(20s);
      CHECK_FALSE(source->is_alive);
      if (group.has_sink(2)) CHECK_FALSE(group.sink(2).is_alive);
      CHECK_EQ(group.recorder(1).overs.size(), 1);
      CHECK_EQ(group.recorder(1).overs.front().status.has_value(), !is_receiver);
    }
  }
}

}  // namespace peer::testing

// Snapshots between two transports: what arrives, at whose pace, and what is left when it goes wrong.
#include <algorithm>

#include "core/peer/peer.pb.h"
#include "core/peer/test_programs.h"
#include "core/peer/test_snapshots.h"

namespace peer::testing {

using io::sim::CrashKind;

namespace {

raft::Snapshot snapshot() { return {base::Term(9), entry_id(9, 1000), sample_configuration()}; }

struct SnapshotGroup : Group {
  explicit SnapshotGroup(std::uint64_t count = 2, const Options& options_ = {}, std::uint64_t seed = 1) : Group(count, options_, seed) {
    for (std::uint64_t id = 1; id <= count; ++id) accept(id);
    REQUIRE(until([&] { return all_active(); }));
  }
  // Whatever is offered to this member goes to such a sink.
  void accept(std::uint64_t id, TestSink::Plan plan = {}) {
    recorder(id).on_offer = [this, id, plan] {
      sinks[id].push_back(std::make_shared<SinkLog>());
      return std::make_unique<TestSink>(node(id).world(), plan, sinks[id].back());
    };
  }
  std::shared_ptr<SourceLog> give(std::uint64_t from, std::uint64_t to, TestSource::Plan plan) {
    auto log = std::make_shared<SourceLog>();
    transport(from).send_snapshot(base::MemberId(to), snapshot(), std::make_unique<TestSource>(std::move(plan), log));
    return log;
  }
  std::shared_ptr<SourceLog> give(std::uint64_t from, std::uint64_t to, std::size_t size) {
    return give(from, to, TestSource::Plan{sample_state(size)});
  }
  bool is_over(std::uint64_t at) { return !recorder(at).overs.empty(); }
  // How the only one ended.
  base::Status outcome(std::uint64_t at, base::Duration at_most = 100s) {
    REQUIRE(until([&] { return is_over(at); }, at_most));
    REQUIRE_EQ(recorder(at).overs.size(), 1);
    return std::exchange(recorder(at).overs, {}).front().status;
  }
  SinkLog& sink(std::uint64_t id) { return *sinks.at(id).back(); }
  bool has_sink(std::uint64_t id) { return sinks.count(id) > 0; }

  std::map<std::uint64_t, std::vector<std::shared_ptr<SinkLog>>> sinks;
};

void check_outcome(const base::Status& status, base::Code code, std::string_view detail) {
  REQUIRE_FALSE(status.has_value());
  CHECK_EQ(base::to_text(status.error().code), base::to_text(code));
  CHECK_EQ(status.error().detail, detail);
}

}  // namespace

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
    CHECK_EQ(group.recorder(2).offers.back().text, full_text(snapshot()));
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

TEST_CASE("a sink that stands still holds the source still, for as long as it takes, and that is not silence") {
  SnapshotGroup group;
  group.accept(2, {.take_time = 600s});
  const auto source = group.give(1, 2, 5'000'000);
  group.sim.run_for(590s);
  CHECK_FALSE(group.is_over(1));
  CHECK(group.sink(2).is_alive);
  CHECK_EQ(group.sink(2).pieces.size(), 1);
  CHECK_LE(source->bytes, 1U << 20U);
  CHECK_LE(group.transport(1).unsent_bytes(base::MemberId(2), Lane::snapshots), 1U << 20U);
  const std::size_t reads = source->reads;
  group.sim.run_for(20s);
  CHECK_GT(source->reads, reads);
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

// --- what goes wrong --------------------------------------------------------------------------------------

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

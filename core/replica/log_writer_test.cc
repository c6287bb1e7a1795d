// What leaves when, and what never does: the promises of a log that is slower than the network.
#include "core/replica/log_writer.h"

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "io/sim/simulation.h"

namespace replica {

using namespace std::chrono_literals;

namespace {

struct Recovery final : io::Job {
  Recovery(const io::World& the_world, wal::Options the_options) : world(the_world), options(std::move(the_options)), queue(world.workers.open_queue("boot")) {
    queue->submit(*this);
  }
  void run() override {
    wal::State initial;
    initial.identity = {base::ClusterId(7), base::MemberId(1)};
    initial.store_mark = {base::StoreGeneration(1), base::LogIndex()};
    // The second time there is one already.
    const base::Result<bool> is_there = wal::exists(world.disk, options);
    if (is_there && *is_there) initial.identity = {};
    recovered.emplace(wal::recover(world.disk, world.random, options, initial));
  }
  void finished() override { is_finished = true; }

  const io::World& world;
  wal::Options options;
  std::optional<base::Result<wal::Recovered>> recovered;
  bool is_finished = false;
  std::unique_ptr<io::WorkQueue> queue;
};

struct LogWriterFixture final : LogWriterListener {
  LogWriterFixture() : node(sim.add_node("m1")) { boot(); }
  ~LogWriterFixture() { static_cast<void>(node.crash(io::sim::CrashKind::process_kill)); }

  void boot() {
    Recovery recovery(node.world(), wal::Options());
    REQUIRE(sim.run_until([&] { return recovery.is_finished; }, 10s));
    REQUIRE(recovery.recovered->has_value());
    recovered = (*recovery.recovered)->state;
    LogWriterListener& listener = *this;
    writer = std::make_unique<LogWriter>(node.world(), wal::Options(), std::move(**recovery.recovered), 1U << 20U, listener);
  }
  void restart() {
    static_cast<void>(node.crash(io::sim::CrashKind::power_loss));
    writer.reset();
    node.restart();
    boot();
  }
  void on_log_written(const raft::Persisted& persisted, std::vector<raft::Outbound> promises) override {
    last = persisted;
    for (const raft::Outbound& one : promises) left.push_back(raft::to_text(one.message));
    ++writes;
  }
  void on_log_failed(const base::Error&) override { FAIL("the disk has no faults"); }

  // What raft asks for when a leader of this term appends these indices: the acknowledgement waits.
  void accept(std::uint64_t term, std::uint64_t first, std::uint64_t end) {
    raft::Output output;
    output.hard_state = base::HardState{base::Term(term), base::MemberId(), base::LogIndex()};
    for (std::uint64_t index = first; index < end; ++index) {
      output.entries.push_back({{base::Term(term), base::LogIndex(index)}, base::EntryKind::command, std::make_shared<const std::string>("x")});
    }
    output.after_persist.push_back({base::MemberId(2), raft::AppendReply{base::Term(term), true, base::LogIndex(end - 1), {}}});
    writer->add(output);
    at_once += output.after_persist.size();
  }
  void flush(std::uint64_t committed = 0) { writer->flush(base::LogIndex(committed)); }
  void run() { sim.run_for(50ms); }

  io::sim::Simulation sim{1};
  io::sim::Node& node;
  wal::State recovered;
  std::unique_ptr<LogWriter> writer;
  raft::Persisted last;
  std::vector<std::string> left;
  std::size_t at_once = 0;
  int writes = 0;
};

std::string reply(std::uint64_t term, std::uint64_t index) {
  return raft::to_text(raft::Message(raft::AppendReply{base::Term(term), true, base::LogIndex(index), {}}));
}

}  // namespace

TEST_CASE("a promise leaves when what it promises is durable, and not before") {
  LogWriterFixture f;
  f.accept(1, 1, 4);
  CHECK_EQ(f.at_once, 0);
  f.flush();
  CHECK(f.left.empty());
  f.run();
  CHECK_EQ(f.left, std::vector<std::string>{reply(1, 3)});
  CHECK_EQ(f.last.last, base::EntryId{base::Term(1), base::LogIndex(3)});
}

TEST_CASE("a promise that comes while a batch is in flight waits for the batch that carries it") {
  LogWriterFixture f;
  f.accept(1, 1, 2);
  f.flush();
  f.accept(1, 2, 3);
  while (f.writes == 0) REQUIRE(f.sim.step());
  CHECK_EQ(f.left, std::vector<std::string>{reply(1, 1)});
  f.flush();
  f.run();
  CHECK_EQ(f.left, std::vector<std::string>{reply(1, 1), reply(1, 2)});
}

TEST_CASE("acknowledgements of one sync leave as one") {
  LogWriterFixture f;
  for (std::uint64_t index = 1; index < 10; ++index) f.accept(1, index, index + 1);
  f.flush();
  f.run();
  CHECK_EQ(f.left, std::vector<std::string>{reply(1, 9)});
}

TEST_CASE("what has nothing to wait for leaves at once") {
  LogWriterFixture f;
  f.accept(1, 1, 2);
  f.flush();
  f.run();
  raft::Output output;  // the same append again: it is durable already
  output.after_persist.push_back({base::MemberId(2), raft::AppendReply{base::Term(1), true, base::LogIndex(1), {}}});
  f.writer->add(output);
  CHECK_EQ(output.after_persist.size(), 1);
}

// A leader of term 1 sent entries 2 to 4, and before they reached a batch a leader of term 2 replaced entry 2. Were the old
// acknowledgement sent, the old leader could commit what nobody has.
TEST_CASE("a promise of entries that lost before they were written never leaves") {
  LogWriterFixture f;
  f.accept(1, 1, 2);
  f.flush();
  f.accept(1, 2, 5);
  f.accept(2, 2, 3);
  f.run();
  f.flush();
  f.run();
  CHECK_EQ(f.left, std::vector<std::string>{reply(1, 1), reply(2, 2)});
  f.restart();
  REQUIRE_EQ(f.recovered.entries.size(), 2);
  CHECK_EQ(f.recovered.entries.back().id, base::EntryId{base::Term(2), base::LogIndex(2)});
}

TEST_CASE("what was in a batch when it lost is replaced on the disk by the next one") {
  LogWriterFixture f;
  f.accept(1, 1, 5);
  f.flush();
  f.accept(2, 3, 4);
  f.run();
  f.flush();
  f.run();
  f.restart();
  REQUIRE_EQ(f.recovered.entries.size(), 3);
  CHECK_EQ(f.recovered.entries.back().id, base::EntryId{base::Term(2), base::LogIndex(3)});
}

// Behind the batch the disk may still hold what another leader wrote: a hint that reaches there would have it applied after a crash.
TEST_CASE("the commit index in a batch reaches no further than the log on the disk") {
  LogWriterFixture f;
  f.accept(1, 1, 3);
  f.flush(9);
  f.run();
  f.restart();
  CHECK_EQ(f.recovered.hard_state.committed, base::LogIndex(2));
}

// A leader of term 4 wrote 4 to 6 here alone; what term 3 wrote at 4 was committed by a leader of term 5, who sends its snapshot.
TEST_CASE("an install takes the place of the whole log, waiting or on the disk, and of the store") {
  LogWriterFixture f;
  f.accept(4, 1, 6);
  f.flush();
  f.accept(4, 6, 7);
  f.writer->add_store_mark({base::StoreGeneration(1), base::LogIndex(2)});
  const base::EntryId last{base::Term(3), base::LogIndex(4)};
  f.writer->add_install({last, "voters"}, {base::StoreGeneration(2), base::LogIndex(4)});
  CHECK(f.writer->is_installing());
  raft::Output output;
  output.hard_state = base::HardState{base::Term(5), base::MemberId(), base::LogIndex(4)};
  output.install = raft::Snapshot{base::Term(5), last, {}};
  output.after_persist.push_back({base::MemberId(2), raft::AppendReply{base::Term(5), true, base::LogIndex(4), {}}});
  f.writer->add(output);
  CHECK(output.after_persist.empty());
  while (f.writes == 0) REQUIRE(f.sim.step());
  CHECK(f.writer->is_installing());  // what has become durable is the batch before it
  f.flush(4);
  f.run();
  CHECK_FALSE(f.writer->is_installing());
  CHECK_EQ(f.last.last, last);
  CHECK_EQ(f.left, std::vector<std::string>{reply(4, 5), reply(5, 4)});  // what waited for 6 is lost with it
  SUBCASE("and nothing follows it yet") {
    f.restart();
    CHECK(f.recovered.entries.empty());
  }
  SUBCASE("and entries follow it") {
    f.accept(5, 5, 7);
    f.flush(4);
    f.run();
    f.restart();
    REQUIRE_EQ(f.recovered.entries.size(), 2);
    CHECK_EQ(f.recovered.entries.front().id, base::EntryId{base::Term(5), base::LogIndex(5)});
  }
  CHECK_EQ(f.recovered.start.last_dropped, last);
  CHECK_EQ(f.recovered.start.configuration, "voters");
  CHECK_EQ(f.recovered.store_mark, base::StoreMark{base::StoreGeneration(2), base::LogIndex(4)});
}

}  // namespace replica

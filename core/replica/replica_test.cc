// The replica with the plainest of tenants, on the simulated world.
#include "core/replica/replica.h"

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "core/replica/counter_machine.h"
#include "io/sim/simulation.h"

namespace replica {

using namespace std::chrono_literals;

namespace {

Options small_options() {
  Options options;
  options.identity = {base::ClusterId(7), base::MemberId(1)};
  options.configuration = {{{base::MemberId(1), false, "here"}}};
  options.wal.segment_bytes = 32U << 10U;
  options.catch_up_entries = 5;
  options.truncate_step_entries = 5;
  return options;
}

struct Waiting final : Proposal {
  void on_applied(std::string answer) override { response = std::move(answer); }
  void on_refused(const base::Error& error) override { refusal = error.code; }
  std::optional<std::string> response;
  std::optional<base::Code> refusal;
};

struct Reading final : ReadWait {
  void on_readable() override { is_readable = true; }
  void on_refused(const base::Error&) override { is_refused = true; }
  bool is_readable = false;
  bool is_refused = false;
};

// One incarnation of a member.
struct Member final : ReplicaListener {
  Member(const io::World& world, const Options& options) : machine(world), replica(world, options, machine, nullptr, *this) { replica.start(); }
  void on_started() override { is_started = true; }
  void on_leader(base::MemberId leader) override { leads = leader == base::MemberId(1); }
  void on_stopped(const base::Error& why) override { stopped = why; }

  bool is_started = false;
  bool leads = false;
  std::optional<base::Error> stopped;
  testing::CounterMachine machine;
  Replica replica;
};

struct Events final : io::sim::ObserverListener {
  void on_event(std::string_view, io::sim::VirtualTime, const io::Event& event) override {
    if (std::holds_alternative<io::WroteEntries>(event)) ++writes;
    if (const auto* truncated = std::get_if<io::LogTruncated>(&event)) truncated_through = truncated->through;
    if (const auto* recovered = std::get_if<io::Recovered>(&event)) recovered_store = recovered->store.applied;
  }
  int writes = 0;
  base::LogIndex truncated_through;
  base::LogIndex recovered_store;
};

struct ReplicaFixture {
  explicit ReplicaFixture(std::uint64_t seed = 1, Options with = small_options()) : sim(seed), options(std::move(with)), node(sim.add_node("m1")) {
    node.observation().listener = &events;
    start();
  }
  // Files with requests in flight are only left behind by a crash.
  ~ReplicaFixture() {
    if (node.is_up()) static_cast<void>(node.crash(io::sim::CrashKind::process_kill));
  }
  void start() {
    member = std::make_unique<Member>(node.world(), options);
    REQUIRE(sim.run_until([&] { return member->leads || member->stopped; }, 10s));
    sim.run_for(5ms);  // its empty entry is committed
  }
  void crash(io::sim::CrashKind kind) {
    static_cast<void>(node.crash(kind));
    member.reset();
    node.restart();
  }
  base::Status propose(Waiting& waiting, std::string_view bytes = "1") { return member->replica.propose(bytes, "", 0, waiting); }
  // One byte, and its answer.
  void add_one() {
    Waiting waiting;
    REQUIRE(propose(waiting));
    REQUIRE(sim.run_until([&] { return waiting.response.has_value(); }, 10s));
  }

  io::sim::Simulation sim;
  Options options;
  io::sim::Node& node;
  Events events;
  std::unique_ptr<Member> member;
};

}  // namespace

TEST_CASE("a proposal is answered with what the state machine said") {
  ReplicaFixture f;
  f.add_one();
  Waiting waiting;
  REQUIRE(f.propose(waiting, "four"));
  REQUIRE(f.sim.run_until([&] { return waiting.response.has_value(); }, 10s));
  CHECK_EQ(*waiting.response, "5");
}

TEST_CASE("everything proposed in one turn shares one write") {
  ReplicaFixture f;
  const int before = f.events.writes;
  std::vector<Waiting> waiting(50);
  for (Waiting& one : waiting) REQUIRE(f.propose(one));
  REQUIRE(f.sim.run_until([&] { return waiting.back().response.has_value(); }, 10s));
  CHECK_EQ(f.events.writes, before + 1);
  CHECK_EQ(*waiting.back().response, "50");
}

TEST_CASE("a larger backlog is written in batches and applied in slices, in order") {
  Options options = small_options();
  options.write_batch_bytes = 10;
  options.apply_slice_entries = 3;
  ReplicaFixture f(1, options);
  const int before = f.events.writes;
  std::vector<Waiting> waiting(40);
  for (Waiting& one : waiting) REQUIRE(f.propose(one));
  REQUIRE(f.sim.run_until([&] { return waiting.back().response.has_value(); }, 10s));
  CHECK(f.events.writes > before + 10);
  for (std::size_t i = 0; i < waiting.size(); ++i) CHECK_EQ(waiting[i].response, std::to_string(i + 1));
}

TEST_CASE("when more is committed than applied, proposals are refused until the store has caught up") {
  Options options = small_options();
  options.unapplied_entries_max = 10;
  options.unmaterialised_bytes_max = 5;
  ReplicaFixture f(1, options);
  std::vector<Waiting> waiting(20);
  for (Waiting& one : waiting) REQUIRE(f.propose(one));
  REQUIRE(f.sim.run_until([&] { return !f.member->replica.gate(); }, 10s));
  Waiting refused;
  const base::Status status = f.propose(refused);
  REQUIRE_FALSE(status);
  CHECK_EQ(status.error().code, base::Code::overloaded);
  f.member->machine.write();
  REQUIRE(f.sim.run_until([&] { return f.member->replica.gate().has_value(); }, 10s));
  CHECK(f.propose(refused));
}

TEST_CASE("the log in memory is bounded, and a store that keeps up gives the room back") {
  Options options = small_options();
  options.kept_entries_max = 20;
  ReplicaFixture f(1, options);
  std::vector<Waiting> waiting(40);
  std::size_t taken = 0;
  while (taken < waiting.size() && f.propose(waiting[taken])) ++taken;
  CHECK_EQ(taken, 19);  // and the leader's empty entry
  // Past half of the bound the replica asks the store for durability, and cuts the log without leaving any.
  REQUIRE(f.sim.run_until([&] { return f.member->replica.gate().has_value(); }, 10s));
  CHECK(f.events.truncated_through != base::LogIndex());
  f.add_one();
}

TEST_CASE("apply pauses while the store is full, and goes on when it has room") {
  Options options = small_options();
  options.unmaterialised_bytes_max = 5;
  ReplicaFixture f(1, options);
  std::vector<Waiting> waiting(8);
  for (Waiting& one : waiting) REQUIRE(f.propose(one));
  f.sim.run_for(1s);
  CHECK_EQ(f.member->machine.sum(), 5);
  CHECK_FALSE(waiting[5].response.has_value());
  f.member->machine.write();
  REQUIRE(f.sim.run_until([&] { return waiting.back().response.has_value(); }, 10s));
}

TEST_CASE("a read waits until everything committed before it is applied") {
  Options options = small_options();
  options.apply_slice_entries = 1;
  ReplicaFixture f(1, options);
  std::vector<Waiting> waiting(20);
  for (Waiting& one : waiting) REQUIRE(f.propose(one));
  // The entries are committed together and applied one a turn; the read is asked in between.
  REQUIRE(f.sim.run_until([&] { return f.member->machine.sum() == 2; }, 10s));
  Reading reading;
  f.member->replica.read_index(reading);
  REQUIRE(f.sim.run_until([&] { return reading.is_readable; }, 10s));
  CHECK_EQ(f.member->machine.sum(), 20);
}

TEST_CASE("an abandoned proposal still takes effect, and nobody is called") {
  ReplicaFixture f;
  {
    Waiting gone;
    REQUIRE(f.propose(gone));
    f.sim.run_for(50us);  // it has left
    f.member->replica.abandon(gone);
  }
  f.add_one();
  CHECK_EQ(f.member->machine.sum(), 2);
}

TEST_CASE("a proposal that is abandoned before it has left is forgotten") {
  ReplicaFixture f;
  Waiting kept;
  {
    Waiting gone;
    REQUIRE(f.propose(gone, "forgotten"));
    REQUIRE(f.propose(kept));
    f.member->replica.abandon(gone);
  }
  REQUIRE(f.sim.run_until([&] { return kept.response.has_value(); }, 10s));
  CHECK_EQ(*kept.response, "1");
}

TEST_CASE("the log is cut behind the durable mark, leaving some for members that lag") {
  ReplicaFixture f;
  for (int i = 0; i < 30; ++i) f.add_one();
  CHECK_EQ(f.events.truncated_through, base::LogIndex());
  f.member->machine.write();
  REQUIRE(f.sim.run_until([&] { return f.events.truncated_through != base::LogIndex(); }, 10s));
  CHECK_EQ(f.events.truncated_through, base::LogIndex(31 - 5));  // 30 commands and the leader's empty entry
  f.sim.run_for(1s);
  f.crash(io::sim::CrashKind::power_loss);
  f.start();
  CHECK_EQ(f.events.recovered_store, base::LogIndex(31));
  f.add_one();
  CHECK_EQ(f.member->machine.sum(), 31);
}

TEST_CASE("what was answered survives any crash at any time") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    ReplicaFixture f(seed);
    std::uint64_t answered = 0;
    std::uint64_t proposed = 0;
    for (std::uint64_t life = 0; life < 4; ++life) {
      std::vector<Waiting> waiting(30);
      for (std::size_t i = 0; i < waiting.size(); ++i) {
        if (!f.propose(waiting[i])) break;
        ++proposed;
        if (i % 7 == 3) f.member->machine.write();
        f.sim.run_for(f.sim.decisions().between("test-pace", {life, i}, 0us, 300us));
      }
      f.sim.run_for(f.sim.decisions().between("test-crash", {life}, 0us, 2000us));
      for (const Waiting& one : waiting) {
        if (one.response) answered = std::max(answered, static_cast<std::uint64_t>(std::stoull(*one.response)));
      }
      f.crash(life % 2 == 0 ? io::sim::CrashKind::power_loss : io::sim::CrashKind::process_kill);
      f.start();
      REQUIRE_MESSAGE(!f.member->stopped, f.member->stopped->detail);
      f.add_one();
      ++proposed;
      ++answered;
      REQUIRE(f.member->machine.sum() >= answered);
      REQUIRE(f.member->machine.sum() <= proposed);
      answered = f.member->machine.sum();
    }
  }
}

TEST_CASE("a failed sync stops the member, and whoever waits learns that the outcome is unknown") {
  ReplicaFixture f;
  f.node.disk_faults().sync_error_per_million = 1'000'000;
  Waiting waiting;
  REQUIRE(f.propose(waiting));
  REQUIRE(f.sim.run_until([&] { return f.member->stopped.has_value(); }, 10s));
  CHECK_EQ(waiting.refusal, base::Code::outcome_unknown);
  CHECK_FALSE(waiting.response.has_value());
  CHECK_EQ(f.member->replica.gate().error().code, base::Code::unavailable);
}

TEST_CASE("a state file in which a bit has changed is not believed") {
  ReplicaFixture f;
  f.add_one();
  f.member->machine.write();
  f.sim.run_for(1s);
  f.crash(io::sim::CrashKind::process_kill);
  REQUIRE(f.node.rot("state-1", 12345));
  f.start();
  REQUIRE(f.member->stopped);
  CHECK_EQ(f.member->stopped->code, base::Code::damaged);
}

TEST_CASE("ids come from the log once there is one, whatever the flags say") {
  ReplicaFixture f;
  f.add_one();
  f.sim.run_for(1s);
  f.crash(io::sim::CrashKind::process_kill);
  f.options.identity = {base::ClusterId(99), base::MemberId(42)};  // as if the flags had changed
  f.start();
  REQUIRE_FALSE(f.member->stopped);
  CHECK_EQ(f.member->replica.identity().member, base::MemberId(1));
}

}  // namespace replica

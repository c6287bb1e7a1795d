#include "core/replica/outgoing_snapshots.h"

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "io/sim/simulation.h"

namespace replica {

namespace {

constexpr base::MemberId kSelf{1};

raft::Configuration group_of(std::uint64_t members) {
  raft::Configuration group{{{kSelf, false, ""}}};
  for (std::uint64_t id = 2; id <= members; ++id) group.members.push_back({base::MemberId(id), true, ""});
  return group;
}

// The only voter, who therefore leads.
raft::Raft leader_of(std::uint64_t members) {
  raft::Raft raft({kSelf, 10, {}, 1U << 20U}, {{}, {}, group_of(members), {}, {}});
  raft::Output output;
  for (int i = 0; i < 3; ++i) {
    raft.step(raft::Tick{}, output);
    raft.step(raft::Persisted{raft.term(), raft.log().last()}, output);
  }
  REQUIRE_EQ(raft.role(), raft::Role::leader);
  REQUIRE_GE(raft.committed(), base::LogIndex(1));
  return raft;
}

// Two pieces.
class Source final : public SnapshotSource {
 public:
  base::LogIndex applied() const override { return base::LogIndex(1); }
  base::Result<bool> read(std::size_t, std::string& piece) override {
    piece += "piece";
    return ++pieces_ < 2;
  }

 private:
  int pieces_ = 0;
};

struct Machine final : StateMachine {
  void open(const base::StoreMark&, base::LogIndex, StateMachineListener&, io::Completion&) override {}
  base::LogIndex applied() const override { return base::LogIndex(1); }
  base::Hash128 state_hash() const override { return {}; }
  base::Result<Effect> apply(const Command&, std::string*) override { return Effect{}; }
  Effect apply_empty(base::EntryId) override { return {}; }
  std::uint64_t unmaterialised_bytes() const override { return 0; }
  void want_durable() override {}
  base::Result<std::unique_ptr<SnapshotSource>> take_snapshot() override {
    if (error) return base::fail(*error);
    return std::make_unique<Source>();
  }
  std::unique_ptr<SnapshotSink> receive_snapshot(const base::StoreMark&) override { return nullptr; }
  void install(const base::StoreMark&, io::Completion&) override {}

  std::optional<base::Error> error;
};

// Holds what is on its way, as core/peer does: a source that was read to its end is gone long before the other side has installed.
struct Link final : Transport {
  void start(TransportListener&) override {}
  void send(base::MemberId, raft::Message) override {}
  void send_snapshot(base::MemberId to, const raft::Snapshot&, std::unique_ptr<SnapshotSource> source) override {
    REQUIRE_EQ(on_their_way.count(to), 0);
    on_their_way[to] = std::move(source);
  }
  void cancel_snapshot(base::MemberId to) override {
    cancelled.push_back(to);
    on_their_way.erase(to);
  }
  void stop() override {}
  void read_to_the_end(base::MemberId to) {
    std::string piece;
    while (*on_their_way.at(to)->read(1, piece)) continue;
    on_their_way.at(to) = nullptr;
  }

  std::map<base::MemberId, std::unique_ptr<SnapshotSource>> on_their_way;
  std::vector<base::MemberId> cancelled;
};

struct SourcesFixture {
  base::Status begin(std::uint64_t to) { return snapshots.begin(base::MemberId(to), raft); }
  base::Result<bool> end(std::uint64_t to, const base::Status& status) {
    link.on_their_way.erase(base::MemberId(to));
    return snapshots.on_over(base::MemberId(to), status);
  }
  bool is_on_its_way(std::uint64_t to) const { return link.on_their_way.count(base::MemberId(to)) != 0; }

  io::sim::Simulation sim{1};
  io::sim::Node& node = sim.add_node("m1");
  raft::Raft raft = leader_of(5);
  Machine machine;
  Link link;
  OutgoingSnapshots snapshots{node.world(), machine, &link, 2};
};

using Members = std::vector<base::MemberId>;

}  // namespace

TEST_CASE("two are read at a time; who finds no place is told of at the next tick, once") {
  SourcesFixture f;
  for (std::uint64_t to = 2; to <= 4; ++to) REQUIRE(f.begin(to));
  CHECK(f.is_on_its_way(2));
  CHECK(f.is_on_its_way(3));
  CHECK_FALSE(f.is_on_its_way(4));
  CHECK_EQ(f.snapshots.take_failed(), Members{base::MemberId(4)});
  CHECK(f.snapshots.take_failed().empty());
}

TEST_CASE("who has all of it and never says that it is installed keeps nobody else waiting") {
  SourcesFixture f;
  REQUIRE(f.begin(2));
  REQUIRE(f.begin(3));
  f.link.read_to_the_end(base::MemberId(2));
  f.link.read_to_the_end(base::MemberId(3));
  REQUIRE(f.begin(4));
  REQUIRE(f.begin(5));
  CHECK(f.is_on_its_way(4));
  CHECK(f.is_on_its_way(5));
  CHECK(f.snapshots.take_failed().empty());
}

TEST_CASE("a member that raft asks for twice gets one") {
  SourcesFixture f;
  REQUIRE(f.begin(2));
  REQUIRE(f.begin(2));
  CHECK(f.snapshots.take_failed().empty());
  REQUIRE(f.begin(3));  // and it took one place
  CHECK(f.is_on_its_way(3));
}

TEST_CASE("raft hears at once that one has arrived, and at the next tick that one has not; its place is free either way") {
  SourcesFixture f;
  REQUIRE(f.begin(2));
  REQUIRE(f.begin(3));
  CHECK_EQ(f.end(2, {}), true);
  CHECK_EQ(f.end(3, base::fail(base::Code::unavailable, "the connection is gone")), false);
  CHECK_EQ(f.snapshots.take_failed(), Members{base::MemberId(3)});
  REQUIRE(f.begin(4));
  REQUIRE(f.begin(5));
  CHECK(f.is_on_its_way(4));
  CHECK(f.is_on_its_way(5));
}

TEST_CASE("what a store cannot give now is asked for again, what a disk cannot give stops the member") {
  SourcesFixture f;
  f.machine.error = {base::Code::overloaded, "another store is being installed"};
  CHECK(f.begin(2));
  CHECK_EQ(f.snapshots.take_failed(), Members{base::MemberId(2)});
  f.machine.error = {base::Code::io, "the disk is gone"};
  CHECK_EQ(f.begin(2).error().code, base::Code::io);
  f.machine.error.reset();
  REQUIRE(f.begin(2));
  const auto over = f.end(2, base::fail(base::Code::damaged, "a page has the wrong checksum"));
  REQUIRE_FALSE(over);
  CHECK_EQ(over.error().code, base::Code::damaged);
}

TEST_CASE("who no longer leads, or whose member was removed, sends nothing more") {
  SourcesFixture f;
  REQUIRE(f.begin(2));
  REQUIRE(f.begin(5));
  f.snapshots.cancel_needless(f.raft);
  CHECK(f.link.cancelled.empty());
  f.snapshots.cancel_needless(leader_of(4));
  CHECK_EQ(f.link.cancelled, Members{base::MemberId(5)});
  CHECK(f.is_on_its_way(2));
  REQUIRE(f.begin(3));  // the place of the one that was cancelled
  CHECK(f.is_on_its_way(3));
}

TEST_CASE("the log is asked to keep what comes behind the oldest that is on its way") {
  SourcesFixture f;
  CHECK_FALSE(f.snapshots.oldest());
  REQUIRE(f.begin(2));
  CHECK_EQ(f.snapshots.oldest(), base::LogIndex(1));
  CHECK_EQ(f.end(2, {}), true);
  CHECK_FALSE(f.snapshots.oldest());
}

}  // namespace replica

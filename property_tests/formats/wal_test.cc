// A segment of the durable log with every kind of record (docs/formats/wal.md).
#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "core/base/codec.h"
#include "core/base/hash.h"
#include "property_tests/formats/disk.h"
#include "property_tests/formats/golden.h"
#include "storage/wal/wal.h"

namespace formats {

namespace {

constexpr std::string_view kSegment = "wal-v1.log";
constexpr std::string_view kPath = "wal/0000000000000001.log";

base::Entry entry(std::uint64_t term, std::uint64_t index, base::EntryKind kind, std::string bytes) {
  return {{base::Term(term), base::LogIndex(index)}, kind, std::make_shared<const std::string>(std::move(bytes))};
}

wal::Options options() {
  wal::Options out;
  out.segment_bytes = 12 << 10;
  return out;
}

wal::State initial() {
  wal::State out;
  out.identity = {base::ClusterId(0xc1), base::MemberId(0xa)};
  out.start.configuration = "group";
  out.store_mark = {base::StoreGeneration(1), base::LogIndex()};
  return out;
}

class SoundWal final : public wal::WalListener {
 public:
  void on_wal_failed(const base::Error&) override { CHECK(false); }
};

void append(io::sim::Simulation& sim, wal::Wal& log, const wal::Batch& batch) {
  Done done;
  log.append(batch, done);
  REQUIRE(sim.run_until([&] { return done.status.has_value(); }, std::chrono::seconds(10)));
  REQUIRE(done.status->has_value());
}

// Entries that replace others, a vote, a store mark, a beginning, a snapshot that takes the place of everything, and an idle log's batch.
std::string segment_of_today() {
  io::sim::Simulation sim(1);
  io::sim::Node& node = sim.add_node("m1");
  FixedRandom random;
  const io::World& world = node.world();
  const io::World fixed{world.clock, world.loop, world.disk, world.network, random, world.workers, world.observer};
  base::Result<wal::Recovered> created = wal::recover(fixed.disk, random, options(), initial());
  REQUIRE(created);
  SoundWal listener;
  wal::Wal log(fixed, options(), std::move(*created), listener);
  const std::vector<base::Entry> first = {entry(1, 1, base::EntryKind::empty, ""), entry(1, 2, base::EntryKind::command, "put a"),
                                          entry(1, 3, base::EntryKind::command, "put b")};
  wal::Batch batch;
  batch.hard_state = {base::Term(1), base::MemberId(0xa), base::LogIndex(0)};
  batch.entries = first;
  append(sim, log, batch);
  const std::vector<base::Entry> second = {entry(2, 3, base::EntryKind::configuration, "others")};
  batch.hard_state = {base::Term(2), base::MemberId::none, base::LogIndex(2)};
  batch.entries = second;
  append(sim, log, batch);
  wal::Batch dropping;
  dropping.store_mark = {base::StoreGeneration(1), base::LogIndex(2)};
  dropping.start = {{base::Term(1), base::LogIndex(1)}, "group"};
  append(sim, log, dropping);
  const std::vector<base::Entry> third = {entry(5, 12, base::EntryKind::command, "after"), entry(5, 13, base::EntryKind::empty, "")};
  wal::Batch reset;
  reset.hard_state = {base::Term(5), base::MemberId(0xb), base::LogIndex(11)};
  reset.entries = third;
  reset.store_mark = {base::StoreGeneration(2), base::LogIndex(11)};
  reset.start = {{base::Term(4), base::LogIndex(11)}, "snapshot"};
  reset.is_reset = true;
  append(sim, log, reset);
  static_cast<void>(sim.run_until([] { return false; }, std::chrono::seconds(1)));  // the empty batch
  Done closed;
  log.close(closed);
  REQUIRE(sim.run_until([&] { return closed.status.has_value(); }, std::chrono::seconds(10)));
  return read_file(world.disk, kPath);
}

base::Result<wal::State> recover(const std::string& segment) {
  io::sim::Simulation sim(2);
  io::sim::Node& node = sim.add_node("m1");
  io::Disk& disk = node.world().disk;
  REQUIRE(disk.create_directory("wal"));
  REQUIRE(write_file(disk, kPath, segment));
  FixedRandom random;
  base::Result<wal::Recovered> recovered = wal::recover(disk, random, options(), {});
  if (!recovered) return base::fail(recovered.error());
  return std::move(recovered->state);
}

}  // namespace

TEST_CASE("a segment of the log is that of version 1") { check_golden(std::string(kSegment), segment_of_today()); }

TEST_CASE("a log of version 1 says today what it said") {
  const base::Result<wal::State> recovered = recover(read_golden(std::string(kSegment)));
  REQUIRE_MESSAGE(recovered, recovered.error().detail);
  const wal::State& state = *recovered;
  CHECK(state.identity == initial().identity);
  CHECK_EQ(state.start.last_dropped.index, base::LogIndex(11));
  CHECK_EQ(state.start.last_dropped.term, base::Term(4));
  CHECK_EQ(state.start.configuration, "snapshot");
  CHECK_EQ(state.hard_state.term, base::Term(5));
  CHECK_EQ(state.hard_state.voted_for, base::MemberId(0xb));
  CHECK_EQ(state.hard_state.committed, base::LogIndex(11));
  CHECK_EQ(state.store_mark.generation, base::StoreGeneration(2));
  CHECK_EQ(state.store_mark.applied, base::LogIndex(11));
  REQUIRE_EQ(state.entries.size(), 2);
  CHECK_EQ(state.entries[0].bytes(), "after");
  CHECK(state.entries[0].kind == base::EntryKind::command);
  CHECK_EQ(state.entries[1].id.index, base::LogIndex(13));
}

TEST_CASE("a segment of a later version is refused, and called so") {
  std::string later = read_golden(std::string(kSegment));
  REQUIRE(later.size() > 12);
  later[8] = 2;
  std::string checksum;
  base::ByteWriter(checksum).u64(base::hash64(std::string_view(later).substr(0, 504)));
  later.replace(504, 8, checksum);
  const base::Result<wal::State> refused = recover(later);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == base::Code::invalid);
}

}  // namespace formats

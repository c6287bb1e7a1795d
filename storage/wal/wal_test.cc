#include "storage/wal/wal.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "core/base/bytes.h"
#include "storage/wal/format.h"
#include "storage/wal/test_log.h"
#include "storage/wal/test_member.h"

namespace wal {
namespace {

using io::sim::CrashKind;
using namespace std::chrono_literals;

constexpr std::uint32_t kAlways = 1'000'000;

std::string read_file(TestMember& member, const std::string& path) {
  std::string bytes;
  member.in_job([&](io::Disk& disk) {
    auto file = disk.open_page_file(path, io::Open::existing);
    bytes.resize((*file)->size().value());
    REQUIRE_EQ((*file)->read(0, base::as_writable_bytes(bytes)).value(), bytes.size());
  });
  return bytes;
}

void write_file(TestMember& member, const std::string& path, std::uint64_t offset, std::string_view bytes) {
  member.in_job([&](io::Disk& disk) {
    auto file = disk.open_page_file(path, io::Open::create);
    REQUIRE((*file)->write(offset, base::as_bytes(bytes)).has_value());
    REQUIRE((*file)->sync().has_value());
  });
}

void flip_byte(TestMember& member, const std::string& path, std::uint64_t offset) {
  std::string byte = read_file(member, path).substr(offset, 1);
  byte[0] = static_cast<char>(byte[0] ^ 1);
  write_file(member, path, offset, byte);
}

// Drops everything up to the last entry but `kept`.
base::Status drop_front(TestMember& member, std::size_t kept) {
  const std::vector<base::Entry>& entries = member.model().entries;
  OwnedBatch batch;
  batch.start = {entries[entries.size() - kept - 1].id, "voters: 1"};
  return member.append(batch);
}

}  // namespace

TEST_CASE("a new log is created from the initial state, once") {
  TestMember member(1);
  REQUIRE(member.boot().has_value());
  CHECK_EQ(to_text(member.recovered()), to_text(member.initial));
  member.close();
  CHECK_EQ(member.files(), std::vector<std::string>{"0000000000000001.log"});
  member.node().shut_down();
  member.initial.start.configuration = "somebody else's";
  REQUIRE(member.boot().has_value());
  CHECK_EQ(member.recovered().start.configuration, "voters: 1");
}

TEST_CASE("the observer hears where the log begins when a batch says so, and of what store") {
  TestMember member(1);
  REQUIRE(member.boot().has_value());
  for (const char* data : {"a", "b", "c"}) REQUIRE(member.append_command(data).has_value());
  CHECK(member.starts.empty());
  OwnedBatch batch;
  batch.store_mark = {base::StoreGeneration(1), base::LogIndex(2)};
  batch.start = {member.model().entries[0].id, "voters: 1"};
  REQUIRE(member.append(batch).has_value());
  OwnedBatch snapshot;
  const base::EntryId last{base::Term(5), base::LogIndex(2)};
  snapshot.hard_state = {base::Term(5), base::MemberId::none, last.index};
  snapshot.store_mark = {base::StoreGeneration(2), last.index};
  snapshot.start = {last, "voters: 1"};
  snapshot.is_reset = true;
  REQUIRE(member.append(snapshot).has_value());
  const std::string dropped = base::to_text(member.model().start.last_dropped);
  CHECK_EQ(dropped, "5/2");
  CHECK_EQ(member.starts, std::vector<std::string>{"1/1 1@2", "5/2 2@2 reset"});
}

// The tail lost to the snapshot's leader, and reaches beyond the snapshot. Nothing is written behind it that would drop it.
TEST_CASE("what a snapshot took the place of does not come back, wherever in a segment it says so") {
  for (int commands = 3; commands < 40; ++commands) {
    TestMember member(1);
    REQUIRE(member.boot().has_value());
    for (int i = 0; i < commands; ++i) REQUIRE(member.append_command("a sector").has_value());
    OwnedBatch snapshot;
    snapshot.hard_state = {base::Term(5), base::MemberId::none, base::LogIndex(2)};
    snapshot.store_mark = {base::StoreGeneration(2), base::LogIndex(2)};
    snapshot.start = {id(5, 2), "voters: 1"};
    snapshot.is_reset = true;
    REQUIRE(member.append(snapshot).has_value());
    member.close();
    REQUIRE(member.boot().has_value());  // which compares
    CHECK(member.recovered().entries.empty());
  }
}

TEST_CASE("whatever was appended is read back") {
  TestMember member(1);
  REQUIRE(member.boot().has_value());
  OwnedBatch batch;
  batch.hard_state = {base::Term(2), base::MemberId(1), base::LogIndex()};
  batch.entries = {{id(1, 1), base::EntryKind::empty, nullptr}, test_entry(id(2, 2), "x"), test_entry(id(2, 3), "")};
  batch.store_mark = {base::StoreGeneration(1), base::LogIndex(1)};
  REQUIRE(member.append(batch).has_value());
  REQUIRE(member.append_command(std::string(100'000, 'z')).has_value());  // more than a segment holds
  batch = {};
  batch.start = {id(1, 1), "voters: 1 2"};
  REQUIRE(member.append(batch).has_value());
  for (int restart = 0; restart < 3; ++restart) {
    member.close();
    REQUIRE(member.boot().has_value());  // which compares
    CHECK_EQ(member.recovered().entries.size(), 3);
  }
}

TEST_CASE("a member that only restarts does not fill its disk") {
  TestMember member(1);
  REQUIRE(member.boot().has_value());
  for (int i = 0; i < 5; ++i) REQUIRE(member.append_command("x").has_value());
  for (int restart = 0; restart < 20; ++restart) {
    member.crash(restart % 2 == 0 ? CrashKind::power_loss : CrashKind::process_kill);
    REQUIRE(member.boot().has_value());
    if (restart % 5 == 0) REQUIRE(member.append_command(std::string(9000, 'x')).has_value());
  }
  CHECK(member.wal().segment_count() <= 6);
}

TEST_CASE("what a killed process wrote and never synced is durable once it was recovered") {
  // The page cache shows the batch to the next start, which hands it to raft; then the power fails.
  TestMember member(3);
  REQUIRE(member.boot().has_value());
  REQUIRE(member.append_command("synced").has_value());
  member.faults().sync = {10s, 11s};
  OwnedBatch batch;
  batch.entries = {test_entry(id(1, 2), "written, not synced")};
  member.start_append(batch);
  member.sim().run_for(1s);
  member.crash(CrashKind::process_kill);
  member.faults() = {};
  member.faults().lost_sector_per_million = kAlways;
  member.faults().mixed_write_per_million = 0;
  REQUIRE(member.boot().has_value());
  REQUIRE_EQ(member.recovered().entries.size(), 2);
  member.crash(CrashKind::power_loss);
  REQUIRE(member.boot().has_value());
  CHECK_EQ(member.recovered().entries.size(), 2);
}

TEST_CASE("a failed sync stays failed, and the next start does not believe the page cache") {
  TestMember member(4);
  REQUIRE(member.boot().has_value());
  REQUIRE(member.append_command("synced").has_value());
  member.faults().sync_error_per_million = kAlways;
  member.faults().dropped_sector_per_million = kAlways;
  CHECK_FALSE(member.append_command("lost").has_value());
  member.faults() = {};
  OwnedBatch batch;
  batch.hard_state = {base::Term(5), base::MemberId(1), base::LogIndex()};
  member.sim().run_for(1s);  // no empty batch makes it good again
  CHECK_FALSE(member.append(batch).has_value());
  // The pages look intact and clean. They are not on the disk, and only a new write brings them there.
  TestMember second(4);
  REQUIRE(second.boot().has_value());
  REQUIRE(second.append_command("synced").has_value());
  second.faults().sync_error_per_million = kAlways;
  second.faults().dropped_sector_per_million = kAlways;
  CHECK_FALSE(second.append_command("dropped").has_value());
  second.faults() = {};
  second.crash(CrashKind::process_kill);
  REQUIRE(second.boot().has_value());
  REQUIRE_EQ(second.recovered().entries.size(), 2);
  second.faults().lost_sector_per_million = kAlways;
  second.crash(CrashKind::power_loss);
  REQUIRE(second.boot().has_value());
  CHECK_EQ(second.recovered().entries.size(), 2);
}

TEST_CASE("a failed write fails the append and all that follow, each on a later turn") {
  TestMember member(5);
  REQUIRE(member.boot().has_value());
  member.faults().write_error_per_million = kAlways;
  const base::Status status = member.append_command("x");
  REQUIRE_FALSE(status.has_value());
  CHECK_EQ(status.error().code, base::Code::io);
  member.faults() = {};
  CHECK_FALSE(member.append_command("y").has_value());
  CHECK_FALSE(member.append_command("z").has_value());
}

TEST_CASE("an idle log proves its last batch once, so that its loss is noticed") {
  TestMember member(6);
  REQUIRE(member.boot().has_value());
  REQUIRE(member.append_command("precious").has_value());
  const std::string file = member.last_file;
  const std::uint64_t offset = member.last_offset;
  SUBCASE("the last batch of a busy log cannot be told from a tear") {
    member.crash(CrashKind::power_loss);
    flip_byte(member, file, offset + 60);
    // Only the model knows better, so boot() is not asked.
    bool is_open = false;
    member.in_job([&](io::Disk& disk) {
      struct NoRandom final : io::Random {
        std::uint64_t draw(std::string_view, std::initializer_list<std::uint64_t>) override { return 1; }
      } random;
      const base::Result<Recovered> recovered = recover(disk, random, member.options(), member.initial);
      is_open = recovered.has_value() && recovered->state.entries.empty();
    });
    CHECK(is_open);
  }
  SUBCASE("that of an idle one can") {
    member.sim().run_for(1s);
    member.crash(CrashKind::power_loss);
    const std::string bytes = read_file(member, file);
    const base::Result<SegmentScan> scan = scan_segment(bytes, SegmentNumber(1), file);
    REQUIRE(scan.has_value());
    CHECK_EQ(scan->batches.size(), 3);  // the first one, the entry, and one empty batch however long it was idle
    flip_byte(member, file, offset + 60);
    const base::Status status = member.boot();
    REQUIRE_FALSE(status.has_value());
    CHECK_EQ(status.error().code, base::Code::damaged);
    CHECK_NE(status.error().detail.find(file + " at offset " + std::to_string(offset)), std::string::npos);
  }
}

TEST_CASE("an append behind the empty batch in flight waits for it") {
  TestMember member(7);
  REQUIRE(member.boot().has_value());
  REQUIRE(member.append_command("a").has_value());
  member.faults().sync = {1s, 2s};
  member.sim().run_for(200ms);  // the empty batch is on its way, for a second at least
  const io::sim::VirtualTime began = member.sim().now();
  REQUIRE(member.append_command("b").has_value());
  CHECK(member.sim().now() - began > 1800ms);  // what was left of one sync, and then another
  member.crash(CrashKind::power_loss);
  REQUIRE(member.boot().has_value());
  CHECK_EQ(member.recovered().entries.size(), 2);
}

TEST_CASE("segments are prepared, filled, recycled and never many") {
  TestMember member(8);
  REQUIRE(member.boot().has_value());
  std::uint64_t segments_max = 0;
  for (int i = 0; i < 200; ++i) {
    REQUIRE(member.append_command(std::string(900, 'x')).has_value());
    if (i % 10 == 9) REQUIRE(drop_front(member, 3).has_value());
    segments_max = std::max(segments_max, member.wal().segment_count());
  }
  CHECK(segments_max <= 5);
  member.close();
  const std::vector<std::string> names = member.files();
  CHECK(names.size() <= 6);
  CHECK_NE(std::find_if(names.begin(), names.end(), [](const std::string& name) { return name.ends_with(".spare"); }), names.end());
  // Files made from a spare hold old batches behind the new ones; whoever reads them must not count those.
  member.node().shut_down();
  REQUIRE(member.boot().has_value());
  for (const std::string& name : member.files()) CHECK(name.ends_with(".log"));
}

TEST_CASE("a log is refused or recognised by what stands in its directory") {
  struct Case {
    const char* name;
    const char* file;
    const char* code;
    const char* part;
  };
  const Case cases[] = {
      {"a creation that never finished", "wal/0000000000000001.tmp", "", ""},
      {"a file of somebody else", "wal/notes.txt", "invalid", "wal/notes.txt"},
      {"spares without a log", "wal/0000000000000001.spare", "damaged", "missing"},
      {"an empty segment", "wal/0000000000000001.log", "damaged", "wal/0000000000000001.log at offset 0"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    TestMember member(9);
    member.in_job([](io::Disk& disk) { REQUIRE(disk.create_directory("wal").has_value()); });
    write_file(member, c.file, 0, "");
    bool is_there = false;
    bool is_refused = false;
    member.in_job([&](io::Disk& disk) {
      const base::Result<bool> result = exists(disk, member.options());
      is_refused = !result;
      is_there = result && *result;
    });
    const base::Status status = member.boot();
    const std::string code = status ? "" : std::string(base::to_text(status.error().code));
    CHECK_EQ(code, c.code);
    CHECK_EQ(is_refused, code == "invalid");
    CHECK_EQ(is_there, code == "damaged");
    if (!status) CHECK_NE(status.error().detail.find(c.part), std::string::npos);
    if (status) CHECK(member.recovered().entries.empty());
  }
}

TEST_CASE("another member's log is refused, and no identity takes any") {
  TestMember member(10);
  REQUIRE(member.boot().has_value());
  REQUIRE(member.append_command("x").has_value());
  member.close();
  const State right = member.initial;
  member.initial.identity.member = base::MemberId(0x2);
  const base::Status status = member.boot();
  REQUIRE_FALSE(status.has_value());
  CHECK_EQ(status.error().code, base::Code::invalid);
  member.initial.identity = {};
  REQUIRE(member.boot().has_value());
  CHECK(member.recovered().identity == right.identity);
  member.close();
  TestMember empty(10);
  empty.initial.identity = {};
  const base::Status nothing = empty.boot();
  REQUIRE_FALSE(nothing.has_value());
  CHECK_EQ(nothing.error().code, base::Code::invalid);
}

TEST_CASE("a full disk stops the next segment, not the log, until the segment is needed") {
  TestMember member(11);
  member.node().observation().keeps_log = true;
  REQUIRE(member.boot().has_value());
  member.faults().is_full = true;
  SUBCASE("room again in time") {
    while (member.node().observation().log.empty()) REQUIRE(member.append_command(std::string(400, 'x')).has_value());
    member.faults().is_full = false;
    for (int i = 0; i < 100; ++i) REQUIRE(member.append_command(std::string(400, 'x')).has_value());
  }
  SUBCASE("no room") {
    base::Status status;
    while (status) status = member.append_command(std::string(400, 'x'));
    CHECK_EQ(status.error().code, base::Code::no_space);
    CHECK_FALSE(member.append_command("x").has_value());
  }
  CHECK_EQ(member.node().observation().log.size(), 1);
  member.crash(CrashKind::power_loss);
  member.faults() = {};
  REQUIRE(member.boot().has_value());
}

// A rename to a spare may need space for its name. That stopped the member, at its next append (single, seed 91).
TEST_CASE("a segment that cannot be kept as a spare on a full disk is removed, and the log goes on") {
  TestMember member(13);
  REQUIRE(member.boot().has_value());
  while (member.wal().segment_count() < 4) REQUIRE(member.append_command(std::string(400, 'x')).has_value());
  member.faults().is_full = true;
  OwnedBatch truncation;
  truncation.start = member.model().start;
  truncation.start->last_dropped = member.model().entries.back().id;
  REQUIRE(member.append(truncation).has_value());
  member.sim().run_for(50ms);
  member.faults().is_full = false;
  for (int i = 0; i < 100; ++i) REQUIRE(member.append_command(std::string(400, 'x')).has_value());
  for (const std::string& name : member.files()) CHECK_NE(name, "0000000000000001.log");
}

TEST_CASE("what fails while nothing is appended is told at once, and once") {  // single, seed 248: an idle member went on serving
  TestMember member(14);
  REQUIRE(member.boot().has_value());
  REQUIRE(member.append_command("x").has_value());
  member.faults().sync_error_per_million = kAlways;
  SUBCASE("with no append") {
    member.sim().run_for(1s);  // the empty batch
    REQUIRE(member.told.has_value());
    CHECK_EQ(member.told->code, base::Code::io);
    CHECK_FALSE(member.append_command("y").has_value());
  }
  SUBCASE("with no append, and the listener closes the log inside the call") {
    member.closes_when_told = true;
    member.sim().run_for(1s);
    CHECK(member.told.has_value());
    CHECK(member.is_closed());
  }
  SUBCASE("while the next segment is made") {
    for (int i = 0; i < 20 && !member.told; ++i) {
      member.faults().sync_error_per_million = 0;
      REQUIRE(member.append_command(std::string(400, 'x')).has_value());
      member.faults().sync_error_per_million = kAlways;
      member.sim().run_for(20ms);  // too short for the empty batch
    }
    REQUIRE(member.told.has_value());
    CHECK_FALSE(member.append_command("y").has_value());
  }
  SUBCASE("an append comes first, and says so itself") {
    CHECK_FALSE(member.append_command("y").has_value());
    member.sim().run_for(1s);
    CHECK_FALSE(member.told.has_value());
  }
  member.faults() = {};
  member.crash(CrashKind::power_loss);
  REQUIRE(member.boot().has_value());
}

TEST_CASE("a failed sync of the next segment is final, and takes nothing with it") {
  TestMember member(12);
  REQUIRE(member.boot().has_value());
  base::Status status;
  for (int i = 0; i < 20 && status; ++i) {
    member.faults().sync_error_per_million = 0;
    status = member.append_command(std::string(400, 'x'));
    member.faults().sync_error_per_million = kAlways;  // between appends only jobs sync
    member.sim().run_for(20ms);
  }
  REQUIRE_FALSE(status.has_value());
  CHECK_EQ(status.error().code, base::Code::io);
  member.faults() = {};
  member.crash(CrashKind::power_loss);
  REQUIRE(member.boot().has_value());
}

}  // namespace wal

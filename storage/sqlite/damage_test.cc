// One bad bit must not turn time back: damage is found out, at start or when the page is read.
#include <doctest/doctest.h>

#include <chrono>
#include <string>

#include "storage/sqlite/page.h"
#include "storage/sqlite/test_member.h"

namespace sqlite {

using namespace std::chrono_literals;
using testing::same_rows;
using testing::TestMember;

namespace {

constexpr std::uint64_t kFrameBytes = kPageBytes + 24;

// Twenty batches in `-wal`, all of them durable, copied into the database file, and the backend closed.
struct Full {
  explicit Full(std::uint64_t seed) : sim(seed), member(sim, {}) {
    REQUIRE(member.open());
    for (std::uint64_t id = 1; id <= 200; ++id) {
      member.put(id, std::string(1'000 + id, static_cast<char>('a' + id % 26)));
      if (id % 10 == 0) REQUIRE(sim.run_until([&] { return member.backend().unmaterialised_bytes() == 0; }, 1s));
    }
    REQUIRE(member.run_until_durable());
    member.close();
  }
  // The error that opening ends with.
  base::Error refused() {
    const base::Status opened = member.open();
    REQUIRE_FALSE(opened.has_value());
    return opened.error();
  }

  io::sim::Simulation sim;
  TestMember member;
};

bool says(const base::Error& error, std::string_view what) {
  INFO(error.detail);
  const bool found = error.detail.find(what) != std::string::npos;
  CHECK(found);
  return found;
}

}  // namespace

TEST_CASE("a flipped bit in any page of the database is found, or the page holds nothing") {
  Full full(1);
  TestMember& member = full.member;
  REQUIRE(member.disk().remove("store-1/db-wal"));  // everything is in the database file
  const std::uint64_t pages = member.file("store-1/db").size() / kPageBytes;
  REQUIRE_GT(pages, 20);
  std::uint64_t found = 0;
  for (std::uint64_t page = 0; page < pages; ++page) {
    CAPTURE(page);
    const std::uint64_t offset = page * kPageBytes + (page * 1237 + 5'000) % kPageBytes;
    member.flip_bit("store-1/db", offset);
    const base::Status opened = member.open();
    if (opened) {
      CHECK(same_rows(member.opened_rows, member.model.at(200)));
      member.close();
    } else {
      ++found;
      CHECK_EQ(opened.error().code, base::Code::damaged);
      CHECK(says(opened.error(), "store-1/db: page " + std::to_string(page + 1) + " does not match its checksum"));
      CHECK(says(opened.error(), "restored from a snapshot"));
    }
    member.flip_bit("store-1/db", offset);
    if (member.disk().exists("store-1/db-wal").value()) REQUIRE(member.disk().remove("store-1/db-wal"));
  }
  CHECK_GE(found, pages - 2);  // the pages of the pointer map are not read
  REQUIRE(member.open());
}

TEST_CASE("a page that another page or another generation wrote is found") {
  Full full(2);
  TestMember& member = full.member;
  REQUIRE(member.disk().remove("store-1/db-wal"));
  const std::string file = member.file("store-1/db");
  const std::string page = file.substr(10 * kPageBytes, kPageBytes);
  member.overwrite("store-1/db", 12 * kPageBytes, page);
  CHECK(says(full.refused(), "page 13 does not match"));
  member.overwrite("store-1/db", 0, file);
  // A directory that was moved into another generation's place.
  REQUIRE(member.disk().rename("store-1", "store-2"));
  member.mark().generation = base::StoreGeneration(2);
  CHECK_EQ(full.refused().code, base::Code::damaged);
}

TEST_CASE("what -wal loses is missed: a flipped bit in a frame, a frame header, or the file's end") {
  struct Case {
    std::string_view name;
    std::uint64_t frame;
    std::uint64_t offset;  // within the frame
  };
  constexpr Case cases[] = {
      {"the first frame", 0, 100},
      {"a page in the middle", 15, 4'000},
      {"a frame header in the middle", 12, 9},
      {"the last frames", 25, 5'000},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    Full full(3);
    const std::uint64_t frames = (full.member.file("store-1/db-wal").size() - 32) / kFrameBytes;
    REQUIRE_GT(frames, c.frame + 1);
    full.member.flip_bit("store-1/db-wal", 32 + c.frame * kFrameBytes + c.offset);
    // SQLite takes the log to end there, and goes back in time; only a log damaged at its first frame leaves
    // the database file alone, which a complete checkpoint has brought to the same point.
    const base::Status opened = full.member.open();
    if (c.frame == 0) {
      REQUIRE(opened.has_value());
      CHECK(same_rows(full.member.opened_rows, full.member.model.at(200)));
      continue;
    }
    REQUIRE_FALSE(opened.has_value());
    CHECK_EQ(opened.error().code, base::Code::damaged);
  }
  Full full(4);
  full.member.truncate("store-1/db-wal", 32 + 20 * kFrameBytes);
  const base::Error error = full.refused();
  CHECK_EQ(error.code, base::Code::damaged);
  CHECK(says(error, "remove this member"));
}

TEST_CASE("a store below the store mark, or below the log, is refused and left as it is") {
  Full full(5);
  TestMember& member = full.member;
  member.mark().applied = base::LogIndex(201);
  CHECK(says(full.refused(), "the store stands at log index 200, but was durable up to 201"));
  member.mark().applied = base::LogIndex(200);
  const base::Status opened = member.open(base::LogIndex(202));
  REQUIRE_FALSE(opened.has_value());
  CHECK(says(opened.error(), "the store stands at log index 200, but the log begins at 202"));
  REQUIRE(member.open(base::LogIndex(201)));
  CHECK_EQ(member.opened_rows.size(), 200);
}

TEST_CASE("rows that do not add up are refused") {
  Full full(6);
  TestMember& member = full.member;
  REQUIRE(member.disk().remove("store-1/db-wal"));
  // A page of values with a checksum that fits: what a bug of ours, or a forger, would leave.
  std::string file = member.file("store-1/db");
  const std::string value(1'000, 'c');
  bool changed = false;
  for (std::size_t at = file.find(value); at != std::string::npos; at = file.find(value, at + value.size())) {
    file[at + 10] = 'X';
    const std::uint64_t page = at / kPageBytes;
    std::string bytes = file.substr(page * kPageBytes, kPageBytes);
    seal(Page(base::as_writable_bytes(bytes)), PageNumber{page + 1}, base::StoreGeneration(1));
    member.overwrite("store-1/db", page * kPageBytes, bytes);
    changed = true;
  }
  REQUIRE(changed);
  const base::Error error = full.refused();
  CHECK_EQ(error.code, base::Code::damaged);
  CHECK(says(error, "the rows add up to"));
}

TEST_CASE("a missing store is damage, unless nothing was ever durable in it") {
  Full full(7);
  TestMember& member = full.member;
  REQUIRE(member.disk().rename("store-1/db", "store-1/elsewhere"));
  CHECK(says(full.refused(), "store-1/db: the file is missing"));
  REQUIRE(member.disk().rename("store-1/elsewhere", "store-1/db"));
  REQUIRE(member.disk().rename("store-1", "other"));
  CHECK(says(full.refused(), "store-1: the directory is missing"));
}

TEST_CASE("files of somebody else are refused and not touched") {
  io::sim::Simulation sim(8);
  TestMember member(sim, {});
  REQUIRE(member.disk().create_directory("store-1"));
  REQUIRE(member.disk().open_page_file("store-1/photo", io::Open::create));
  base::Status opened = member.open();
  REQUIRE_FALSE(opened.has_value());
  CHECK_EQ(opened.error().code, base::Code::invalid);
  CHECK(says(opened.error(), "store-1/photo"));
  CHECK(member.disk().exists("store-1/photo").value());

  Full full(9);
  struct Case {
    std::string_view name;
    std::uint64_t offset;
    char byte;
    base::Code code;
    std::string_view text;
  };
  constexpr Case cases[] = {
      {"not SQLite", 1, 'X', base::Code::damaged, "does not begin like a store"},
      {"another program's database", 69, 'X', base::Code::damaged, "does not begin like a store"},
      {"a later format", 63, 3, base::Code::invalid, "written by a newer version"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const std::string before = full.member.file("store-1/db");
    full.member.overwrite("store-1/db", c.offset, std::string(1, c.byte));
    const base::Error error = full.refused();
    CHECK_EQ(error.code, c.code);
    CHECK(says(error, c.text));
    full.member.overwrite("store-1/db", 0, before);
  }
  REQUIRE(full.member.open());
}

TEST_CASE("a page that changes under an open store is found when it is read, or copied") {
  for (const bool by_checkpoint : {false, true}) {
    CAPTURE(by_checkpoint);
    io::sim::Simulation sim(10);
    TestMember member(sim, {});
    REQUIRE(member.open());
    member.put(1, std::string(30'000, 'x'));
    REQUIRE(sim.run_until([&] { return member.backend().unmaterialised_bytes() == 0; }, 1s));
    for (std::uint64_t frame = 0; frame < 4; ++frame) {
      member.flip_bit("store-1/db-wal", 32 + frame * kFrameBytes + 2'000);
    }
    if (by_checkpoint) {
      CHECK_FALSE(member.run_until_durable());
      REQUIRE(member.failed.has_value());
      CHECK_EQ(member.failed->code, base::Code::damaged);
      CHECK(says(*member.failed, "store-1/db-wal: the page in frame"));
      CHECK_EQ(member.mark().applied, base::LogIndex(0));
    } else {
      const auto read = member.backend().read(Bucket::key, 1);
      REQUIRE_FALSE(read.has_value());
      CHECK_EQ(read.error().code, base::Code::damaged);
      CHECK(says(read.error(), "store-1/db-wal: the page in frame"));
    }
  }
}

TEST_CASE("other generations are deleted once the named one has proved sound, and nothing else") {
  Full full(11);
  TestMember& member = full.member;
  io::Disk& disk = member.disk();
  for (const std::string name : {"store-0", "store-2", "store-12", "store-1x", "store-", "other"}) {
    REQUIRE(disk.create_directory(name));
    REQUIRE(disk.open_page_file(name + "/db", io::Open::create));
  }
  member.mark().applied = base::LogIndex(500);
  REQUIRE_FALSE(member.open());  // damaged: the others stay
  CHECK(disk.exists("store-12/db").value());
  member.mark().applied = base::LogIndex(200);
  REQUIRE(member.open());
  CHECK(*disk.list("") == std::vector<std::string>{"other", "store-", "store-1", "store-1x"});
}

}  // namespace sqlite

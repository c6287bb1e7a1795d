#include "io/sim/inode.h"

#include <algorithm>
#include <chrono>
#include <set>

#include "core/base/bytes.h"
#include "io/disk.h"
#include "property_tests/property.h"

namespace io::sim {

using namespace std::chrono_literals;

namespace {

VirtualTime at(int microseconds) { return VirtualTime(std::chrono::microseconds(microseconds)); }

std::string sector_of(char c) { return std::string(kSectorBytes, c); }

// A file whose n-th call takes the n-th microsecond.
struct InodeScript {
  explicit InodeScript(std::uint64_t seed = 1) : decisions(seed), file(decisions) {}
  CallSpan next() {
    ++calls;
    return {at(calls * 10), at(calls * 10 + 5), base::mix64(0x5eed, static_cast<std::uint64_t>(calls))};
  }
  void write(std::uint64_t offset, std::string_view text) { file.write(next(), offset, base::as_bytes(text)); }
  void sync() { file.sync(next()); }
  std::uint64_t failed_sync(std::uint32_t dropped, AfterFailedSync after = AfterFailedSync::kept) {
    return file.failed_sync(next(), dropped, after);
  }
  void truncate(std::uint64_t size) { file.truncate(next(), size); }
  std::string live() const {
    std::string bytes(static_cast<std::size_t>(file.size()), '?');
    file.read(0, base::as_writable_bytes(bytes));
    return bytes;
  }
  std::string durable_at(VirtualTime now) {
    file.settle(now);
    std::string bytes(static_cast<std::size_t>(file.durable().size()), '?');
    file.durable().read(0, base::as_writable_bytes(bytes));
    return bytes;
  }
  Decisions decisions;
  Inode file;
  int calls = 0;
  DiskFaults faults;
  DiskDamage damage;
};

}  // namespace

TEST_CASE("bytes are durable when a sync after them has completed, and not before") {
  InodeScript script;
  script.write(0, "one");   // [10, 15]
  script.sync();            // [20, 25]
  script.write(3, "two");   // [30, 35]
  CHECK_EQ(script.live(), "onetwo");
  CHECK_EQ(script.durable_at(at(24)), "");
  CHECK_EQ(script.durable_at(at(25)), "one");
  CHECK_EQ(script.durable_at(at(1000)), "one");
  script.sync();
  CHECK_EQ(script.durable_at(at(1000)), "onetwo");
  CHECK_FALSE(script.file.has_pending());
}

TEST_CASE("a killed process leaves what was called before, and nothing of it becomes durable") {
  struct Case { int at; std::string_view live; std::string_view other_live; std::uint64_t writes, syncs; };
  const Case cases[] = {
      {9, "", "", 0, 0},         {12, "", "a", 1, 0},         {17, "a", "a", 0, 0},  {22, "a", "a", 0, 1},
      {27, "a", "a", 0, 0},      {33, "a", "ab", 1, 0},       {38, "ab", "ab", 0, 0}};
  for (const Case& c : cases) {
    CAPTURE(c.at);
    std::set<std::string> seen;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      InodeScript script(seed);
      script.write(0, "a");
      script.sync();
      script.write(1, "b");
      script.file.kill(at(c.at), script.damage);
      CHECK_EQ(script.damage.unfinished_writes, c.writes);
      CHECK_EQ(script.damage.unfinished_syncs, c.syncs);
      CHECK_EQ(script.durable_at(at(1000)), c.at >= 25 ? "a" : "");
      seen.insert(script.live());
    }
    CHECK_EQ(seen, std::set<std::string>{std::string(c.live), std::string(c.other_live)});
  }
}

TEST_CASE("a power loss may take and tear each unsynced sector, and reaches every outcome") {
  std::set<std::string> seen;
  bool old_seen = false, new_seen = false, torn_seen = false, grown = false, not_grown = false;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    InodeScript script(seed);
    script.write(0, sector_of('o') + sector_of('o'));
    script.sync();
    script.write(0, sector_of('n') + sector_of('n') + sector_of('n'));
    script.file.lose_power(at(100), script.faults, script.damage);
    const std::string left = script.live();
    CHECK_EQ(left, script.durable_at(at(1000)));
    REQUIRE((left.size() == 2 * kSectorBytes || left.size() == 3 * kSectorBytes));
    (left.size() == 3 * kSectorBytes ? grown : not_grown) = true;
    const std::string first = left.substr(0, kSectorBytes);
    old_seen = old_seen || first == sector_of('o');
    new_seen = new_seen || first == sector_of('n');
    torn_seen = torn_seen || (first != sector_of('o') && first != sector_of('n'));
    seen.insert(first.substr(0, 1) + left.substr(kSectorBytes, 1));
  }
  CHECK(old_seen);
  CHECK(new_seen);
  CHECK(torn_seen);
  CHECK(grown);
  CHECK(not_grown);
  for (const char* subset : {"oo", "on", "no", "nn"}) CHECK_EQ(seen.count(subset), 1);
}

PROPERTY("after a power loss each sector is one of its versions since the last sync, or a mixture of them") {
  property_tests::property("sectors", [] {
    constexpr std::size_t kSectors = 6;
    InodeScript script(*rc::gen::arbitrary<std::uint64_t>());
    const bool tears = *rc::gen::arbitrary<bool>();
    script.faults.torn_sector_per_million = tears ? 500'000 : 0;
    script.faults.mixed_write_per_million = *rc::gen::element<std::uint32_t>(0, 500'000, 1'000'000);
    script.faults.lost_sector_per_million = *rc::gen::element<std::uint32_t>(0, 500'000, 1'000'000);
    // versions[s]: what sector s may hold; the first is the durable one.
    std::vector<std::vector<std::string>> versions(kSectors, {sector_of('\0')});
    script.write(0, std::string(kSectors * kSectorBytes, '\0'));
    script.sync();
    const int steps = *rc::gen::inRange(0, 12);
    for (int i = 0; i < steps; ++i) {
      if (*rc::gen::inRange(0, 5) == 0) {
        script.sync();
        for (auto& sector : versions) sector = {sector.back()};
        continue;
      }
      const std::size_t first = *rc::gen::inRange<std::size_t>(0, kSectors);
      const std::size_t count = *rc::gen::inRange<std::size_t>(1, kSectors - first + 1);
      std::string bytes;
      for (std::size_t s = first; s < first + count; ++s) {
        std::string content = sector_of(static_cast<char>('a' + i));
        content[100] = '=';  // the same in every version but the first
        versions[s].push_back(content);
        bytes += content;
      }
      script.write(first * kSectorBytes, bytes);
    }
    script.file.lose_power(at(script.calls * 10 + 9), script.faults, script.damage);
    const std::string left = script.live();
    RC_ASSERT(left.size() == kSectors * kSectorBytes);
    for (std::size_t s = 0; s < kSectors; ++s) {
      const std::string sector = left.substr(s * kSectorBytes, kSectorBytes);
      const auto& legal = versions[s];
      const bool is_whole = std::find(legal.begin(), legal.end(), sector) != legal.end();
      if (!tears || legal.size() == 1) RC_ASSERT(is_whole);
      for (std::size_t i = 0; i < kSectorBytes; ++i) {  // where all agree, nothing changes
        const bool agree = std::all_of(legal.begin(), legal.end(), [&](const auto& v) { return v[i] == legal[0][i]; });
        if (agree) RC_ASSERT(sector[i] == legal[0][i]);
      }
    }
  });
}

PROPERTY("what the file reads is what a plain string would hold, whatever is settled in between") {
  property_tests::property("reads", [] {
    InodeScript script(1);
    std::string model;
    const int steps = *rc::gen::inRange(0, 40);
    for (int i = 0; i < steps; ++i) {
      const int kind = *rc::gen::inRange(0, 8);
      if (kind == 0) {
        script.sync();
      } else if (kind == 1) {
        const std::size_t size = *rc::gen::inRange<std::size_t>(0, 30'000);
        script.truncate(size);
        model.resize(size);
      } else if (kind == 2) {
        static_cast<void>(script.failed_sync(500'000));
      } else if (kind == 3) {
        script.file.settle(at(script.calls * 10));
      } else {
        const std::size_t offset = *rc::gen::inRange<std::size_t>(0, 30'000);
        const std::string text(*rc::gen::inRange<std::size_t>(1, 9'000), kind == 4 ? '\0' : static_cast<char>('a' + i % 26));
        script.write(offset, text);
        if (model.size() < offset + text.size()) model.resize(offset + text.size());
        model.replace(offset, text.size(), text);
      }
      RC_ASSERT(script.live() == model);
    }
    script.file.kill(at(script.calls * 10 + 9), script.damage);
    RC_ASSERT(script.live() == model);
    script.sync();
  });
}

TEST_CASE("a failed sync leaves pages that look clean and are not on the disk") {
  InodeScript script;
  script.write(0, sector_of('o') + sector_of('o') + sector_of('o'));
  script.sync();
  script.write(0, sector_of('n') + sector_of('n') + sector_of('n'));
  CHECK_EQ(script.failed_sync(1'000'000), 0);          // nothing reached the disk, and nobody sees that
  script.write(kSectorBytes + 7, "x");                 // its sector is written whole
  script.sync();                                       // succeeds, and proves nothing about the others
  CHECK_EQ(script.live().substr(0, kSectorBytes), sector_of('n'));
  std::string middle = sector_of('n');
  middle[7] = 'x';
  CHECK_EQ(script.durable_at(at(1000)), sector_of('o') + middle + sector_of('o'));

  SUBCASE("a killed process finds them in the page cache") {
    script.file.kill(at(1000), script.damage);
    CHECK_EQ(script.live(), sector_of('n') + middle + sector_of('n'));
    CHECK_EQ(script.durable_at(at(1001)), sector_of('o') + middle + sector_of('o'));
  }
  SUBCASE("a power loss brings it to light") {
    script.file.lose_power(at(1000), script.faults, script.damage);
    CHECK_EQ(script.live(), sector_of('o') + middle + sector_of('o'));
    CHECK_EQ(script.damage.dropped_sectors, 2);
  }
}

TEST_CASE("after a failed sync that reverts reads have what the disk has, and it stays that way") {
  InodeScript script;
  script.write(0, sector_of('o') + sector_of('o'));
  script.sync();
  script.write(0, sector_of('n') + sector_of('n') + sector_of('n'));
  CHECK_EQ(script.failed_sync(1'000'000, AfterFailedSync::reverted), 3);
  const std::string reverted = sector_of('o') + sector_of('o') + sector_of('\0');
  CHECK_EQ(script.live(), reverted);  // the journal has made it longer all the same

  SUBCASE("a later sync succeeds and brings nothing back, and a power loss finds nothing to take") {
    script.write(kSectorBytes, "x");
    script.sync();
    const std::string after = reverted.substr(0, kSectorBytes) + "x" + reverted.substr(kSectorBytes + 1);
    CHECK_EQ(script.live(), after);
    CHECK_EQ(script.durable_at(at(1000)), after);
    script.file.lose_power(at(1000), script.faults, script.damage);
    CHECK_EQ(script.live(), after);
    CHECK_EQ(script.damage.dropped_sectors, 0);
  }
  SUBCASE("a process that is killed before the error has come has written what it has written") {
    script.file.kill(at(script.calls * 10 + 2), script.damage);
    CHECK_EQ(script.live(), sector_of('n') + sector_of('n') + sector_of('n'));
  }
  SUBCASE("a process that is killed later finds what the disk has") {
    script.file.kill(at(1000), script.damage);
    CHECK_EQ(script.live(), reverted);
  }
  SUBCASE("it takes along what an earlier failed sync had left in the page cache") {
    script.write(0, "12");
    CHECK_EQ(script.failed_sync(1'000'000), 0);
    script.write(1, "3");
    CHECK_EQ(script.live().substr(0, 3), "13o");
    CHECK_EQ(script.failed_sync(1'000'000, AfterFailedSync::reverted), 1);
    CHECK_EQ(script.live(), reverted);
  }
}

TEST_CASE("of a failed sync that reverts any subset of sectors has reached the disk, and reads say which") {
  rc::check([](std::uint64_t seed) {
    InodeScript script(seed);
    script.write(0, sector_of('o') + sector_of('o') + sector_of('o') + sector_of('o'));
    script.sync();
    script.write(100, std::string(3 * kSectorBytes, 'n'));
    const std::uint64_t reverted = script.failed_sync(500'000, AfterFailedSync::reverted);
    RC_ASSERT(reverted <= 4U);
    const std::string seen = script.live();
    RC_ASSERT(script.durable_at(at(1000)) == seen);
    script.file.lose_power(at(1000), script.faults, script.damage);
    RC_ASSERT(script.live() == seen);
  });
}

TEST_CASE("a file system that keeps sizes keeps them all, and loses bytes as before") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    InodeScript script(seed);
    script.write(0, sector_of('a') + sector_of('b'));
    script.truncate(10);
    script.write(10, sector_of('c'));
    script.faults.kept_size_per_million = 1'000'000;
    script.file.lose_power(at(1000), script.faults, script.damage);
    CHECK_EQ(script.file.size(), 10 + kSectorBytes);
    CHECK_EQ(script.damage.lost_sizes, 0);
  }
}

TEST_CASE("a misdirected write looks right until the power goes, and rot shows at once") {
  InodeScript script;
  script.write(0, sector_of('a') + sector_of('b') + sector_of('c'));
  script.sync();
  script.file.write(script.next(), 0, base::as_bytes(sector_of('n')), 2 * kSectorBytes);
  script.sync();
  CHECK_EQ(script.live(), sector_of('n') + sector_of('b') + sector_of('c'));
  script.file.kill(at(500), script.damage);
  CHECK_EQ(script.live(), sector_of('n') + sector_of('b') + sector_of('c'));
  script.file.lose_power(at(1000), script.faults, script.damage);
  CHECK_EQ(script.live(), sector_of('a') + sector_of('b') + sector_of('n'));

  script.file.flip_bit(600, 0);
  CHECK_EQ(script.live()[600], 'b' ^ 1);
  CHECK_EQ(script.durable_at(at(1000))[600], 'b' ^ 1);
}

TEST_CASE("what was promised is known beside what a spoilt disk holds") {
  InodeScript script;
  const auto promised = [&](VirtualTime now) {
    script.file.settle(now);
    std::string bytes(static_cast<std::size_t>(script.file.promised().size()), '?');
    script.file.promised().read(0, base::as_writable_bytes(bytes));
    return bytes;
  };
  const auto is_intact = [&](std::uint64_t sector) { return script.file.is_intact(sector * kSectorBytes, kSectorBytes); };
  script.write(0, sector_of('a') + sector_of('b') + sector_of('c'));
  script.sync();
  CHECK(script.file.is_intact(0, 10 * kSectorBytes));
  script.file.write(script.next(), 0, base::as_bytes(sector_of('n')), 2 * kSectorBytes);
  CHECK_EQ(promised(at(100)), sector_of('a') + sector_of('b') + sector_of('c'));  // of what no sync has covered nothing is promised
  script.sync();
  CHECK_EQ(promised(at(100)), sector_of('n') + sector_of('b') + sector_of('c'));
  CHECK_FALSE(is_intact(0));
  CHECK(is_intact(1));
  CHECK_FALSE(is_intact(2));
  CHECK_FALSE(script.file.is_intact(0, 3 * kSectorBytes));

  SUBCASE("a crash changes neither") {
    script.file.lose_power(at(1000), script.faults, script.damage);
    CHECK_EQ(promised(at(1000)), sector_of('n') + sector_of('b') + sector_of('c'));
    CHECK_EQ(script.live(), sector_of('a') + sector_of('b') + sector_of('n'));
    CHECK_FALSE(is_intact(0));
  }
  SUBCASE("what is written again is intact, once it is durable") {
    script.write(0, sector_of('x'));
    CHECK_FALSE(is_intact(0));
    script.sync();
    script.file.settle(at(100));
    CHECK(is_intact(0));
    CHECK_FALSE(is_intact(2));
  }
  SUBCASE("a bit that rots is one more") {
    script.file.flip_bit(600, 3);
    CHECK_FALSE(is_intact(1));
    CHECK_EQ(promised(at(100))[600], 'b');
  }
  SUBCASE("a bit that rots under what is not synced yet goes with the next sync") {
    script.write(kSectorBytes, sector_of('x'));
    script.file.flip_bit(600, 3);
    CHECK_EQ(script.live()[600], 'x');
    CHECK_FALSE(is_intact(1));
    script.sync();
    script.file.settle(at(100));
    CHECK(is_intact(1));
  }
  SUBCASE("what a failed sync left behind is as little promised as before") {
    script.write(kSectorBytes, sector_of('y'));
    script.failed_sync(1'000'000);
    CHECK_EQ(promised(at(100)).substr(kSectorBytes), sector_of('b') + sector_of('c'));
    CHECK(is_intact(1));
  }
}

TEST_CASE("a truncate that was not synced may or may not have come through, before or with later growth") {
  std::set<std::size_t> sizes;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    InodeScript script(seed);
    script.write(0, std::string(1000, 'a'));
    script.sync();
    script.truncate(10);
    script.write(10, std::string(490, 'b'));
    script.file.lose_power(at(1000), script.faults, script.damage);
    sizes.insert(script.live().size());
    CHECK_EQ(script.live().substr(0, 10), std::string(10, 'a'));
  }
  CHECK_EQ(sizes, std::set<std::size_t>{1000, 10, 500});
}

}  // namespace io::sim

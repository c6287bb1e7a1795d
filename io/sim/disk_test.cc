#include "io/sim/disk.h"

#include <chrono>
#include <set>

#include "io/sim/simulation.h"
#include "io/sim/test_programs.h"
#include "property_tests/property.h"

namespace io::sim {

using namespace std::chrono_literals;
using testing::TestJob;
using testing::Waiter;

namespace {

// A file of `size` zeros, durable with its name.
void make_file(Simulation& sim, Node& node, std::string_view path, std::size_t size) {
  io::Disk& disk = node.world().disk;
  const auto file = std::move(*disk.open_page_file(path, Open::create));
  REQUIRE(file->write(0, base::as_bytes(std::string(size, '\0'))));
  REQUIRE(file->sync());
  REQUIRE(disk.sync_directory(""));
  sim.run_for(1s);
}

std::string read_file(Node& node, std::string_view path) {
  const auto file = std::move(*node.world().disk.open_page_file(path, Open::existing));
  std::string bytes(static_cast<std::size_t>(*file->size()), '?');
  CHECK_EQ(*file->read(0, base::as_writable_bytes(bytes)), bytes.size());
  return bytes;
}

}  // namespace

TEST_CASE("a crash falls between any two disk calls of a job") {
  // The job writes one letter after another, each synced; a crash at any time leaves a beginning.
  std::set<std::size_t> lengths;
  for (int step = 0; step < 200; ++step) {
    Simulation sim(static_cast<std::uint64_t>(step));
    Node& node = sim.add_node("m1");
    make_file(sim, node, "f", 8);
    {
      auto queue = node.world().workers.open_queue("store");
      std::unique_ptr<io::PageFile> file;
      TestJob job([&] {
        file = std::move(*node.world().disk.open_page_file("f", Open::existing));
        for (std::size_t i = 0; i < 8; ++i) {
          CHECK(file->write(i, base::as_bytes("abcdefgh").subspan(i, 1)));
          CHECK(file->sync());
        }
      });
      queue->submit(job);
      CHECK(sim.run_until([&] { return job.runs == 1; }, 1s));
      sim.run_for(std::chrono::microseconds(20 * step));
      const CrashReport report = node.crash(CrashKind::power_loss);
      CHECK_EQ(report.running_jobs.size(), job.finishes == 0 ? 1 : 0);
    }
    node.restart();
    const std::string left = read_file(node, "f");
    const std::size_t length = std::min(left.find('\0'), left.size());
    CHECK_EQ(left, std::string("abcdefgh").substr(0, length) + std::string(8 - length, '\0'));
    lengths.insert(length);
  }
  CHECK_EQ(lengths.size(), 9);
}

TEST_CASE("after a crash every call fails, has no effect, and nothing completes") {
  Simulation sim(1);
  Node& node = sim.add_node("m1");
  make_file(sim, node, "f", 512);
  Waiter in_flight, after;
  {
    io::Disk& disk = node.world().disk;
    auto log = std::move(*disk.open_log_file("f"));
    auto page = std::move(*disk.open_page_file("f", Open::existing));
    log->write(0, base::as_bytes("x"), in_flight);
    node.crash(CrashKind::process_kill);
    log->write(0, base::as_bytes("y"), after);
    log->sync(after);
    std::string byte(1, '?');
    CHECK_EQ(page->read(0, base::as_writable_bytes(byte)).error().code, base::Code::io);
    CHECK_FALSE(page->write(0, base::as_bytes("z")));
    CHECK_FALSE(page->sync());
    CHECK_FALSE(page->truncate(0));
    CHECK_FALSE(page->size());
    CHECK_FALSE(disk.create_directory("d"));
    CHECK_FALSE(disk.remove("f"));
    CHECK_FALSE(disk.exists("f"));
    CHECK_FALSE(disk.list(""));
    CHECK_FALSE(disk.open_log_file("f"));
    sim.run_for(10s);
    CHECK_FALSE(in_flight.done());
    CHECK_FALSE(after.done());
  }
  node.restart();
  CHECK_EQ(read_file(node, "f").size(), 512);
  CHECK(read_file(node, "f")[0] != 'y');
  CHECK_FALSE(*node.world().disk.exists("d"));
}

TEST_CASE("requests behind a failed one on a log file fail too") {
  Simulation sim(1);
  Node& node = sim.add_node("m1");
  make_file(sim, node, "f", 4096);
  auto log = std::move(*node.world().disk.open_log_file("f"));
  Waiter good, bad_sync, write, sync;
  log->write(0, base::as_bytes("good"), good);
  node.disk_faults().sync_error_per_million = 1'000'000;
  node.disk_faults().dropped_sector_per_million = 1'000'000;
  log->sync(bad_sync);
  node.disk_faults().sync_error_per_million = 0;
  log->write(512, base::as_bytes("late"), write);
  log->sync(sync);
  CHECK(sim.run_until([&] { return sync.done(); }, 1s));
  CHECK(good.ok());
  for (Waiter* failed : {&bad_sync, &write, &sync}) CHECK_EQ((*failed->status).error().code, base::Code::io);
  CHECK_EQ(sim.counters()[FaultKind::disk_sync_error], 1);
  log.reset();

  // The page cache still shows it, a new process syncs without an error, and it is not durable.
  node.crash(CrashKind::process_kill);
  node.restart();
  CHECK_EQ(read_file(node, "f").substr(0, 4), "good");
  {
    const auto page = std::move(*node.world().disk.open_page_file("f", Open::existing));
    CHECK(page->sync());
  }
  sim.run_for(1s);
  CHECK_EQ(node.durable_bytes("f", 0, 4), std::string(4, '\0'));
  CHECK_FALSE(node.is_durable("f"));
  node.crash(CrashKind::power_loss);
  node.restart();
  CHECK_EQ(read_file(node, "f"), std::string(4096, '\0'));
  CHECK(node.is_durable("f"));
  CHECK_EQ(sim.counters()[FaultKind::disk_dropped_page], 1);
}

TEST_CASE("a failed sync is told once, to whichever handle asked: the one that wrote may never hear of it") {
  Simulation sim(1);
  Node& node = sim.add_node("m1");
  make_file(sim, node, "f", 512);
  const auto writer = std::move(*node.world().disk.open_page_file("f", Open::existing));
  const auto other = std::move(*node.world().disk.open_page_file("f", Open::existing));
  CHECK(writer->write(0, base::as_bytes("new")));
  node.disk_faults().sync_error_per_million = 1'000'000;
  node.disk_faults().dropped_sector_per_million = 1'000'000;
  CHECK_FALSE(other->sync());
  node.disk_faults().sync_error_per_million = 0;
  CHECK(writer->sync());
  CHECK_EQ(read_file(node, "f").substr(0, 3), "new");
  sim.run_for(1s);
  CHECK_EQ(node.durable_bytes("f", 0, 3), std::string(3, '\0'));
}

TEST_CASE("a failed sync may revert the file to what the disk has, which counts where reads see it") {
  Simulation sim(1);
  Node& node = sim.add_node("m1");
  make_file(sim, node, "f", 1024);
  auto file = std::move(*node.world().disk.open_page_file("f", Open::existing));
  CHECK(file->write(0, base::as_bytes("new")));
  node.disk_faults().sync_error_per_million = 1'000'000;
  node.disk_faults().dropped_sector_per_million = 1'000'000;
  node.disk_faults().reverted_sync_per_million = 1'000'000;
  CHECK_FALSE(file->sync());
  node.disk_faults().sync_error_per_million = 0;
  CHECK_EQ(read_file(node, "f"), std::string(1024, '\0'));
  CHECK_EQ(sim.counters()[FaultKind::disk_reverted_page], 1);
  CHECK(file->sync());
  file.reset();
  node.crash(CrashKind::power_loss);
  node.restart();
  CHECK_EQ(sim.counters()[FaultKind::disk_dropped_page], 0);
}

TEST_CASE("a full disk refuses growth, creation and renames, and nothing else") {
  Simulation sim(1);
  Node& node = sim.add_node("m1");
  make_file(sim, node, "f", 1024);
  io::Disk& disk = node.world().disk;
  const auto page = std::move(*disk.open_page_file("f", Open::existing));
  node.disk_faults().is_full = true;
  CHECK_EQ(page->write(1000, base::as_bytes(std::string(100, 'x'))).error().code, base::Code::no_space);
  CHECK_EQ(page->write(1024, base::as_bytes("x")).error().code, base::Code::no_space);
  CHECK_EQ(page->truncate(2048).error().code, base::Code::no_space);
  CHECK_EQ(disk.open_page_file("g", Open::create).error().code, base::Code::no_space);
  CHECK_EQ(disk.create_directory("d").error().code, base::Code::no_space);
  CHECK_EQ(disk.rename("f", "g").error().code, base::Code::no_space);
  CHECK(page->write(0, base::as_bytes(std::string(1024, 'y'))));
  CHECK(page->truncate(1000));
  CHECK(page->sync());
  CHECK_EQ(*disk.list(""), std::vector<std::string>{"f"});
  CHECK_EQ(sim.counters()[FaultKind::disk_no_space], 6);
  node.disk_faults().is_full = false;
  CHECK(disk.rename("f", "g"));
  CHECK(disk.remove("g"));
}

TEST_CASE("a call that fails says so, and a failed write leaves at most a beginning") {
  Simulation sim(1);
  Node& node = sim.add_node("m1");
  make_file(sim, node, "f", 100);
  io::Disk& disk = node.world().disk;
  const auto page = std::move(*disk.open_page_file("f", Open::existing));
  node.disk_faults().write_error_per_million = 1'000'000;
  CHECK_EQ(page->write(0, base::as_bytes(std::string(100, 'x'))).error().code, base::Code::io);
  node.disk_faults().write_error_per_million = 0;
  std::string left(100, '?');
  CHECK(page->read(0, base::as_writable_bytes(left)));
  const std::size_t length = left.find('\0');
  REQUIRE(length < 100);
  CHECK_EQ(left, std::string(length, 'x') + std::string(100 - length, '\0'));
  node.disk_faults().read_error_per_million = 1'000'000;
  CHECK_EQ(page->read(0, base::as_writable_bytes(left)).error().code, base::Code::io);
  node.disk_faults().metadata_error_per_million = 1'000'000;
  CHECK_EQ(disk.exists("f").error().code, base::Code::io);
  node.disk_faults().sync_error_per_million = 1'000'000;
  CHECK_EQ(disk.sync_directory("").error().code, base::Code::io);
}

TEST_CASE("a read on the loop makes the member's next turn start later") {
  Simulation sim(1);
  Node& node = sim.add_node("m1");
  make_file(sim, node, "f", 8192);
  node.disk_faults().read = {3ms, 3ms};
  const auto page = std::move(*node.world().disk.open_page_file("f", Open::existing));
  sim.run_for(1s);
  std::vector<base::Duration> at;
  std::string buffer(8192, '?');
  testing::TestTimer first([&] {
    CHECK(page->read(0, base::as_writable_bytes(buffer)));
    at.push_back(sim.now().since_start());
  });
  testing::TestTimer second([&] { at.push_back(sim.now().since_start()); });
  const base::Instant start = node.world().clock.now();
  node.world().clock.arm(first, start + 1ms);
  node.world().clock.arm(second, start + 2ms);
  CHECK(sim.run_until([&] { return at.size() == 2; }, 1s));
  CHECK((at[1] - at[0]) >= 3ms);
}

TEST_CASE("hung calls delay what waits behind them, and count when they complete") {
  Simulation sim(1);
  Node& node = sim.add_node("m1");
  make_file(sim, node, "f", 1024);
  auto log = std::move(*node.world().disk.open_log_file("f"));
  node.disk_faults().hung_per_million = 1'000'000;
  Waiter first, second;
  log->write(0, base::as_bytes("x"), first);
  node.disk_faults().hung_per_million = 0;
  log->sync(second);
  sim.run_for(4s);
  CHECK_FALSE(first.done());
  CHECK_EQ(sim.counters()[FaultKind::disk_hung], 0);
  CHECK(sim.run_until([&] { return second.done(); }, 100s));
  CHECK_EQ(sim.counters()[FaultKind::disk_hung], 1);
  CHECK(second.ok());
}

}  // namespace io::sim

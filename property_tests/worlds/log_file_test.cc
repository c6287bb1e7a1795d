// The contract of io/disk.h, log files.
#include <algorithm>
#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "property_tests/property.h"
#include "property_tests/worlds/probes.h"
#include "property_tests/worlds/world_under_test.h"

namespace property_tests::worlds {

namespace {

std::unique_ptr<io::LogFile> make_log_file(io::Disk& disk, const std::string& path) {
  REQUIRE(disk.open_page_file(path, io::Open::create).has_value());
  auto file = disk.open_log_file(path);
  REQUIRE(file.has_value());
  return std::move(*file);
}

std::string bytes_of(io::Disk& disk, const std::string& path) {
  const auto file = disk.open_page_file(path, io::Open::existing);
  REQUIRE(file.has_value());
  std::string bytes(*(*file)->size(), '\0');
  REQUIRE_EQ(*(*file)->read(0, base::as_writable_bytes(bytes)), bytes.size());
  return bytes;
}

}  // namespace

TEST_CASE("log file: it must exist") {
  const auto world = make_world();
  const auto file = world->member().disk.open_log_file("missing");
  REQUIRE_FALSE(file.has_value());
  CHECK_EQ(file.error().code, base::Code::not_found);
}

TEST_CASE("log file: requests complete in their order, each once, never inside the call") {
  const auto world = make_world();
  io::Disk& disk = world->member().disk;
  const auto file = make_log_file(disk, "log");
  std::string trace;
  bool is_calling = false;
  CompletionProbe write_one([&] { trace += is_calling ? "inside " : "write-one "; });
  CompletionProbe sync_one([&] { trace += is_calling ? "inside " : "sync-one "; });
  CompletionProbe write_two([&] { trace += is_calling ? "inside " : "write-two "; });
  CompletionProbe sync_two([&] { trace += is_calling ? "inside " : "sync-two "; });
  const std::string first = "first ";
  const std::string second = "second";
  const InTurn turn(world->member().clock, [&] {
    is_calling = true;
    file->write(0, base::as_bytes(first), write_one);
    file->sync(sync_one);
    file->write(first.size(), base::as_bytes(second), write_two);
    file->sync(sync_two);
    is_calling = false;
    trace += "asked ";
  });
  REQUIRE(world->run_until([&] { return sync_two.completed > 0; }));
  world->settle();
  CHECK_EQ(trace, "asked write-one sync-one write-two sync-two ");
  for (const CompletionProbe* each : {&write_one, &sync_one, &write_two, &sync_two}) CHECK(each->status.has_value());
  CHECK_EQ(bytes_of(disk, "log"), "first second");
}

TEST_CASE("log file: a completion may ask for more, and may be the last use of the file") {
  const auto world = make_world();
  io::Disk& disk = world->member().disk;
  auto file = make_log_file(disk, "log");
  const std::string data = "data";
  CompletionProbe sync;
  CompletionProbe write;
  write.action = [&] { file->sync(sync); };
  sync.action = [&] { file.reset(); };
  file->write(0, base::as_bytes(data), write);
  REQUIRE(world->run_until([&] { return sync.completed > 0; }));
  CHECK(sync.status.has_value());
  CHECK_EQ(file, nullptr);
}

TEST_CASE("log file: a write beyond the end leaves zeros before it") {
  const auto world = make_world();
  io::Disk& disk = world->member().disk;
  const auto file = make_log_file(disk, "log");
  const std::string data = "end";
  CompletionProbe write;
  file->write(5, base::as_bytes(data), write);
  REQUIRE(world->run_until([&] { return write.completed > 0; }));
  CHECK_EQ(bytes_of(disk, "log"), std::string(5, '\0') + "end");
}

// Property: many overlapping writes in flight on two files leave what performing them in order would leave.
PROPERTY("log file: the order of requests on a file is the order of their effects") {
  property("log file order", [] {
    struct Write {
      std::size_t file;
      std::size_t offset;
      std::string data;
    };
    const auto choices = *rc::gen::container<std::vector<std::tuple<int, int, int, char>>>(
        rc::gen::tuple(rc::gen::inRange(0, 2), rc::gen::inRange(0, 64), rc::gen::inRange(1, 32), rc::gen::inRange('a', 'z')));

    const auto world = make_world();
    io::Disk& disk = world->member().disk;
    const std::unique_ptr<io::LogFile> files[] = {make_log_file(disk, "one"), make_log_file(disk, "two")};
    std::string models[2];
    std::vector<Write> writes;
    for (const auto& [file, offset, size, letter] : choices) {
      writes.push_back(Write{static_cast<std::size_t>(file), static_cast<std::size_t>(offset),
                             std::string(static_cast<std::size_t>(size), letter)});
    }
    std::deque<CompletionProbe> completions;
    std::vector<std::size_t> completed[2];
    std::vector<std::size_t> expected[2];
    for (std::size_t i = 0; i < writes.size(); ++i) {
      const Write& write = writes[i];
      std::string& model = models[write.file];
      model.resize(std::max(model.size(), write.offset + write.data.size()), '\0');
      model.replace(write.offset, write.data.size(), write.data);
      expected[write.file].push_back(i);
      std::vector<std::size_t>& seen = completed[write.file];
      completions.emplace_back([&seen, i] { seen.push_back(i); });
      files[write.file]->write(write.offset, base::as_bytes(write.data), completions.back());
    }
    RC_ASSERT(world->run_until([&] { return completed[0].size() + completed[1].size() == writes.size(); }));
    RC_ASSERT(completed[0] == expected[0]);
    RC_ASSERT(completed[1] == expected[1]);
    RC_ASSERT(bytes_of(disk, "one") == models[0]);
    RC_ASSERT(bytes_of(disk, "two") == models[1]);
  });
}

}  // namespace property_tests::worlds

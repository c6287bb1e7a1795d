// The contract of io/disk.h, names and directories.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "property_tests/worlds/world_under_test.h"

namespace property_tests::worlds {

namespace {

using Names = std::vector<std::string>;

void make_file(io::Disk& disk, const std::string& path, const std::string& content) {
  const auto file = disk.open_page_file(path, io::Open::create);
  REQUIRE(file.has_value());
  REQUIRE((*file)->write(0, base::as_bytes(content)).has_value());
}

std::string content(io::Disk& disk, const std::string& path) {
  const auto file = disk.open_page_file(path, io::Open::existing);
  if (!file) return std::string(base::to_text(file.error().code));
  std::string bytes(*(*file)->size(), '\0');
  REQUIRE((*file)->read(0, base::as_writable_bytes(bytes)).has_value());
  return bytes;
}

Names list(io::Disk& disk, const std::string& path) {
  const auto names = disk.list(path);
  return names ? *names : Names{std::string(base::to_text(names.error().code))};
}

std::string outcome(const base::Status& status) {
  return status ? "ok" : std::string(base::to_text(status.error().code));
}

bool exists(io::Disk& disk, const std::string& path) {
  const base::Result<bool> answer = disk.exists(path);
  REQUIRE(answer.has_value());
  return *answer;
}

}  // namespace

TEST_CASE("directory: a new member has an empty data directory") {
  const auto world = make_world();
  CHECK_EQ(list(world->member().disk, ""), Names{});
  CHECK(exists(world->member().disk, ""));
  CHECK_EQ(outcome(world->member().disk.sync_directory("")), "ok");
}

TEST_CASE("directory: creating one is no error when it exists, and needs its parent") {
  const auto world = make_world();
  io::Disk& disk = world->member().disk;
  CHECK_EQ(outcome(disk.create_directory("wal")), "ok");
  CHECK_EQ(outcome(disk.create_directory("wal")), "ok");
  CHECK_EQ(outcome(disk.create_directory("wal/old")), "ok");
  CHECK_EQ(outcome(disk.create_directory("no/parent")), "not found");
  CHECK_EQ(outcome(disk.sync_directory("wal")), "ok");
  CHECK_EQ(outcome(disk.sync_directory("no")), "not found");
  CHECK_EQ(list(disk, ""), Names{"wal"});
  CHECK_EQ(list(disk, "wal"), Names{"old"});
  CHECK_EQ(list(disk, "no"), Names{"not found"});
}

TEST_CASE("directory: names are listed in bytewise order, files and directories, one level") {
  const auto world = make_world();
  io::Disk& disk = world->member().disk;
  for (const char* name : {"b", "B", "10", "9", "a.b", "a"}) make_file(disk, name, "");
  REQUIRE_EQ(outcome(disk.create_directory("c")), "ok");
  make_file(disk, "c/inner", "");
  CHECK_EQ(list(disk, ""), Names{"10", "9", "B", "a", "a.b", "b", "c"});
}

TEST_CASE("directory: a file is opened only in a directory that exists") {
  const auto world = make_world();
  const auto file = world->member().disk.open_page_file("no/file", io::Open::create);
  REQUIRE_FALSE(file.has_value());
  CHECK_EQ(file.error().code, base::Code::not_found);
}

TEST_CASE("directory: rename moves a file or a directory and replaces a file of the new name") {
  const auto world = make_world();
  io::Disk& disk = world->member().disk;
  REQUIRE_EQ(outcome(disk.create_directory("one")), "ok");
  REQUIRE_EQ(outcome(disk.create_directory("two")), "ok");
  make_file(disk, "one/a", "content of a");
  make_file(disk, "two/b", "content of b");

  CHECK_EQ(outcome(disk.rename("one/a", "two/b")), "ok");
  CHECK_EQ(list(disk, "one"), Names{});
  CHECK_EQ(list(disk, "two"), Names{"b"});
  CHECK_EQ(content(disk, "two/b"), "content of a");

  CHECK_EQ(outcome(disk.rename("two", "three")), "ok");
  CHECK_EQ(content(disk, "three/b"), "content of a");
  CHECK_EQ(content(disk, "two/b"), "not found");

  CHECK_EQ(outcome(disk.rename("one/a", "one/c")), "not found");
  CHECK_EQ(outcome(disk.rename("three/b", "no/b")), "not found");
  CHECK_EQ(content(disk, "three/b"), "content of a");
}

TEST_CASE("directory: an open handle follows its file, whatever becomes of the name") {
  const auto world = make_world();
  io::Disk& disk = world->member().disk;
  make_file(disk, "old", "before");
  const auto file = disk.open_page_file("old", io::Open::existing);
  REQUIRE(file.has_value());
  REQUIRE_EQ(outcome(disk.rename("old", "new")), "ok");
  REQUIRE((*file)->write(0, base::as_bytes("behind")).has_value());
  CHECK_EQ(content(disk, "new"), "behind");
}

TEST_CASE("directory: remove takes a file or an empty directory") {
  const auto world = make_world();
  io::Disk& disk = world->member().disk;
  REQUIRE_EQ(outcome(disk.create_directory("full")), "ok");
  make_file(disk, "full/file", "x");
  CHECK_NE(outcome(disk.remove("full")), "ok");
  CHECK_EQ(content(disk, "full/file"), "x");
  CHECK_EQ(outcome(disk.remove("full/file")), "ok");
  CHECK_FALSE(exists(disk, "full/file"));
  CHECK(exists(disk, "full"));
  CHECK_EQ(outcome(disk.remove("full")), "ok");
  CHECK_FALSE(exists(disk, "full"));
  CHECK_EQ(outcome(disk.remove("full")), "not found");
  CHECK_EQ(outcome(disk.remove("full/file")), "not found");
  CHECK_FALSE_MESSAGE(exists(disk, "full/file"), "below what is not there is nothing");
}

TEST_CASE("directory: a name made again is a new file") {
  const auto world = make_world();
  io::Disk& disk = world->member().disk;
  make_file(disk, "file", "old bytes");
  REQUIRE_EQ(outcome(disk.remove("file")), "ok");
  const auto file = disk.open_page_file("file", io::Open::create);
  REQUIRE(file.has_value());
  CHECK_EQ(*(*file)->size(), 0);
}

TEST_CASE("directory: members do not see each other's files") {
  const auto world = make_world();
  make_file(world->member().disk, "mine", "x");
  CHECK_EQ(list(world->other().disk, ""), Names{});
}

}  // namespace property_tests::worlds

#include "io/sim/volume.h"

#include <chrono>
#include <set>

#include "core/base/bytes.h"
#include "property_tests/property.h"

namespace io::sim {

namespace {

VirtualTime moment(int microseconds) { return VirtualTime(std::chrono::microseconds(microseconds)); }

struct VolumeScript {
  explicit VolumeScript(std::uint64_t seed = 1) : decisions(seed), volume(decisions) {}
  CallSpan next() {
    ++calls;
    return {moment(calls * 10), moment(calls * 10 + 5), base::mix64(0x5eed, static_cast<std::uint64_t>(calls))};
  }
  void create(std::string_view path) { REQUIRE(volume.create_file(next(), path)); }
  void create_directory(std::string_view path) { REQUIRE(volume.create_directory(next(), path)); }
  void rename(std::string_view from, std::string_view to) { REQUIRE(volume.rename(next(), from, to)); }
  void remove(std::string_view path) { REQUIRE(volume.remove(next(), path)); }
  void sync(std::string_view directory) { REQUIRE(volume.sync_directory(next(), directory)); }
  void write(std::string_view path, std::string_view text) {
    const auto file = *volume.find_file(path);
    file->write(next(), 0, base::as_bytes(text));
    file->sync(next());
  }
  std::string names(std::string_view directory = "") const {
    std::string all;
    const auto list = volume.list(directory);
    if (!list) return "none";
    for (const std::string& name : *list) all += (all.empty() ? "" : " ") + name;
    return all;
  }
  void lose_power() { volume.lose_power(moment(calls * 10 + 9), faults); }
  Decisions decisions;
  Volume volume;
  DiskFaults faults;
  int calls = 0;
};

// What may be there after a power loss, over many seeds.
template <typename Story>
std::set<std::string> outcomes(Story&& story) {
  std::set<std::string> seen;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    VolumeScript script(seed);
    story(script);
    script.lose_power();
    seen.insert(script.names());
  }
  return seen;
}

using Names = std::set<std::string>;

}  // namespace

TEST_CASE("each change of a name is kept or lost by itself until its directory is synced") {
  CHECK_EQ(outcomes([](VolumeScript& s) { s.create("a"), s.create("b"); }), Names{"", "a", "b", "a b"});
  CHECK_EQ(outcomes([](VolumeScript& s) { s.create("a"), s.create("b"), s.sync(""); }), Names{"a b"});
  CHECK_EQ(outcomes([](VolumeScript& s) { s.create("a"), s.sync(""), s.create("b"); }), Names{"a", "a b"});
  CHECK_EQ(outcomes([](VolumeScript& s) { s.create("a"), s.sync(""), s.remove("a"); }), Names{"", "a"});
  CHECK_EQ(outcomes([](VolumeScript& s) { s.create("a"), s.sync(""), s.remove("a"), s.sync(""); }), Names{""});
}

TEST_CASE("a rename is atomic") {
  CHECK_EQ(outcomes([](VolumeScript& s) { s.create("a"), s.sync(""), s.rename("a", "b"); }), Names{"a", "b"});
  CHECK_EQ(outcomes([](VolumeScript& s) { s.create("a"), s.create("b"), s.sync(""), s.rename("a", "b"); }), Names{"a b", "b"});
  CHECK_EQ(outcomes([](VolumeScript& s) { s.create("a"), s.sync(""), s.rename("a", "b"), s.rename("b", "c"); }), Names{"a", "b", "c"});
  for (std::uint64_t seed = 0; seed < 30; ++seed) {  // the replaced file is there until the new one is
    VolumeScript script(seed);
    script.create("new"), script.write("new", "n"), script.create("name"), script.write("name", "o"), script.sync("");
    script.rename("new", "name");
    script.lose_power();
    std::string byte(1, '?');
    (*script.volume.find_file("name"))->read(0, base::as_writable_bytes(byte));
    CHECK_EQ(byte, script.names() == "name" ? "n" : "o");
  }
}

TEST_CASE("a rename between directories needs both of them synced") {
  const auto story = [](VolumeScript& s) { s.create_directory("d"), s.create("a"), s.sync(""), s.rename("a", "d/a"); };
  CHECK_EQ(outcomes(story), Names{"a d", "d"});
  CHECK_EQ(outcomes([&](VolumeScript& s) { story(s), s.sync(""); }), Names{"a d", "d"});
  CHECK_EQ(outcomes([&](VolumeScript& s) { story(s), s.sync("d"), s.sync(""); }), Names{"d"});
}

TEST_CASE("a directory that is not durable takes its files along, and a full one is not removed") {
  CHECK_EQ(outcomes([](VolumeScript& s) { s.create_directory("d"), s.create("d/a"), s.sync("d"); }), Names{"", "d"});
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    VolumeScript script(seed);
    script.create_directory("d"), script.create("d/a"), script.sync("d"), script.sync("");
    script.remove("d/a"), script.remove("d");
    script.lose_power();
    if (script.names("d") == "a") CHECK_EQ(script.names(), "d");
  }
}

TEST_CASE("a killed process keeps every change it made before, and it is no more durable than it was") {
  VolumeScript script;
  script.create("a");          // 10 to 15
  script.create_directory("d");
  script.create("d/b");        // 30 to 35
  script.rename("a", "d/c");   // 40 to 45
  script.sync("");             // 50 to 55
  script.volume.kill(moment(35));
  CHECK_EQ(script.names(), "a d");
  CHECK_EQ(script.names("d"), "b");
  script.calls = 100;
  script.sync("");
  CHECK(script.volume.durable_bytes(moment(2000), "a", 0, 1).has_value());
  CHECK(script.volume.is_durable(moment(2000), "a"));
  CHECK_FALSE(script.volume.durable_bytes(moment(2000), "d/b", 0, 1).has_value());
  CHECK_FALSE(script.volume.is_durable(moment(2000), "d/b"));
  CHECK_FALSE(script.volume.is_durable(moment(2000), "d/c"));
}

// It stayed "in progress" until its time was over, so that a sync after the restart did not cover it (single, seed 1897).
TEST_CASE("a change that a kill interrupts has happened or has not, and the next sync covers it") {
  std::set<std::string> seen;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    VolumeScript script(seed);
    script.create("a"), script.sync("");
    REQUIRE(script.volume.rename({moment(100), moment(9000), 7}, "a", "b"));
    script.volume.kill(moment(200));
    script.calls = 100;
    script.sync("");
    const std::string after_kill = script.names();
    script.lose_power();
    CHECK_EQ(script.names(), after_kill);
    seen.insert(after_kill);
  }
  CHECK_EQ(seen, Names{"a", "b"});
}

TEST_CASE("mistakes are answered as a file system answers them") {
  VolumeScript script;
  script.create_directory("d"), script.create("d/a"), script.create("f");
  struct Case { const char* name; base::Status status; base::Code code; };
  const Case cases[] = {
      {"remove nothing", script.volume.remove(script.next(), "x"), base::Code::not_found},
      {"remove a full directory", script.volume.remove(script.next(), "d"), base::Code::invalid},
      {"rename nothing", script.volume.rename(script.next(), "x", "y"), base::Code::not_found},
      {"rename a directory onto a file", script.volume.rename(script.next(), "d", "f"), base::Code::invalid},
      {"rename into itself", script.volume.rename(script.next(), "d", "d/e"), base::Code::invalid},
      {"create in nothing", script.volume.create_directory(script.next(), "x/y"), base::Code::not_found},
      {"create over a file", script.volume.create_directory(script.next(), "f"), base::Code::invalid},
      {"leave the directory", script.volume.remove(script.next(), "../f"), base::Code::invalid},
      {"sync nothing", script.volume.sync_directory(script.next(), "x"), base::Code::not_found},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    REQUIRE_FALSE(c.status);
    CHECK_EQ(c.status.error().code, c.code);
  }
  CHECK(script.volume.create_directory(script.next(), "d"));  // exists already: no error
  CHECK_EQ(script.volume.find_file("d").error().code, base::Code::invalid);
  CHECK_EQ(*script.volume.exists("d/a"), true);
  CHECK_EQ(*script.volume.exists("x/a"), false);
}

TEST_CASE("what of a file is not durable can be told, and what a power loss may bring back") {
  VolumeScript script;
  script.create_directory("d");
  script.create("d/gone");
  script.create("whole");
  script.write("whole", std::string(1500, 'a'));
  script.sync("");
  script.sync("d");
  script.remove("d/gone");
  (*script.volume.find_file("whole"))->write(script.next(), 600, base::as_bytes(std::string_view("b")));
  script.create("young");
  const std::vector<FileStanding> files = script.volume.files(moment(script.calls * 10 + 9));
  REQUIRE_EQ(files.size(), 3);
  CHECK_EQ(to_text(files[0]), "d/gone  gone, and a power loss may bring it back");
  CHECK_EQ(to_text(files[1]), "whole  1500 bytes; not durable: 1 sector from 512 on");
  CHECK_EQ(files[1].durable_size, 1500);
  CHECK_EQ(to_text(files[2]), "young  0 bytes; its name is not durable");
}

}  // namespace io::sim

// The contract of io/workers.h and io/random.h.
#include <doctest/doctest.h>

#include <deque>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/base/bytes.h"
#include "property_tests/worlds/probes.h"
#include "property_tests/worlds/world_under_test.h"

namespace property_tests::worlds {

namespace {

struct JobProbe final : io::Job {
  JobProbe(Action work, Action end) : on_run(std::move(work)), on_finished(std::move(end)) {}
  void run() override { on_run(); }
  void finished() override {
    ++finished_count;
    on_finished();
  }
  Action on_run;
  Action on_finished;
  int finished_count = 0;
};

}  // namespace

TEST_CASE("workers: jobs of one queue run and finish in the order of submission, each once") {
  const auto world = make_world();
  const auto queue = world->member().workers.open_queue("store");
  constexpr int kJobCount = 50;
  // Without a lock: one job of a queue runs at a time, and the loop reads when all have finished.
  std::vector<int> ran;
  std::vector<int> finished;
  std::vector<int> expected;
  std::deque<JobProbe> jobs;
  for (int i = 0; i < kJobCount; ++i) {
    expected.push_back(i);
    jobs.emplace_back([&ran, i] { ran.push_back(i); }, [&finished, i] { finished.push_back(i); });
    queue->submit(jobs.back());
  }
  REQUIRE(world->run_until([&] { return finished.size() == kJobCount; }));
  world->settle();
  CHECK_EQ(ran, expected);
  CHECK_EQ(finished, expected);
}

TEST_CASE("workers: finished() comes on a later turn, and may submit more") {
  const auto world = make_world();
  const io::World& member = world->member();
  const auto queue = member.workers.open_queue("store");
  std::string trace;
  HookProbe end([&] { trace += "end "; });
  JobProbe second([] {}, [&] { trace += "second "; });
  JobProbe first([] {},
                 [&] {
                   trace += "first ";
                   member.loop.at_end_of_turn(end);
                   queue->submit(second);
                   trace += "submitted ";
                 });
  const InTurn turn(member.clock, [&] {
    member.loop.at_end_of_turn(end);
    queue->submit(first);
    trace += "asked ";
  });
  REQUIRE(world->run_until([&] { return second.finished_count > 0; }));
  CHECK_EQ(trace, "asked end first submitted end second ");
}

TEST_CASE("workers: a job may use the disk and draw, and what it wrote is there when it has finished") {
  const auto world = make_world();
  const io::World& member = world->member();
  const auto queue = member.workers.open_queue("store");
  std::uint64_t drawn = 0;
  bool is_written = false;
  JobProbe job(
      [&] {
        drawn = member.random.draw("test", {1});
        const auto file = member.disk.open_page_file("pages", io::Open::create);
        is_written = file && (*file)->write(0, base::as_bytes("from a job")) && (*file)->sync();
      },
      [] {});
  queue->submit(job);
  REQUIRE(world->run_until([&] { return job.finished_count > 0; }));
  CHECK(is_written);
  CHECK_NE(drawn, 0);
  const auto file = member.disk.open_page_file("pages", io::Open::existing);
  REQUIRE(file.has_value());
  CHECK_EQ(*(*file)->size(), std::string("from a job").size());
}

TEST_CASE("workers: every queue gets its work done, whatever the others do") {
  const auto world = make_world();
  const io::World& member = world->member();
  const auto one = member.workers.open_queue("one");
  const auto two = member.workers.open_queue("two");
  JobProbe last([] {}, [] {});
  JobProbe first([] {}, [&] { two->submit(last); });
  one->submit(first);
  REQUIRE(world->run_until([&] { return last.finished_count > 0; }));
}

TEST_CASE("random: different names are different numbers, and the purpose is part of the name") {
  const auto world = make_world();
  io::Random& random = world->member().random;
  std::set<std::uint64_t> numbers;
  constexpr std::uint64_t kCount = 100;
  for (std::uint64_t i = 0; i < kCount; ++i) {
    numbers.insert(random.draw("election", {i, 7}));
    numbers.insert(random.draw("token", {i, 7}));
  }
  CHECK_MESSAGE(numbers.size() == 2 * kCount, "64 bits do not collide among 200 by chance");
  bool high = false;
  bool low = false;
  for (const std::uint64_t number : numbers) {
    CHECK_LT(io::below(number, 10), 10);
    high = high || io::below(number, 2) == 1;
    low = low || io::below(number, 2) == 0;
  }
  CHECK(high);
  CHECK(low);
}

}  // namespace property_tests::worlds

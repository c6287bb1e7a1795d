#include "io/real/world.h"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <set>
#include <vector>

#include "io/real/signals.h"
#include "io/real/test_directory.h"

namespace io::real {

namespace {

struct Stopper final : SignalHandler {
  explicit Stopper(RealWorld& stopped) : world(stopped) {}
  void on_stop_signal(int signal) override {
    signals.push_back(signal);
    if (signals.size() == 2) world.stop();
  }
  RealWorld& world;
  std::vector<int> signals;
};

// Sends signals to this process from a job, that is from a helper thread.
struct SendSignals final : Job {
  void run() override {
    ::kill(::getpid(), SIGTERM);
    ::kill(::getpid(), SIGINT);
  }
  void finished() override { is_finished = true; }
  bool is_finished = false;
};

}  // namespace

TEST_CASE("SIGTERM and SIGINT arrive as inputs of the loop") {
  const DataDirectory none = DataDirectory::none();
  RealWorld real(none, {});
  Stopper stopper(real);
  const StopSignals signals(real.loop(), stopper);
  const auto queue = real.world().workers.open_queue("signals");
  SendSignals job;
  queue->submit(job);
  real.run();
  while (!job.is_finished) real.run_turn(base::Duration(-1));
  CHECK_EQ(std::multiset<int>(stopper.signals.begin(), stopper.signals.end()), std::multiset<int>{SIGINT, SIGTERM});
}

TEST_CASE("a write to a closed pipe is an error, not a death") {
  const DataDirectory none = DataDirectory::none();
  const RealWorld real(none, {});
  int ends[2] = {};
  REQUIRE(::pipe(ends) == 0);
  const Descriptor in(ends[1]);
  { const Descriptor out(ends[0]); }
  CHECK_EQ(::write(in.get(), "x", 1), -1);
  CHECK_EQ(errno, EPIPE);
}

TEST_CASE("a job in flight may be abandoned") {
  struct Nothing final : Job {
    void run() override {}
    void finished() override { is_finished = true; }
    bool is_finished = false;
  };
  const DataDirectory none = DataDirectory::none();
  RealWorld real(none, {});
  Nothing job;
  Nothing late;
  {
    const auto queue = real.world().workers.open_queue("nothing");
    queue->submit(job);
    real.abandon();
    queue->submit(late);
    real.run_turn(base::Duration(0));
  }
  CHECK_FALSE(job.is_finished);
  CHECK_FALSE(late.is_finished);
}

}  // namespace io::real

// The factory of this machine's world: two worlds on one thread, over loopback.
#include <chrono>

#include "io/real/test_directory.h"
#include "io/real/world.h"
#include "property_tests/worlds/world_under_test.h"

namespace property_tests::worlds {

namespace {

class RealWorldUnderTest final : public WorldUnderTest {
 public:
  const io::World& member() override { return one_.world(); }
  const io::World& other() override { return two_.world(); }
  io::Address address(std::uint16_t port) const override { return io::Address{"127.0.0.1", port}; }

  bool run_until(const std::function<bool()>& done) override {
    // Mostly without waiting, since it is often the other one that has something to do; yet most of a minute in all,
    // which a loaded machine may need.
    constexpr int kTurnCountMax = 2'000'000;
    constexpr int kTurnsPerWait = 50;
    for (int turn = 0; turn < kTurnCountMax; ++turn) {
      if (done()) return true;
      const bool wait = turn % kTurnsPerWait == kTurnsPerWait - 1;
      run_turns(wait ? std::chrono::milliseconds(1) : base::Duration::zero());
    }
    return done();
  }

  void settle() override {
    constexpr int kTurnCount = 20;
    for (int turn = 0; turn < kTurnCount; ++turn) run_turns(std::chrono::milliseconds(1));
  }

 private:
  // Waits in the one, then asks the other: a turn without an input costs them nothing but this.
  void run_turns(base::Duration wait) {
    one_.run_turn(wait);
    two_.run_turn(base::Duration::zero());
  }

  io::real::TestDirectory parent_;
  io::real::DataDirectory directory_one_ = *io::real::DataDirectory::open(parent_.path("one"));
  io::real::DataDirectory directory_two_ = *io::real::DataDirectory::open(parent_.path("two"));
  io::real::RealWorld one_{directory_one_, {.level = io::Level::warn}};
  io::real::RealWorld two_{directory_two_, {.level = io::Level::warn}};
};

}  // namespace

std::unique_ptr<WorldUnderTest> make_world() { return std::make_unique<RealWorldUnderTest>(); }

}  // namespace property_tests::worlds

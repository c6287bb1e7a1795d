// The factory of the simulated world: two machines of one simulation, without faults.
#include <chrono>

#include "io/sim/simulation.h"
#include "property_tests/worlds/world_under_test.h"

namespace property_tests::worlds {

namespace {

class SimWorldUnderTest final : public WorldUnderTest {
 public:
  const io::World& member() override { return one_.world(); }
  const io::World& other() override { return two_.world(); }
  io::Address address(std::uint16_t port) const override { return io::Address{"one", port}; }
  bool run_until(const std::function<bool()>& done) override { return simulation_.run_until(done, std::chrono::minutes(10)); }
  void settle() override { simulation_.run_for(std::chrono::seconds(2)); }

 private:
  static constexpr std::uint64_t kSeed = 1;
  io::sim::Simulation simulation_{kSeed};
  io::sim::Node& one_ = simulation_.add_node("one");
  io::sim::Node& two_ = simulation_.add_node("two");
};

}  // namespace

std::unique_ptr<WorldUnderTest> make_world() { return std::make_unique<SimWorldUnderTest>(); }

}  // namespace property_tests::worlds

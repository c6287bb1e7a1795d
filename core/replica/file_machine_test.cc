#include "core/replica/file_machine.h"

#include <doctest/doctest.h>

#include <chrono>
#include <optional>
#include <string_view>

#include "core/replica/counter_machine.h"
#include "io/sim/simulation.h"

namespace replica {

using namespace std::chrono_literals;

namespace {

struct FileMachineFixture final : StateMachineListener, io::Completion {
  explicit FileMachineFixture(std::uint64_t write_after_bytes) : machine(node.world(), write_after_bytes) {
    machine.open({base::StoreGeneration(1), base::LogIndex()}, base::LogIndex(1), *this, *this);
    REQUIRE(sim.run_until([&] { return is_open; }, 1s));
  }
  void apply(std::string_view bytes) { REQUIRE(machine.apply({{base::Term(1), machine.applied().next()}, {}, bytes}, nullptr)); }
  void complete(base::Status status) override {
    REQUIRE(status);
    is_open = true;
  }
  void on_durable(const base::StoreMark& mark) override { durable = mark.applied; }
  void on_room() override { unmaterialised_at_room = machine.unmaterialised_bytes(); }
  void on_failed(const base::Error& error) override { failed = error.code; }

  io::sim::Simulation sim{1};
  io::sim::Node& node = sim.add_node("m1");
  testing::CounterMachine machine;
  bool is_open = false;
  base::LogIndex durable;
  std::uint64_t unmaterialised_at_room = 0;
  std::optional<base::Code> failed;
};

}  // namespace

TEST_CASE("the file is written anew whenever enough has been applied") {
  FileMachineFixture f(4);
  f.apply("123");
  f.sim.run_for(1s);
  CHECK_EQ(f.durable, base::LogIndex());
  f.apply("4");
  f.sim.run_for(1s);
  CHECK_EQ(f.durable, base::LogIndex(2));
  CHECK_EQ(f.machine.unmaterialised_bytes(), 0);
}

TEST_CASE("what has become due while a file was written is written behind it, without another command") {
  FileMachineFixture f(4);
  f.apply("1234");
  f.apply("56789");
  CHECK_EQ(f.machine.unmaterialised_bytes(), 5);  // where apply may pause
  REQUIRE(f.sim.run_until([&] { return f.durable == base::LogIndex(1); }, 1s));
  REQUIRE(f.sim.run_until([&] { return f.durable == base::LogIndex(2); }, 1s));
  CHECK_EQ(f.unmaterialised_at_room, 0);
}

TEST_CASE("a file that cannot be written is the end of the store") {
  FileMachineFixture f(4);
  f.node.disk_faults().is_full = true;
  f.apply("1234");
  REQUIRE(f.sim.run_until([&] { return f.failed.has_value(); }, 1s));
  CHECK_EQ(*f.failed, base::Code::no_space);
  CHECK_EQ(f.durable, base::LogIndex());
}

}  // namespace replica

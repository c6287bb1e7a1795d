// A group in which some members are of a later version that says more, while it is upgraded (docs/formats/peer.md, "Messages").
#include <doctest/doctest.h>

#include <set>

#include "core/peer/test_members.h"

namespace peer {

using testing::members::Group;
using testing::members::Machine;
using testing::members::Waiting;

namespace {

using namespace std::chrono_literals;

// A field 1000 of `Message`, with a value, that no version knows yet.
Options of_later_version() {
  Options options;
  options.further_fields = "\xc2\x3e\x05later";
  return options;
}

// Which of three members are of the later version. Machines begin anew whenever they start.
class Upgrading {
 public:
  Upgrading(std::uint64_t seed, std::set<std::size_t> later) : group_(3, seed), later_(std::move(later)) {
    for (std::size_t i = 0; i < 3; ++i) {
      group_.machines[i].reset();  // two on one machine would be one too many
      group_.machines[i] = make(i);
    }
    group_.start();
    group_.wait_for_leader();
  }

  void write(int count) {
    for (int i = 0; i < count; ++i) {
      Waiting waiting;
      // By way of each in turn, so that some are forwarded.
      Machine& machine = *group_.machines[static_cast<std::size_t>(i) % 3];
      REQUIRE(group_.sim.run_until([&] { return machine.is_started && machine.member.replica().propose("1", "", 0, waiting).has_value(); }, 10s));
      REQUIRE(group_.sim.run_until([&] { return waiting.response.has_value(); }, 20s));
      ++sum_;
    }
    REQUIRE(group_.sim.run_until([&] { return is_everywhere(); }, 20s));
  }

  // It stops, others write enough for it to need a snapshot, and it comes back as what it is now.
  void restart(std::size_t which, bool is_later) {
    io::sim::Node& node = group_.machines[which]->node;
    static_cast<void>(node.crash(io::sim::CrashKind::power_loss));
    group_.machines[which].reset();
    REQUIRE(group_.sim.run_until([&] { return group_.leader() != nullptr; }, 20s));
    for (int i = 0; i < 100; ++i) {
      Waiting waiting;
      REQUIRE(group_.sim.run_until([&] { return group_.leader() != nullptr && group_.leader()->member.replica().propose("1", "", 0, waiting).has_value(); }, 20s));
      REQUIRE(group_.sim.run_until([&] { return waiting.response.has_value(); }, 20s));
      ++sum_;
    }
    if (is_later) later_.insert(which);
    else later_.erase(which);
    node.restart();
    group_.machines[which] = make(which);
    group_.machines[which]->start();
    REQUIRE(group_.sim.run_until([&] { return is_everywhere(); }, 60s));
  }

  int snapshots() const { return group_.installed; }

 private:
  std::unique_ptr<Machine> make(std::size_t which) {
    auto machine = std::make_unique<Machine>(*group_.sim.nodes()[which], which + 1, 3, later_.count(which) > 0 ? of_later_version() : Options());
    machine->options.kept_entries_max = 40;
    machine->options.catch_up_entries = 10;
    machine->options.truncate_step_entries = 5;
    return machine;
  }
  bool is_everywhere() const {
    for (const auto& machine : group_.machines) {
      if (machine == nullptr || machine->counter.sum() != sum_) return false;
    }
    return true;
  }

  Group group_;
  std::set<std::size_t> later_;
  std::uint64_t sum_ = 0;
};

}  // namespace

TEST_CASE("a group of which some members say more than others know goes on, whoever leads") {
  for (const std::set<std::size_t>& later : {std::set<std::size_t>{0}, {1, 2}, {0, 1, 2}}) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      CAPTURE(later.size());
      CAPTURE(seed);
      Upgrading group(seed, later);
      group.write(12);
    }
  }
}

TEST_CASE("a group is upgraded one member at a time, and back, with snapshots from either version to the other") {
  Upgrading group(1, {});
  group.write(6);
  for (const bool is_later : {true, false}) {
    for (std::size_t which = 0; which < 3; ++which) {
      CAPTURE(is_later);
      CAPTURE(which);
      group.restart(which, is_later);
      group.write(6);
    }
  }
  CHECK_EQ(group.snapshots(), 6);
}

}  // namespace peer

// core/peer/test_members.h: members of a replica that does nothing but count, on simulated machines. Tests only.
#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/peer/member.h"
#include "core/replica/counter_machine.h"
#include "io/sim/simulation.h"

namespace peer::testing::members {

using namespace std::chrono_literals;

inline constexpr std::uint16_t kPort = 2380;

struct Done final : io::Completion {
  void complete(base::Status) override { is_done = true; }
  bool is_done = false;
};

struct Waiting final : replica::Proposal {
  void on_applied(std::string answer) override { response = std::move(answer); }
  void on_refused(const base::Error& error) override { refusal = error.code; }
  std::optional<std::string> response;
  std::optional<base::Code> refusal;
};

// One machine and what runs on it.
struct Machine final : replica::ReplicaListener {
  Machine(io::sim::Node& the_node, std::uint64_t number, std::uint64_t count, const Options& peer = {})
      : node(the_node), counter(node.world()), member(node.world(), counter, *this, peer) {
    options.identity = {base::ClusterId(7), base::MemberId(number)};
    options.wal.segment_bytes = 32U << 10U;
    for (std::uint64_t i = 1; i <= count; ++i) {
      options.configuration.members.push_back({base::MemberId(i), false, ""});
      addresses[base::MemberId(i)] = {{"m" + std::to_string(i), kPort}};
    }
  }
  void start() {
    if (addresses.size() > 1) REQUIRE(member.server().listen({node.name(), kPort}));
    member.start(options);
  }
  void on_started() override {
    is_started = true;
    if (joins) member.join(addresses, hastens_election);
  }
  void on_leader(base::MemberId now) override { leader = now; }
  void on_stopped(const base::Error& why) override { stopped = why.code; }
  bool leads() const { return is_started && leader == options.identity.member; }

  io::sim::Node& node;
  replica::Options options;
  std::map<base::MemberId, std::vector<io::Address>> addresses;
  bool hastens_election = true;
  bool joins = true;
  bool is_started = false;
  base::MemberId leader;
  std::optional<base::Code> stopped;
  replica::testing::CounterMachine counter;
  Member member;
};

struct Group final : io::sim::ObserverListener {
  explicit Group(std::uint64_t count, std::uint64_t seed = 1) : sim(seed) {
    for (std::uint64_t i = 1; i <= count; ++i) sim.add_node("m" + std::to_string(i)).observation().listener = this;
    for (std::uint64_t i = 1; i <= count; ++i) machines.push_back(std::make_unique<Machine>(*sim.nodes()[i - 1], i, count));
  }
  // Files with requests in flight are only left behind by a crash.
  ~Group() {
    for (const auto& machine : machines) {
      if (machine != nullptr) static_cast<void>(machine->node.crash(io::sim::CrashKind::process_kill));
    }
  }
  void start(bool hastens_election = true) {
    for (const auto& machine : machines) {
      machine->hastens_election = hastens_election;
      machine->start();
    }
  }
  Machine* leader() {
    for (const auto& machine : machines) {
      if (machine != nullptr && machine->leads()) return machine.get();
    }
    return nullptr;
  }
  void on_event(std::string_view, io::sim::VirtualTime, const io::Event& event) override {
    if (const auto* const ended = std::get_if<io::SnapshotEnded>(&event); ended != nullptr && ended->is_complete) ++snapshots;
    if (std::holds_alternative<io::Installed>(event)) ++installed;
    if (const auto* const answered = std::get_if<io::AppendAnswered>(&event)) acknowledged += answered->is_accepted ? 1 : 0;
  }
  // How long it took.
  base::Duration wait_for_leader() {
    const io::sim::VirtualTime begin = sim.now();
    REQUIRE(sim.run_until([&] { return leader() != nullptr; }, 10s));
    return sim.now() - begin;
  }

  int snapshots = 0;  // that have arrived
  int installed = 0;
  int acknowledged = 0;  // appends
  io::sim::Simulation sim;
  std::vector<std::unique_ptr<Machine>> machines;
};

}  // namespace peer::testing::members

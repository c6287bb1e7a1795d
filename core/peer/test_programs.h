// core/peer/test_programs.h: members that do nothing but talk, for unit tests on io/sim.
#pragma once

#include <doctest/doctest.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/peer/test_messages.h"
#include "core/peer/transport.h"
#include "core/rpc/client.h"
#include "core/rpc/server.h"
#include "io/sim/simulation.h"

namespace peer::testing {

using namespace std::chrono_literals;

inline constexpr std::uint16_t kPort = 2380;
inline constexpr base::ClusterId kCluster{0xc1};

inline raft::Heartbeat heartbeat(std::uint64_t round) { return {base::Term(1), {}, raft::Round{round}}; }

// Remembers everything that it hears.
struct Recorder final : replica::TransportListener {
  explicit Recorder(io::Clock& clock_) : clock(clock_) {}
  void on_message(base::MemberId from, raft::Message message) override {
    heard.push_back({from, clock.now(), full_text(message)});
    if (const auto* beat = std::get_if<raft::Heartbeat>(&message)) last_round = beat->round.value;
    if (after_message) after_message(message);
  }
  void on_unreachable(base::MemberId peer) override {
    lost.push_back(peer);
    if (after_lost) after_lost();
  }
  void on_snapshot_over(base::MemberId peer, base::Status status) override {
    overs.push_back({peer, std::move(status)});
    if (after_over) after_over();
  }
  std::unique_ptr<replica::SnapshotSink> on_snapshot_offered(base::MemberId from, const raft::Snapshot& snapshot) override {
    offers.push_back({from, clock.now(), full_text(snapshot)});
    return on_offer ? on_offer() : nullptr;
  }
  std::vector<std::string> texts() const {
    std::vector<std::string> out;
    for (const Heard& each : heard) out.push_back(each.text);
    return out;
  }
  struct Heard {
    base::MemberId from;
    base::Instant at;
    std::string text;
  };
  struct Over {
    base::MemberId peer;
    base::Status status;
  };
  io::Clock& clock;
  std::vector<Heard> heard;
  std::vector<base::MemberId> lost;
  std::vector<Over> overs;
  std::vector<Heard> offers;
  std::uint64_t last_round = 0;
  std::function<void(const raft::Message&)> after_message;
  std::function<void()> after_lost;
  std::function<void()> after_over;
  std::function<std::unique_ptr<replica::SnapshotSink>()> on_offer;  // none: not now
};

using Members = std::map<base::MemberId, std::vector<io::Address>>;

// Remembers what callers say of themselves.
struct HelloRecorder final : HelloListener {
  void on_addresses_said(base::MemberId from, const std::vector<io::Address>& addresses) override { said[from] = addresses; }
  Members said;
};

// What runs on one machine until it crashes.
struct Program {
  Program(io::sim::Node& node_, const Identity& identity, const Members& members, const Options& options = {})
      : node(node_), server(std::make_unique<rpc::Server>(node.world(), server_options(options))),
        transport(std::make_unique<Transport>(node.world(), options, *server)), recorder(node.world().clock) {
    REQUIRE(server->listen({"", kPort}).has_value());
    transport->set_group(identity, members);
    transport->start(recorder);
  }
  io::sim::Node& node;
  std::unique_ptr<rpc::Server> server;
  std::unique_ptr<Transport> transport;
  Recorder recorder;
};

// Members 1 to n on machines m1 to mn.
struct Group {
  explicit Group(std::uint64_t count, const Options& options_ = {}, std::uint64_t seed = 1) : sim(seed), options(options_) {
    for (std::uint64_t i = 1; i <= count; ++i) {
      sim.add_node(name(i)).observation().keeps_log = true;
      members[base::MemberId(i)] = {{name(i), kPort}};
    }
    for (std::uint64_t i = 1; i <= count; ++i) start(i);
  }
  ~Group() { programs.clear(); }

  static std::string name(std::uint64_t id) { return "m" + std::to_string(id); }
  io::sim::Node& node(std::uint64_t id) { return *sim.find_node(name(id)); }
  void start(std::uint64_t id) {
    programs[id] = std::make_unique<Program>(node(id), Identity{kCluster, base::MemberId(id)}, members, options);
  }
  void crash(std::uint64_t id, io::sim::CrashKind kind) {
    node(id).crash(kind);
    programs.erase(id);
  }
  void restart(std::uint64_t id) {
    node(id).restart();
    start(id);
  }
  Transport& transport(std::uint64_t id) { return *programs.at(id)->transport; }
  Recorder& recorder(std::uint64_t id) { return programs.at(id)->recorder; }
  void send(std::uint64_t from, std::uint64_t to, const raft::Message& message) { transport(from).send(base::MemberId(to), message); }
  bool is_active(std::uint64_t at, std::uint64_t peer) { return transport(at).active_since(base::MemberId(peer)).has_value(); }
  bool all_active() {
    for (const auto& [id, program] : programs) {
      if (program->transport->active_peer_count() + 1 != members.size()) return false;
    }
    return true;
  }
  io::sim::LinkFaults& link(std::uint64_t from, std::uint64_t to) { return sim.network().faults(node(from).host(), node(to).host()); }
  void cut(std::uint64_t from, std::uint64_t to) { sim.network().cut(node(from).host(), node(to).host()); }
  void cut_both(std::uint64_t one, std::uint64_t other) {
    cut(one, other);
    cut(other, one);
  }
  template <typename Predicate>
  bool until(Predicate&& predicate, base::Duration at_most = 10s) {
    return sim.run_until(std::forward<Predicate>(predicate), at_most);
  }
  // Lines of a member's log that contain this.
  std::size_t log_count(std::uint64_t id, std::string_view text) {
    std::size_t count = 0;
    for (const io::sim::LogLine& line : node(id).observation().log) count += line.text.find(text) != std::string::npos ? 1 : 0;
    return count;
  }

  io::sim::Simulation sim;
  const Options options;
  Members members;
  std::map<std::uint64_t, std::unique_ptr<Program>> programs;
};

// Calls a member as anybody may, and says what it likes.
struct Stranger final : rpc::ClientCall {
  Stranger(Group& group_, io::sim::Node& from, std::uint64_t to)
      : group(group_),
        channel(std::make_unique<rpc::Channel>(from.world(), io::Address{Group::name(to), kPort}, rpc::ChannelOptions(), nullptr)) {}
  void on_message(std::string_view) override { ++receipts; }
  void on_status(const rpc::Status& with) override { status = with; }
  void call(Lane lane, std::vector<std::pair<std::string, std::string>> metadata) {
    status.reset();
    rpc::CallOptions options;
    options.metadata = std::move(metadata);
    channel->open_stream(path_of(lane), options, *this);
  }
  bool is_let_in() {
    return group.until([&] { return receipts > 0 || status; }) && !status;
  }
  // How it was turned away.
  rpc::Status fate() {
    REQUIRE(group.until([&] { return status.has_value(); }));
    return *status;
  }
  Group& group;
  std::unique_ptr<rpc::Channel> channel;
  int receipts = 0;
  std::optional<rpc::Status> status;
};

}  // namespace peer::testing

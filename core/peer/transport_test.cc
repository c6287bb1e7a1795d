#include "core/peer/transport.h"

#include <algorithm>

#include "core/peer/test_programs.h"

namespace peer::testing {

using io::sim::CrashKind;

namespace {

std::vector<std::string> texts_of(const std::vector<raft::Message>& messages) {
  std::vector<std::string> out;
  for (const raft::Message& message : messages) out.push_back(full_text(message));
  return out;
}

// The samples that a transport takes, by lane.
std::vector<raft::Message> samples_on(Lane lane) {
  std::vector<raft::Message> out;
  for (const raft::Message& message : sample_messages()) {
    if (lane_of(message) == lane) out.push_back(message);
  }
  return out;
}

raft::Append numbered_append(std::uint64_t number, std::size_t size) {
  return {base::Term(1), entry_id(1, number + 1), {{entry_id(1, number + 2), base::EntryKind::command, bytes(std::string(size, 'x'))}}, {}};
}

}  // namespace

TEST_CASE("messages of every kind arrive whole, and in order on their lane") {
  Group group(3);
  REQUIRE(group.until([&] { return group.all_active(); }));
  for (std::uint64_t from = 1; from <= 3; ++from) {
    for (std::uint64_t to = 1; to <= 3; ++to) {
      if (from == to) continue;
      for (const Lane lane : {Lane::control, Lane::appends}) {
        CAPTURE(to_text(lane));
        const std::vector<raft::Message> messages = samples_on(lane);
        for (const raft::Message& message : messages) group.send(from, to, message);
        Recorder& recorder = group.recorder(to);
        REQUIRE(group.until([&] { return recorder.heard.size() == messages.size(); }));
        CHECK_EQ(recorder.texts(), texts_of(messages));
        for (const Recorder::Heard& each : recorder.heard) CHECK_EQ(each.from, base::MemberId(from));
        recorder.heard.clear();
      }
    }
  }
  group.sim.run_for(60s);
  for (std::uint64_t id = 1; id <= 3; ++id) {
    CHECK(group.recorder(id).heard.empty());
    CHECK(group.recorder(id).lost.empty());
    CHECK_EQ(group.transport(id).active_peer_count(), 2);
  }
}

TEST_CASE("a message much larger than a packet arrives whole") {
  Group group(2);
  const raft::Message message = sample_append(std::string(5'000'001, 'x'));
  group.send(1, 2, message);
  group.send(1, 2, numbered_append(1, 10));
  REQUIRE(group.until([&] { return group.recorder(2).heard.size() == 2; }));
  CHECK_EQ(group.recorder(2).heard[0].text, full_text(message));
}

TEST_CASE("what is said in one turn is heard in one") {
  Group group(2);
  REQUIRE(group.until([&] { return group.all_active(); }));
  for (std::uint64_t i = 0; i < 500; ++i) group.send(1, 2, heartbeat(i));
  REQUIRE(group.until([&] { return group.recorder(2).heard.size() == 500; }));
  CHECK_EQ(group.recorder(2).heard.front().at, group.recorder(2).heard.back().at);
}

TEST_CASE("nothing arrives before start(), nor after stop()") {
  Group group(2);
  REQUIRE(group.until([&] { return group.all_active(); }));
  group.crash(2, CrashKind::process_kill);
  group.node(2).restart();
  const io::World& world = group.node(2).world();
  rpc::Server server(world, server_options({}));
  Transport transport(world, {}, server);
  Recorder recorder(world.clock);
  REQUIRE(server.listen({"", kPort}).has_value());
  for (std::uint64_t i = 0; i < 30; ++i) {
    group.send(1, 2, heartbeat(i));
    group.sim.run_for(100ms);
  }
  CHECK_FALSE(group.is_active(1, 2));
  CHECK(recorder.heard.empty());
  CHECK_EQ(transport.active_peer_count(), 0);
  transport.send(base::MemberId(1), heartbeat(1));  // to nobody that it knows
  transport.set_group({kCluster, base::MemberId(2)}, group.members);
  transport.start(recorder);
  REQUIRE(group.until([&] { return group.is_active(1, 2) && transport.active_since(base::MemberId(1)); }));
  transport.send(base::MemberId(1), heartbeat(2));
  REQUIRE(group.until([&] { return group.recorder(1).heard.size() == 1; }));
  group.send(1, 2, heartbeat(100));
  REQUIRE(group.until([&] { return recorder.last_round == 100; }));
  group.send(1, 2, heartbeat(101));
  transport.send(base::MemberId(1), heartbeat(3));
  transport.stop();
  group.sim.run_for(10s);
  CHECK_EQ(recorder.last_round, 100);
  CHECK_EQ(group.recorder(1).last_round, 2);
  CHECK_FALSE(group.is_active(1, 2));
  transport.send(base::MemberId(1), heartbeat(4));
  transport.stop();
}

TEST_CASE("members find each other again after a crash, and hear that messages may be lost") {
  for (const CrashKind kind : {CrashKind::process_kill, CrashKind::power_loss}) {
    Group group(3);
    REQUIRE(group.until([&] { return group.all_active(); }));
    const base::Instant since = *group.transport(1).active_since(base::MemberId(2));
    group.crash(2, kind);
    CHECK(group.until([&] { return !group.is_active(1, 2) && !group.is_active(3, 2); }));
    CHECK(group.until([&] { return group.recorder(1).lost == std::vector<base::MemberId>{base::MemberId(2)}; }));
    CHECK_EQ(group.transport(1).active_peer_count(), 1);
    group.sim.run_for(20s);
    CHECK_EQ(group.recorder(1).lost.size(), 1);  // nothing was sent meanwhile
    group.restart(2);
    REQUIRE(group.until([&] { return group.all_active(); }, 2500ms));
    CHECK_GT(*group.transport(1).active_since(base::MemberId(2)), since);
    group.send(1, 2, heartbeat(1));
    group.send(2, 3, heartbeat(2));
    CHECK(group.until([&] { return group.recorder(2).last_round == 1 && group.recorder(3).last_round == 2; }));
  }
}

TEST_CASE("a connection that breaks is made again at once, and nothing comes twice") {
  Group group(2);
  REQUIRE(group.until([&] { return group.all_active(); }));
  std::vector<std::string> sent;
  for (std::uint64_t i = 0; i < 200; ++i) {
    const raft::Message proposal = raft::ForwardedProposal{base::Term(1), {{base::EntryKind::command, bytes(std::to_string(i))}}};
    sent.push_back(full_text(proposal));
    group.send(1, 2, proposal);
    group.sim.run_for(std::chrono::microseconds(60'000 + i * 37));
    if (i % 20 == 10) group.sim.network().reset_connections(group.node(1).host(), group.node(2).host());
  }
  REQUIRE(group.until([&] { return group.all_active(); }, 1s));
  group.sim.run_for(1s);
  const std::vector<std::string> heard = group.recorder(2).texts();
  CHECK_GT(heard.size(), 100);
  CHECK_LT(heard.size(), 200);
  CHECK(std::includes(sent.begin(), sent.end(), heard.begin(), heard.end(), [&](const std::string& a, const std::string& b) {
    return std::find(sent.begin(), sent.end(), a) < std::find(sent.begin(), sent.end(), b);
  }));
  CHECK_GE(group.recorder(1).lost.size(), 10);
}

TEST_CASE("who does not answer is called less and less often, and at once again after a connection that lasted") {
  Group group(2);
  REQUIRE(group.until([&] { return group.all_active(); }));
  group.sim.run_for(2s);
  const auto refused = [&] { return group.sim.counters()[io::sim::FaultKind::connect_refused]; };
  for (int round = 0; round < 2; ++round) {
    CAPTURE(round);
    group.crash(2, CrashKind::process_kill);
    const std::uint64_t before = refused();
    group.recorder(1).lost.clear();
    group.sim.run_for(100ms);
    CHECK_GE(refused() - before, 2 * 3);  // after 10, 20 and 40 ms, on two lanes
    for (int i = 0; i < 1000; ++i) {
      group.send(1, 2, heartbeat(1));
      group.sim.run_for(10ms);
    }
    CHECK_LE(refused() - before, 2 * 20);
    // One word for each call whose messages are lost.
    CHECK_GE(group.recorder(1).lost.size(), 8);
    CHECK_LE(group.recorder(1).lost.size(), 40);
    group.restart(2);
    REQUIRE(group.until([&] { return group.all_active(); }));
    group.sim.run_for(2s);
  }
}

TEST_CASE("two processes that claim to be one member do not keep the others busy") {
  Group group(2);
  REQUIRE(group.until([&] { return group.all_active(); }));
  io::sim::Node& node = group.sim.add_node("copy");
  const Program copy(node, {kCluster, base::MemberId(2)}, group.members);
  group.sim.run_for(10s);
  std::size_t steps = 0;
  const io::sim::VirtualTime end = group.sim.now() + 60s;
  while (group.sim.step(end)) ++steps;
  CHECK_LT(steps, 60 * 4 * 40);
  CHECK(group.recorder(1).heard.empty());
}

TEST_CASE("a partition is noticed on both sides, and over when it is healed") {
  Group group(3);
  REQUIRE(group.until([&] { return group.all_active(); }));
  group.sim.partition({{&group.node(1)}, {&group.node(2), &group.node(3)}});
  CHECK_FALSE(group.until([&] { return group.transport(1).active_peer_count() == 0; }, 3s));
  CHECK(group.until([&] { return group.transport(1).active_peer_count() == 0 && !group.is_active(2, 1); }, 4s));
  CHECK(group.until([&] { return group.recorder(1).lost.size() == 2 && !group.recorder(2).lost.empty(); }, 1s));
  CHECK(group.is_active(2, 3));
  group.sim.run_for(60s);
  CHECK(group.is_active(2, 3));
  group.sim.heal();
  CHECK(group.until([&] { return group.all_active(); }, 5s));
  group.send(1, 2, heartbeat(7));
  CHECK(group.until([&] { return group.recorder(2).last_round == 7; }));
}

TEST_CASE("a link cut in one direction counts as cut for whoever speaks and gets no receipt") {
  for (const bool is_forward : {true, false}) {
    CAPTURE(is_forward);
    Group group(2);
    REQUIRE(group.until([&] { return group.all_active(); }));
    is_forward ? group.cut(1, 2) : group.cut(2, 1);
    CHECK(group.until([&] { return !group.is_active(1, 2); }, 7s));
  }
}

TEST_CASE("a peer that loses its power without a word is noticed, and found when it is back") {
  Group group(2);
  group.node(2).faults().half_open_per_million = 1'000'000;
  REQUIRE(group.until([&] { return group.all_active(); }));
  group.sim.run_for(20s);  // idle, and fine
  CHECK(group.is_active(1, 2));
  group.crash(2, CrashKind::power_loss);
  CHECK(group.until([&] { return !group.is_active(1, 2); }, 6200ms));
  CHECK_GT(group.sim.counters()[io::sim::FaultKind::network_half_open], 0);
  CHECK(group.until([&] { return !group.recorder(1).lost.empty(); }, 100ms));
  // The server's side of it goes as well.
  CHECK(group.until([&] { return group.programs.at(1)->server->connection_count() == 0; }, 15s));
  group.restart(2);
  CHECK(group.until([&] { return group.all_active(); }, 4s));
}

TEST_CASE("a link that is slow, and no more than that, counts as alive, and appends never hold control up") {
  Group group(2);
  REQUIRE(group.until([&] { return group.all_active(); }));
  group.link(1, 2).bytes_per_second = 1'000'000;
  constexpr std::uint64_t kAppends = 20;
  for (std::uint64_t i = 0; i < kAppends; ++i) group.send(1, 2, numbered_append(i, 1'000'000));
  base::Duration worst{};
  std::map<std::uint64_t, io::sim::VirtualTime> beaten;
  std::uint64_t appends = 0;
  group.recorder(2).after_message = [&](const raft::Message& message) {
    if (const auto* beat = std::get_if<raft::Heartbeat>(&message)) worst = std::max(worst, group.sim.now() - beaten.at(beat->round.value));
    if (std::holds_alternative<raft::Append>(message)) ++appends;
  };
  std::uint64_t round = 0;
  while (appends < kAppends && round < 1000) {
    beaten[++round] = group.sim.now();
    group.send(1, 2, heartbeat(round));
    group.sim.run_for(100ms);
  }
  CHECK_EQ(appends, kAppends);
  CHECK_GE(round, 195);  // it really took as long as the link takes
  CHECK_LE(round, 215);
  CHECK_GE(group.recorder(2).last_round, round - 3);
  CHECK_LT(worst, 250ms);
  CHECK(group.recorder(1).lost.empty());
  CHECK(group.recorder(2).lost.empty());
}

TEST_CASE("one message that takes a slow link longer than the silence that is suffered gets through") {
  Group group(2);
  REQUIRE(group.until([&] { return group.all_active(); }));
  group.link(1, 2).bytes_per_second = 100'000;
  group.send(1, 2, numbered_append(1, 2'000'000));
  CHECK(group.until([&] { return group.recorder(2).heard.size() == 1; }, 25s));
  CHECK(group.recorder(1).lost.empty());
}

TEST_CASE("what is unsent is bounded by lane, and what is dropped is told once") {
  Options options;
  options.control_bytes_max = 10'000;
  options.appends_bytes_max = 1'000'000;
  options.silence_timeout = 60s;
  Group group(2, options);
  REQUIRE(group.until([&] { return group.all_active(); }));
  group.cut(1, 2);
  for (std::uint64_t i = 0; i < 1000; ++i) {
    group.send(1, 2, numbered_append(i, 10'000));
    group.sim.run_for(1ms);
    CHECK_LE(group.transport(1).unsent_bytes(base::MemberId(2), Lane::appends), 1'000'000);
  }
  CHECK_GT(group.transport(1).unsent_bytes(base::MemberId(2), Lane::appends), 980'000);
  CHECK_EQ(group.recorder(1).lost.size(), 1);
  // The other lane has a bound, and a buffer in the kernel, of its own.
  for (std::uint64_t i = 0; i < 30'000; ++i) group.send(1, 2, heartbeat(i));
  group.sim.run_for(1ms);
  CHECK_LE(group.transport(1).unsent_bytes(base::MemberId(2), Lane::control), 10'000);
  group.sim.heal();
  group.sim.run_for(5s);
  CHECK_EQ(group.transport(1).unsent_bytes(base::MemberId(2), Lane::appends), 0);
  const std::size_t appends = group.recorder(2).heard.size();
  CHECK_GT(appends, 98);
  // A new episode is a new word.
  group.cut(1, 2);
  group.recorder(1).lost.clear();
  for (std::uint64_t i = 0; i < 1000; ++i) group.send(1, 2, numbered_append(i, 10'000));
  group.sim.run_for(1ms);
  CHECK_EQ(group.recorder(1).lost.size(), 1);
}

TEST_CASE("a message larger than the bound goes alone; one above what a receiver takes does not go at all") {
  Options options;
  options.appends_bytes_max = 100'000;
  options.message_bytes_max = 1'000'000;
  Group group(2, options);
  REQUIRE(group.until([&] { return group.all_active(); }));
  group.send(1, 2, numbered_append(1, 900'000));
  REQUIRE(group.until([&] { return group.recorder(2).heard.size() == 1; }));
  group.send(1, 2, numbered_append(2, 1'000'000));
  group.send(1, 2, numbered_append(3, 1'000));
  REQUIRE(group.until([&] { return group.recorder(2).heard.size() == 2; }));
  CHECK_EQ(group.recorder(2).heard[1].text, full_text(numbered_append(3, 1'000)));
  CHECK_EQ(group.recorder(1).lost.size(), 1);
  CHECK_EQ(group.log_count(1, "too large"), 1);
  CHECK(group.is_active(1, 2));
}

TEST_CASE("a peer's addresses are tried in turn") {
  Group group(2);
  group.crash(1, CrashKind::process_kill);
  group.node(1).restart();
  const base::MemberId second(2);
  group.members[second] = {{"nowhere", kPort}, {"m2", 1}, {"m2", kPort}};
  group.start(1);
  CHECK(group.until([&] { return group.is_active(1, 2); }, 1s));
  // Other addresses count from the next time on.
  group.members[second] = {{"m2", 1}};
  group.transport(1).set_group({kCluster, base::MemberId(1)}, group.members);
  group.sim.run_for(1s);
  CHECK(group.is_active(1, 2));
  group.sim.network().reset_connections(group.node(1).host(), group.node(2).host());
  group.sim.run_for(10s);
  CHECK_FALSE(group.is_active(1, 2));
  group.members[second] = {};
  group.transport(1).set_group({kCluster, base::MemberId(1)}, group.members);
  group.sim.run_for(10s);
  group.members[second] = {{"m2", kPort}};
  group.transport(1).set_group({kCluster, base::MemberId(1)}, group.members);
  CHECK(group.until([&] { return group.is_active(1, 2); }, 100ms));
}

TEST_CASE("a member says where it is, to whom it has dialled before from the next time on") {
  Group group(2);
  HelloRecorder recorder;
  group.transport(1).set_hello_listener(&recorder);
  REQUIRE(group.until([&] { return group.all_active(); }));
  CHECK(recorder.said == Members{{base::MemberId(2), {{"m2", kPort}}}});
  Members moved = group.members;
  moved[base::MemberId(2)] = {{"m2", kPort}, {"elsewhere", 1}};
  group.transport(2).set_group({kCluster, base::MemberId(2)}, moved);
  group.sim.run_for(10s);
  CHECK_EQ(recorder.said[base::MemberId(2)].size(), 1);
  group.cut_both(1, 2);
  group.sim.run_for(10s);
  group.sim.heal();
  REQUIRE(group.until([&] { return group.all_active(); }));
  CHECK(recorder.said[base::MemberId(2)] == moved[base::MemberId(2)]);
  group.transport(1).set_hello_listener(nullptr);
}

TEST_CASE("a group may change while it talks: connections that stay are kept, others end") {
  Group group(3);
  REQUIRE(group.until([&] { return group.all_active(); }));
  const auto since = group.transport(1).active_since(base::MemberId(2));
  Members two = group.members;
  two.erase(base::MemberId(3));
  group.transport(1).set_group({kCluster, base::MemberId(1)}, two);
  CHECK_EQ(group.transport(1).active_peer_count(), 1);
  group.send(3, 1, heartbeat(1));
  group.send(1, 3, heartbeat(2));
  group.sim.run_for(20s);
  CHECK(group.recorder(1).heard.empty());
  CHECK(group.recorder(3).heard.empty());
  CHECK_EQ(group.transport(1).active_since(base::MemberId(2)), since);
  CHECK_FALSE(group.is_active(3, 1));
  CHECK_EQ(group.log_count(3, "member 3 no longer belongs to the group"), 2);  // once on each lane
  CHECK_EQ(group.log_count(3, "member 3 is not known to belong to the group"), 2);
  CHECK_EQ(group.log_count(1, "member 3 is not known to belong to the group"), 1);
  group.transport(1).set_group({kCluster, base::MemberId(1)}, group.members);
  CHECK(group.until([&] { return group.all_active(); }, 6s));
  group.send(3, 1, heartbeat(3));
  group.send(1, 3, heartbeat(4));
  CHECK(group.until([&] { return group.recorder(1).last_round == 3 && group.recorder(3).last_round == 4; }));
  CHECK_EQ(group.transport(1).active_since(base::MemberId(2)), since);
}

TEST_CASE("an idle group says little") {
  Group group(2);
  REQUIRE(group.until([&] { return group.all_active(); }));
  group.sim.run_for(10s);
  std::size_t steps = 0;
  const io::sim::VirtualTime end = group.sim.now() + 100s;
  while (group.sim.step(end)) ++steps;
  // Four connections, a packet and a receipt a second; each is written, read and answered in a handful of turns.
  CHECK_LT(steps, 100 * 4 * 8);
  CHECK(group.all_active());
}

TEST_CASE("resets, stalls, pieces and changed bytes: what arrives was said, in that order and once") {
  std::size_t heard = 0, changed = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    Group group(2, {}, seed);
    io::sim::LinkFaults faults;
    faults.split_per_million = seed % 2 == 0 ? 300'000 : 0;
    faults.stall_per_million = seed % 3 == 0 ? 20'000 : 0;
    faults.reset_per_million = seed % 5 == 0 ? 5'000 : 0;
    faults.corrupt_per_million = seed % 4 != 3 ? 10'000 : 0;
    faults.bytes_per_second = seed % 7 == 0 ? 2'000'000 : 0;
    group.sim.network().set_all_faults(faults);
    std::vector<std::string> beats, appends;
    for (std::uint64_t i = 1; i <= 300; ++i) {
      const raft::Append append = numbered_append(i, i % 50 == 0 ? 300'000 : i * 7);
      beats.push_back(full_text(heartbeat(i)));
      appends.push_back(full_text(append));
      group.send(1, 2, heartbeat(i));
      group.send(1, 2, append);
      group.sim.run_for(20ms);
    }
    group.sim.network().set_all_faults({});
    CHECK(group.until([&] { return group.all_active(); }, 20s));
    // A changed length may have left a connection waiting for bytes that nobody has sent; that, too, ends.
    bool is_through = false;
    group.recorder(2).after_message = [&](const raft::Message& message) {
      is_through = is_through || std::holds_alternative<raft::TimeoutNow>(message);
    };
    for (int i = 0; i < 100 && !is_through; ++i) {
      group.send(1, 2, raft::TimeoutNow{base::Term(77)});
      group.sim.run_for(100ms);
    }
    CHECK(is_through);
    std::size_t next_beat = 0, next_append = 0;
    for (const std::string& text : group.recorder(2).texts()) {
      if (text.starts_with("timeout-now")) continue;
      std::size_t& next = text.starts_with("heartbeat") ? next_beat : next_append;
      const std::vector<std::string>& said = text.starts_with("heartbeat") ? beats : appends;
      const auto found = std::find(said.begin() + static_cast<std::ptrdiff_t>(next), said.end(), text);
      REQUIRE(found != said.end());
      next = static_cast<std::size_t>(found - said.begin()) + 1;
      ++heard;
    }
    changed += group.log_count(2, "checksum");
  }
  CHECK_GT(heard, 40 * 300);  // of 40 * 600
  CHECK_GT(changed, 0);
}

TEST_CASE("a transport may end within any call that it makes, before its server or after it") {
  for (const bool is_stopped_only : {false, true}) {
    for (const std::string_view place : {"message", "append", "unreachable", "before the server", "after the server"}) {
      CAPTURE(place);
      Group group(2);
      REQUIRE(group.until([&] { return group.all_active(); }));
      Program& second = *group.programs.at(2);
      const auto end = [&] {
        if (second.transport == nullptr) return;
        if (is_stopped_only) second.transport->stop();
        else second.transport.reset();
      };
      bool has_ended = true;
      if (place == "message" || place == "append" || place == "unreachable") has_ended = false;
      const auto end_once = [&](const auto&...) {
        has_ended = true;
        end();
      };
      if (place == "message" || place == "append") second.recorder.after_message = end_once;
      if (place == "unreachable") second.recorder.after_lost = end_once;
      if (place == "before the server") end();
      for (int i = 0; i < 3; ++i) {
        if (place == "append") group.send(1, 2, sample_append(std::string(100'000, 'x')));
        else group.send(1, 2, heartbeat(1));
      }
      if (place == "unreachable") group.sim.network().reset_connections(group.node(1).host(), group.node(2).host());
      if (place == "after the server") {
        second.server.reset();
        end();
      }
      REQUIRE(group.until([&] { return has_ended; }));
      group.sim.run_for(20s);  // the other one calls again and again
      CHECK_FALSE(group.is_active(1, 2));
      CHECK_LE(second.recorder.heard.size(), 1);
      CHECK_LE(second.recorder.lost.size(), 1);
    }
  }
}

TEST_CASE("members may leave the group within the call that brings their message") {
  Group group(3);
  REQUIRE(group.until([&] { return group.all_active(); }));
  Members alone;
  group.recorder(1).after_message = [&](const raft::Message&) { group.transport(1).set_group({kCluster, base::MemberId(1)}, alone); };
  for (std::uint64_t i = 1; i <= 5; ++i) group.send(2, 1, heartbeat(i));
  REQUIRE(group.until([&] { return !group.recorder(1).heard.empty(); }));
  group.sim.run_for(5s);
  CHECK_EQ(group.recorder(1).heard.size(), 1);
  CHECK_EQ(group.transport(1).active_peer_count(), 0);
}

}  // namespace peer::testing

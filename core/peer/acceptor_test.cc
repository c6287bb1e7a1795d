#include "core/peer/acceptor.h"

#include "core/peer/message_codec.h"
#include "core/peer/packet.h"
#include "core/peer/test_programs.h"

namespace peer::testing {

namespace {

using Metadata = std::vector<std::pair<std::string, std::string>>;

const Hello kHello{kProtocolVersion, kCluster, base::MemberId(2), base::MemberId(1)};

Metadata changed(std::size_t which, const std::string& value) {
  Metadata out = metadata_of(kHello);
  out[which].second = value;
  return out;
}

std::string packet_on(const raft::Message& message, Lane lane, const Hello& hello = kHello) {
  PacketWriter writer(hello.salt(lane), 1U << 20U);
  writer.begin(message);
  return std::string(writer.next());
}

}  // namespace

TEST_CASE("who is not of this group, or does not mean this member, is turned away with the reason") {
  Group group(2);
  io::sim::Node& outside = group.sim.add_node("outside");
  struct Case {
    Metadata metadata;
    rpc::Status status;
  };
  const std::string unreadable = "the call does not say who speaks to whom, in which cluster";
  Metadata without = metadata_of(kHello);
  without.pop_back();
  const std::string speaks = " is not known here; this member speaks version 1";
  const Case cases[] = {
      {changed(0, "2"), {rpc::StatusCode::failed_precondition, "peer protocol version 2" + speaks}},
      {{{"lockstep-peer-version", "7"}}, {rpc::StatusCode::failed_precondition, "peer protocol version 7" + speaks}},
      {changed(1, "c2"), {rpc::StatusCode::failed_precondition, "cluster ID mismatch: this member belongs to c1, the caller to c2"}},
      {changed(2, "3"), {rpc::StatusCode::failed_precondition, "member 3 is not known to belong to the group"}},
      {changed(2, "0"), {rpc::StatusCode::failed_precondition, "member 0 is not known to belong to the group"}},
      {changed(2, "1"), {rpc::StatusCode::failed_precondition, "the caller has this member's own ID 1"}},
      {changed(3, "2"), {rpc::StatusCode::failed_precondition, "this is member 1, and not 2"}},
      {changed(1, "C1"), {rpc::StatusCode::invalid_argument, unreadable}},
      {changed(1, "0c1"), {rpc::StatusCode::invalid_argument, unreadable}},
      {changed(3, ""), {rpc::StatusCode::invalid_argument, unreadable}},
      {changed(0, "x"), {rpc::StatusCode::invalid_argument, unreadable}},
      {without, {rpc::StatusCode::invalid_argument, unreadable}},
      {{}, {rpc::StatusCode::invalid_argument, unreadable}},
  };
  for (const Case& c : cases) {
    CAPTURE(c.status.message);
    Stranger stranger(group, outside, 1);
    stranger.call(Lane::control, c.metadata);
    CHECK_EQ(stranger.fate(), c.status);
    CHECK_GE(group.log_count(1, c.status.message), 1);
  }
  CHECK(group.recorder(1).heard.empty());
}

TEST_CASE("where callers of this cluster say that they are is heard, also of strangers, who are turned away all the same") {
  Group group(2);
  HelloRecorder recorder;
  group.transport(1).set_hello_listener(&recorder);
  io::sim::Node& outside = group.sim.add_node("outside");
  const std::vector<io::Address> addresses = {{"new", 1}, {"2001:db8::1", 2380}};
  std::string many = "a:1";
  for (int i = 0; i < 100; ++i) many += ",a:1";
  struct Case {
    std::string name;
    std::size_t changed;
    std::string value;
    std::string said;
    std::vector<io::Address> heard;
    bool is_let_in;
  };
  const std::string good = "new:1,[2001:db8::1]:2380";
  const Case cases[] = {
      {"a member", 2, "2", good, addresses, true},
      {"a stranger", 2, "3", good, addresses, false},
      {"of another cluster", 1, "c2", good, {}, false},
      {"meant for another member", 3, "2", good, addresses, false},
      {"with this member's id", 2, "1", good, {}, false},
      {"nothing", 2, "2", "", {}, true},
      {"nothing readable", 2, "2", "new,:,1:2:3,[::1", {}, true},
      {"something readable", 2, "2", ",new,new:1,,[2001:db8::1]:2380,", addresses, true},
      {"too much", 2, "2", many, std::vector<io::Address>(kHelloAddressesMax, io::Address{"a", 1}), true},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    recorder.said.clear();
    Metadata metadata = changed(c.changed, c.value);
    metadata.emplace_back("lockstep-addresses", c.said);
    Stranger stranger(group, outside, 1);
    stranger.call(Lane::control, metadata);
    CHECK_EQ(stranger.is_let_in(), c.is_let_in);
    CHECK_EQ(recorder.said.size(), c.heard.empty() ? 0 : 1);
    if (!c.heard.empty()) CHECK(recorder.said.begin()->second == c.heard);
  }
}

TEST_CASE("a hello is read as it was written") {
  Group group(1);
  HelloRecorder recorder;
  group.transport(1).set_hello_listener(&recorder);
  io::sim::Node& outside = group.sim.add_node("outside");
  Hello hello = kHello;
  hello.addresses.assign(kHelloAddressesMax + 1, {"host", 65535});
  hello.addresses.front() = {"::1", 1};
  Stranger stranger(group, outside, 1);
  stranger.call(Lane::appends, metadata_of(hello));
  CHECK_EQ(stranger.fate().code, rpc::StatusCode::failed_precondition);
  hello.addresses.pop_back();
  CHECK(recorder.said == Members{{base::MemberId(2), hello.addresses}});
}

TEST_CASE("bytes that are no packets end the stream, with a line in the log, and nothing else") {
  Group group(2);
  group.crash(2, io::sim::CrashKind::process_kill);  // it would only call again
  io::sim::Node& outside = group.sim.add_node("outside");
  Hello other = kHello;
  other.from = base::MemberId(3);
  const struct {
    std::string packet;
    std::string why;
  } cases[] = {
      {"", "a packet that does not begin with its checksum"},
      {"hello", "a packet that does not begin with its checksum"},
      {std::string(100, '\x09'), "a packet whose checksum is wrong"},
      {packet_on(heartbeat(1), Lane::control, other), "a packet whose checksum is wrong"},
      {packet_on(heartbeat(1), Lane::appends), "a packet whose checksum is wrong"},
      {packet_on(sample_append("x"), Lane::control), "a message on the wrong connection: append term=9 previous=7/100 committed=4000000000 "
                                                     "7/101:command 9/102:empty 9/103:configuration"},
      {packet_on(raft::Snapshot{base::Term(9), entry_id(9, 10), sample_configuration()}, Lane::control),
       "a message on the wrong connection: snapshot term=9 last=9/10"},
      {packet_on(raft::Heartbeat{}, Lane::control), "a message without a term"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.why);
    Stranger stranger(group, outside, 1);
    stranger.call(Lane::control, metadata_of(kHello));
    REQUIRE(stranger.is_let_in());
    stranger.channel->send(stranger, c.packet);
    CHECK_EQ(stranger.fate(), rpc::Status{rpc::StatusCode::invalid_argument, c.why});
    CHECK_GE(group.log_count(1, c.why), 1);
  }
  CHECK(group.recorder(1).heard.empty());
  group.restart(2);
  CHECK(group.until([&] { return group.all_active(); }));
}

TEST_CASE("a newer connection takes the place of an older one") {
  Group group(2);
  REQUIRE(group.until([&] { return group.all_active(); }));
  io::sim::Node& outside = group.sim.add_node("outside");
  group.cut_both(1, 2);  // the older one is as good as dead
  Stranger stranger(group, outside, 1);
  stranger.call(Lane::control, metadata_of(kHello));
  REQUIRE(stranger.is_let_in());
  stranger.channel->send(stranger, packet_on(heartbeat(5), Lane::control));
  CHECK(group.until([&] { return group.recorder(1).last_round == 5; }));
  Stranger third(group, outside, 1);
  third.call(Lane::control, metadata_of(kHello));
  REQUIRE(third.is_let_in());
  CHECK_EQ(stranger.fate(), rpc::Status{rpc::StatusCode::aborted, "a newer connection takes its place"});
  third.channel->half_close(third);
  CHECK_EQ(third.fate(), rpc::Status{});
}

TEST_CASE("what comes is acknowledged at once after a pause, and then no more often than it was agreed") {
  Group group(2);
  REQUIRE(group.until([&] { return group.all_active(); }));
  group.cut_both(1, 2);
  io::sim::Node& outside = group.sim.add_node("outside");
  Stranger stranger(group, outside, 1);
  stranger.call(Lane::control, metadata_of(kHello));
  REQUIRE(stranger.is_let_in());
  group.sim.run_for(2s);
  CHECK_EQ(stranger.receipts, 1);
  for (std::uint64_t i = 0; i < 101; ++i) {
    stranger.channel->send(stranger, packet_on(heartbeat(i + 1), Lane::control));
    group.sim.run_for(10ms);
  }
  CHECK_EQ(stranger.receipts, 1 + 3);  // at once, and twice in a second
  group.sim.run_for(10s);
  CHECK_EQ(stranger.receipts, 1 + 4);  // of the rest
}

TEST_CASE("a member of another cluster is turned away on both sides, who say so once and go on trying") {
  Group group(2);
  group.crash(2, io::sim::CrashKind::process_kill);
  group.sim.run_for(1s);
  group.node(1).observation().log.clear();
  group.node(2).observation().log.clear();
  group.node(2).restart();
  const Identity stranger{base::ClusterId(0xc2), base::MemberId(2)};
  group.programs[2] = std::make_unique<Program>(group.node(2), stranger, group.members);
  group.send(2, 1, heartbeat(1));
  std::size_t steps = 0;
  const io::sim::VirtualTime end = group.sim.now() + 120s;
  while (group.sim.step(end)) ++steps;
  CHECK_LT(steps, 4 * 24 * 20);  // four connections, every five seconds, in some turns each
  CHECK_GT(steps, 4 * 24 * 2);
  CHECK_EQ(group.log_count(1, "turned away a connection of a peer peer=2"), 1);
  CHECK_EQ(group.log_count(2, "turned away a connection of a peer peer=1"), 1);
  CHECK_EQ(group.log_count(1, "a peer refuses the connection peer=2 lane=control"), 1);
  CHECK_EQ(group.log_count(1, "a peer refuses the connection peer=2 lane=appends"), 1);
  CHECK_EQ(group.log_count(2, "cluster ID mismatch"), 1 + 2);
  CHECK(group.recorder(1).heard.empty());
  CHECK_EQ(group.transport(1).active_peer_count(), 0);
  group.crash(2, io::sim::CrashKind::process_kill);
  group.restart(2);
  CHECK(group.until([&] { return group.all_active(); }, 7s));
}

TEST_CASE("what strangers claim does not fill the log or the memory") {
  Group group(2);
  io::sim::Node& outside = group.sim.add_node("outside");
  for (int round = 0; round < 3; ++round) {
    Stranger stranger(group, outside, 1);
    stranger.call(Lane::control, changed(2, "77"));
    CHECK_EQ(stranger.fate().code, rpc::StatusCode::failed_precondition);
  }
  CHECK_EQ(group.log_count(1, "member 77 is not known"), 1);
  for (std::uint64_t id = 1000; id < 1300; ++id) {
    Stranger stranger(group, outside, 1);
    Hello hello = kHello;
    hello.from = base::MemberId(id);
    stranger.call(Lane::control, metadata_of(hello));
    CHECK_EQ(stranger.fate().code, rpc::StatusCode::failed_precondition);
  }
}

}  // namespace peer::testing

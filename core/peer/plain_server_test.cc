#include "core/peer/plain_server.h"

#include <doctest/doctest.h>

#include <chrono>
#include <optional>
#include <string>

#include "core/replica/file_machine.h"
#include "core/rpc/client.h"
#include "io/sim/simulation.h"

namespace peer {

using namespace std::chrono_literals;
using io::sim::CrashKind;

namespace {

// Keeps everything it is told, one behind the other; reads it back behind the question.
class Notebook final : public replica::FileMachine, public PlainReader {
 public:
  using FileMachine::FileMachine;
  std::string read(std::string_view request) const override { return std::string(request) + text_; }

 private:
  std::string apply_command(const replica::Command& command) override { return text_ += command.bytes; }
  std::string encode_state() const override { return text_; }
  bool decode_state(std::string_view bytes) override {
    text_ = bytes;
    return true;
  }
  std::string text_;
};

struct PlainDone final : io::Completion {
  void complete(base::Status) override { is_done = true; }
  bool is_done = false;
};

struct Call final : rpc::ClientCall {
  void on_message(std::string_view message) override { answer = message; }
  void on_status(const rpc::Status& ended) override { status = ended; }
  std::string answer;
  std::optional<rpc::Status> status;
};

// One incarnation of a member.
struct Served final : replica::ReplicaListener {
  Served(const io::World& world, const PlainServerConfig& config) : notebook(world, 0), server(world, config, notebook, notebook, *this) {
    REQUIRE(server.start());
  }
  void on_started() override { is_started = true; }
  void on_leader(base::MemberId now) override { leader = now; }
  void on_stopped(const base::Error& why) override { stopped = why; }

  bool is_started = false;
  base::MemberId leader;
  std::optional<base::Error> stopped;
  Notebook notebook;
  PlainServer server;
};

struct PlainFixture {
  explicit PlainFixture(std::uint64_t count) : client(sim.add_node("client")) {
    for (std::uint64_t i = 1; i <= count; ++i) {
      nodes.push_back(&sim.add_node("m" + std::to_string(i)));
      group[base::MemberId(i)] = {{"m" + std::to_string(i), 2380}};
      members.emplace_back();
    }
    for (std::size_t i = 0; i < count; ++i) start(i);
  }
  ~PlainFixture() {
    for (std::size_t i = 0; i < members.size(); ++i) {
      if (members[i] != nullptr) crash(i);
    }
  }
  PlainServerConfig config(std::size_t i) const {
    PlainServerConfig out;
    out.service = "test.Notebook";
    out.self = base::MemberId(i + 1);
    out.group = group;
    out.listen = {nodes[i]->name(), 2379};
    out.tuning.wal.segment_bytes = 32U << 10U;
    return out;
  }
  void start(std::size_t i) { members[i] = std::make_unique<Served>(nodes[i]->world(), config(i)); }
  void crash(std::size_t i) {
    static_cast<void>(nodes[i]->crash(CrashKind::process_kill));
    members[i].reset();
  }
  void restart(std::size_t i) {
    nodes[i]->restart();
    start(i);
  }
  void wait_for_leader() {
    REQUIRE(sim.run_until([&] {
      for (const auto& member : members) {
        if (member == nullptr) continue;
        if (!member->is_started || member->leader == base::MemberId::none) return false;
      }
      return true;
    }, 10s));
  }
  std::size_t leader() const {
    for (const auto& member : members) {
      if (member != nullptr) return member->leader.value() - 1;
    }
    return 0;
  }
  struct Reply {
    rpc::StatusCode code;
    std::string answer;
  };
  Reply ask(std::size_t i, std::string_view method, std::string_view request) {
    Call call;
    rpc::Channel channel(client.world(), {nodes[i]->name(), 2379}, rpc::ChannelOptions(), nullptr);
    channel.unary("/test.Notebook/" + std::string(method), request, {}, call);
    REQUIRE(sim.run_until([&] { return call.status.has_value(); }, 30s));
    return {call.status->code, call.answer};
  }

  io::sim::Simulation sim{1};
  io::sim::Node& client;
  std::vector<io::sim::Node*> nodes;
  std::map<base::MemberId, std::vector<io::Address>> group;
  std::vector<std::unique_ptr<Served>> members;
};

}  // namespace

TEST_CASE("any member takes commands and reads, and a read sees everything that was answered before") {
  PlainFixture f(3);
  f.wait_for_leader();
  CHECK_EQ(f.ask(0, "Write", "a").answer, "a");
  CHECK_EQ(f.ask(1, "Write", "b").answer, "ab");
  CHECK_EQ(f.ask(2, "Read", "?").answer, "?ab");
  CHECK_EQ(f.ask(2, "Write", "c").answer, "abc");
  CHECK_EQ(f.ask(0, "Read", "").answer, "abc");
}

TEST_CASE("what was answered is there when all members come back") {
  PlainFixture f(3);
  f.wait_for_leader();
  CHECK_EQ(f.ask(0, "Write", "a").answer, "a");
  for (std::size_t i = 0; i < 3; ++i) f.crash(i);
  for (std::size_t i = 0; i < 3; ++i) f.restart(i);
  f.wait_for_leader();
  CHECK_EQ(f.ask(1, "Read", "").answer, "a");
}

TEST_CASE("a request on which a member finds no agreement waits for a limited time") {
  PlainFixture f(3);
  f.wait_for_leader();
  const std::size_t follower = (f.leader() + 1) % 3;
  f.crash((follower + 1) % 3);
  f.crash((follower + 2) % 3);
  for (const std::string_view method : {"Write", "Read"}) {
    CAPTURE(method);
    const io::sim::VirtualTime begin = f.sim.now();
    CHECK_EQ(f.ask(follower, method, "a").code, rpc::StatusCode::deadline_exceeded);
    CHECK(f.sim.now() - begin >= 5s);
    CHECK(f.sim.now() - begin < 6s);
  }
}

TEST_CASE("a member that is stopped turns away who waits, and hands over") {
  PlainFixture f(3);
  f.wait_for_leader();
  f.sim.run_for(1s);
  const std::size_t old = f.leader();
  Call call;
  rpc::Channel channel(f.client.world(), {f.nodes[old]->name(), 2379}, rpc::ChannelOptions(), nullptr);
  channel.unary("/test.Notebook/Write", "a", {}, call);
  REQUIRE(f.sim.run_until([&] { return channel.is_connected(); }, 1s));
  PlainDone done;
  f.members[old]->server.stop(done);
  const io::sim::VirtualTime begin = f.sim.now();
  REQUIRE(f.sim.run_until([&] { return done.is_done && call.status.has_value(); }, 10s));
  CHECK(f.sim.now() - begin < 500ms);
  CHECK_EQ(call.status->code, rpc::StatusCode::unavailable);
  CHECK_NE(f.members[(old + 1) % 3]->leader, base::MemberId(old + 1));
}

TEST_CASE("a client that goes away leaves nothing behind") {
  PlainFixture f(1);
  f.wait_for_leader();
  f.nodes[0]->disk_faults().slow_per_million = 1'000'000;  // so that it waits
  {
    Call call;
    rpc::Channel channel(f.client.world(), {f.nodes[0]->name(), 2379}, rpc::ChannelOptions(), nullptr);
    channel.unary("/test.Notebook/Write", "a", {}, call);
    REQUIRE(f.sim.run_until([&] { return channel.is_connected(); }, 1s));
  }
  f.sim.run_for(20s);
  f.nodes[0]->disk_faults().slow_per_million = 0;
  CHECK_EQ(f.ask(0, "Read", "?").answer.substr(0, 1), "?");
}

TEST_CASE("a log of another member, or of another group, is not gone on with") {
  PlainFixture f(1);
  f.wait_for_leader();
  f.crash(0);
  PlainServerConfig config = f.config(0);
  SUBCASE("another group") { config.group[base::MemberId(2)] = {{"m2", 2380}}; }
  SUBCASE("another member") {
    config.self = base::MemberId(2);
    config.group = {{base::MemberId(2), {{"m1", 2380}}}};
  }
  f.nodes[0]->restart();
  f.members[0] = std::make_unique<Served>(f.nodes[0]->world(), config);
  REQUIRE(f.sim.run_until([&] { return f.members[0]->stopped.has_value(); }, 10s));
  CHECK_EQ(f.members[0]->stopped->code, base::Code::invalid);
  CHECK_FALSE(f.members[0]->is_started);
}

TEST_CASE("a member's flags") {
  const auto config = parse_plain_config("2", "127.0.0.1:80", "1=a:1,2=[::1]:2,1=b:3");
  REQUIRE(config);
  CHECK_EQ(config->self, base::MemberId(2));
  CHECK_EQ(io::to_text(config->listen), "127.0.0.1:80");
  REQUIRE_EQ(config->group.size(), 2);
  CHECK_EQ(config->group.at(base::MemberId(1)).size(), 2);
  CHECK_EQ(io::to_text(config->group.at(base::MemberId(2))[0]), "[::1]:2");
  struct Case {
    std::string_view self, listen, group, says;
  };
  constexpr Case cases[] = {
      {"", "a:1", "1=a:1", "`` is no number of a member"},
      {"0", "a:1", "0=a:1", "`0` is no number of a member"},
      {"x", "a:1", "1=a:1", "`x` is no number of a member"},
      {"1", "a", "1=a:1", "`a` is not HOST:PORT"},
      {"1", "a:1", "", "member 1 does not belong to the group"},
      {"3", "a:1", "1=a:1,2=b:2", "member 3 does not belong to the group"},
      {"1", "a:1", "1", "`` is not HOST:PORT"},
      {"1", "a:1", "1=a:1,", ""},
      {"1", "a:1", "1=a:1,,", "`` is no number of a member"},
      {"1", "a:1", "a:1", "`a:1` is no number of a member"},
      {"1", "a:1", "1=a:65536", "`a:65536` is not HOST:PORT"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.group);
    const auto parsed = parse_plain_config(c.self, c.listen, c.group);
    if (c.says.empty()) {
      CHECK(parsed);
      continue;
    }
    REQUIRE_FALSE(parsed);
    CHECK_EQ(parsed.error().code, base::Code::invalid);
    CHECK_MESSAGE(parsed.error().detail.starts_with(c.says), parsed.error().detail);
  }
}

}  // namespace peer

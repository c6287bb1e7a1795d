#include "core/etcd/range_stream.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/etcd/test_machine.h"
#include "core/etcd/test_server.h"
#include "core/etcd/txn_texts.h"

namespace etcd {
namespace {

using etcdserverpb::RangeRequest;
using etcdserverpb::RangeResponse;
using testing::TestServer;
using testing::txn_of;
using namespace std::chrono_literals;

RangeRequest get(std::string_view text) { return txn_of(": get " + std::string(text)).success(0).request_range(); }

struct Stream final : rpc::ClientCall {
  void on_message(std::string_view bytes) override {
    etcdserverpb::RangeStreamResponse message;
    REQUIRE(message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
    messages.push_back(message.range_response());
    size += bytes.size();
  }
  void on_status(const rpc::Status& with) override { status = with; }
  RangeResponse merged() const {
    RangeResponse all;
    for (const RangeResponse& message : messages) all.MergeFrom(message);
    return all;
  }

  std::vector<RangeResponse> messages;
  std::size_t size = 0;
  std::optional<rpc::Status> status;
};

void open(TestServer& test, Stream& stream, const RangeRequest& request) {
  test.channel->open_stream("/etcdserverpb.KV/RangeStream", {}, stream);
  test.channel->send(stream, request.SerializeAsString());
  test.channel->half_close(stream);
}

// To its end.
void run(TestServer& test, Stream& stream, const RangeRequest& request) {
  open(test, stream, request);
  REQUIRE(test.sim.run_until([&] { return stream.status.has_value(); }, 30s));
}

TEST_CASE("put together, the messages are the answer of the Range") {  // behaviour reference §2.2
  TestServer test;
  test.config.tuning.range_slice_keys = 7;
  test.config.tuning.range_slice_rows = 4;
  test.start();
  for (int i = 0; i < 100; ++i) test.put("k" + std::to_string(100 + i), std::string(static_cast<std::size_t>(i), 'x'));
  struct Case { std::string_view get; std::size_t messages; };
  constexpr Case cases[] = {
      {"k..l", 4},          // 10, 20, 40 and 30
      {"k..\\0 serializable", 4},
      {"k..l limit=10", 2}, {"k..l limit=15", 2},  {"k..l limit=100", 4}, {"k..l limit=-1", 4},
      {"k1..k11", 1},       // ten, and the totals with them
      {"k150", 1},          {"k150 limit=1", 1},   {"x", 1},              {"l..k", 1},
      {"k..l count", 1},    {"k..l count limit=5", 1},
      {"k..l keys", 4},     {"k..l rev=50", 3},    {"k..l order=1", 4},   {"k..l by=4", 4},
  };
  for (const Case& c : cases) {
    CAPTURE(c.get);
    RangeRequest request = get(c.get);
    Stream stream;
    run(test, stream, request);
    CHECK(stream.status->code == rpc::StatusCode::ok);
    request.set_sort_target(RangeRequest::KEY);  // of what is not ordered
    const RangeResponse expected = test.range(request).body;
    CHECK_EQ(stream.merged().SerializeAsString(), expected.SerializeAsString());
    CHECK_EQ(stream.messages.size(), c.messages);
    for (std::size_t i = 0; i < stream.messages.size(); ++i) {
      const RangeResponse& message = stream.messages[i];
      CHECK_EQ(message.has_header(), i + 1 == stream.messages.size());
      if (i == 0) CHECK(message.kvs_size() <= 10);
      if (i + 1 == stream.messages.size()) continue;
      CHECK(!message.more());
      CHECK_EQ(message.count(), 0);
      CHECK(message.kvs_size() > 0);
    }
  }
}

TEST_CASE("messages come close to the largest request, and never far beyond") {
  TestServer test;
  test.config.max_request_bytes = 2000;
  test.start();
  for (int i = 0; i < 300; ++i) test.put("k" + std::to_string(100 + i), i < 250 ? "v" : std::string(1500, 'x'));
  Stream stream;
  run(test, stream, get("k..l"));
  CHECK_EQ(stream.merged().count(), 300);
  std::size_t largest = 0;
  for (const RangeResponse& message : stream.messages) {
    CHECK(message.ByteSizeLong() < 2000 + 1600);
    largest = std::max(largest, message.ByteSizeLong());
  }
  CHECK(largest > 1000);
  CHECK(stream.messages.size() < 60);
}

TEST_CASE("what is refused, and in which order") {  // §1.4, §2.2
  TestServer test;
  test.start();
  struct Case { std::string_view name, get; void (*ask)(RangeRequest&); rpc::StatusCode code; std::string_view text; };
  const auto nothing = [](RangeRequest&) {};
  const auto filter = [](RangeRequest& r) { r.set_max_mod_revision(7); };
  constexpr auto kUnimplemented = rpc::StatusCode::unimplemented;
  constexpr auto kInvalid = rpc::StatusCode::invalid_argument;
  constexpr std::string_view kSort = "RangeStream does not support custom sort orders";
  constexpr std::string_view kFilter = "RangeStream does not support revision filters";
  const Case cases[] = {
      {"no key", " order=2", nothing, kInvalid, "etcdserver: key is not provided"},
      {"no such order", "k order=9", filter, kInvalid, "etcdserver: invalid sort option"},
      {"no such target", "k by=9", nothing, kInvalid, "etcdserver: invalid sort option"},
      {"descending", "k order=2", nothing, kUnimplemented, kSort},
      {"ascending by version", "k order=1 by=1", nothing, kUnimplemented, kSort},
      {"the order comes before filters", "k order=2", filter, kUnimplemented, kSort},
      {"max_mod_revision", "k", filter, kUnimplemented, kFilter},
      {"min_mod_revision", "k", [](RangeRequest& r) { r.set_min_mod_revision(1); }, kUnimplemented, kFilter},
      {"max_create_revision", "k", [](RangeRequest& r) { r.set_max_create_revision(1); }, kUnimplemented, kFilter},
      {"min_create_revision", "k count", [](RangeRequest& r) { r.set_min_create_revision(1); }, kUnimplemented, kFilter},
      {"the future", "k rev=9", nothing, rpc::StatusCode::out_of_range, "etcdserver: mvcc: required revision is a future revision"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    RangeRequest request = get(c.get);
    c.ask(request);
    Stream stream;
    run(test, stream, request);
    CHECK(stream.status->code == c.code);
    CHECK_EQ(stream.status->message, c.text);
    CHECK(stream.messages.empty());
  }
  Stream garbage;
  test.channel->open_stream("/etcdserverpb.KV/RangeStream", {}, garbage);
  test.channel->send(garbage, "\xff\xff");
  Stream silent;
  test.channel->open_stream("/etcdserverpb.KV/RangeStream", {}, silent);
  test.channel->half_close(silent);
  Stream leaderless;
  rpc::CallOptions options;
  options.metadata = {{"client-api-version", "\xff"}};
  test.channel->open_stream("/etcdserverpb.KV/RangeStream", options, leaderless);
  test.sim.run_for(1s);
  for (const Stream* stream : {&garbage, &silent}) {
    REQUIRE(stream->status.has_value());
    CHECK(stream->status->code == rpc::StatusCode::internal);
  }
  REQUIRE(leaderless.status.has_value());
  CHECK_EQ(leaderless.status->message, "etcdserver: invalid client api version");
}

TEST_CASE("all of a stream is of one revision, whatever is written meanwhile") {
  TestServer test;
  test.config.tuning.range_slice_rows = 1;
  test.start();
  for (int i = 0; i < 200; ++i) test.put("k" + std::to_string(100 + i), std::string(40'000, 'x'));  // no window holds all
  const RangeRequest request = get("k..l");
  const std::string expected = testing::text_of(test.range(request).body);
  Stream stream;
  open(test, stream, request);
  test.channel->pause_receiving(stream, true);
  REQUIRE(test.sim.run_until([&] { return !stream.messages.empty(); }, 10s));
  CHECK(test.put("k0", "new").ok());
  CHECK(test.put("k299", "new").ok());
  CHECK(test.erase("k15", "k28").ok());
  test.channel->pause_receiving(stream, false);
  REQUIRE(test.sim.run_until([&] { return stream.status.has_value(); }, 10s));
  CHECK(stream.status->code == rpc::StatusCode::ok);
  CHECK_EQ(testing::text_of(stream.merged()), expected);
  CHECK_EQ(stream.merged().header().revision(), 201);
  CHECK_EQ(stream.merged().count(), 200);
}

TEST_CASE("a client that takes nothing is sent no more than fits, and all of it later") {
  TestServer test;
  test.start();
  constexpr int kKeys = 200;
  for (int i = 0; i < kKeys; ++i) test.put("k" + std::to_string(100 + i), std::string(100'000, 'x'));
  Stream stream;
  open(test, stream, get("k..l"));
  test.channel->pause_receiving(stream, true);
  test.sim.run_for(30s);
  CHECK(stream.size < 6U << 20U);
  CHECK(!stream.status.has_value());
  CHECK(test.put("z", "others are served").ok());
  test.channel->pause_receiving(stream, false);
  REQUIRE(test.sim.run_until([&] { return stream.status.has_value(); }, 60s));
  CHECK(stream.status->code == rpc::StatusCode::ok);
  CHECK_EQ(stream.merged().kvs_size(), kKeys);
}

TEST_CASE("a stream whose revision is compacted meanwhile ends with Compacted") {
  TestServer test;
  test.start();
  for (int i = 0; i < 200; ++i) test.put("k" + std::to_string(100 + i), std::string(40'000, 'x'));
  Stream stream;
  open(test, stream, get("k..l"));
  test.channel->pause_receiving(stream, true);
  REQUIRE(test.sim.run_until([&] { return !stream.messages.empty(); }, 10s));
  etcdserverpb::CompactionRequest compaction;
  compaction.set_revision(test.put("k100", "new").body.header().revision());
  CHECK(test.call<etcdserverpb::CompactionResponse>("/etcdserverpb.KV/Compact", compaction).ok());
  test.channel->pause_receiving(stream, false);
  REQUIRE(test.sim.run_until([&] { return stream.status.has_value(); }, 10s));
  CHECK(stream.status->code == rpc::StatusCode::out_of_range);
  CHECK_EQ(stream.status->message, "etcdserver: mvcc: required revision has been compacted");
  for (const RangeResponse& message : stream.messages) CHECK(!message.has_header());
}

TEST_CASE("a stream of the newest that is compacted before its first message begins anew") {
  TestServer test;
  test.config.tuning.range_slice_keys = 1;
  test.start();
  for (int i = 0; i < 50; ++i) test.put("k" + std::to_string(100 + i), "v");
  test.member.faults().turn_cost = 10ms;  // the first ten keys take longer than a put and a compaction
  Stream newest;
  Stream named;
  open(test, newest, get("k..l"));
  open(test, named, get("k..l rev=51"));
  etcdserverpb::CompactionRequest compaction;
  compaction.set_revision(test.put("k100", "new").body.header().revision());
  CHECK(test.call<etcdserverpb::CompactionResponse>("/etcdserverpb.KV/Compact", compaction).ok());
  CHECK(newest.messages.empty());
  CHECK(named.messages.empty());
  REQUIRE(test.sim.run_until([&] { return newest.status.has_value() && named.status.has_value(); }, 30s));
  CHECK_EQ(named.status->message, "etcdserver: mvcc: required revision has been compacted");
  CHECK_EQ(newest.status->message, "");
  CHECK_EQ(newest.merged().header().revision(), 52);
  CHECK_EQ(testing::text_of(newest.merged()), testing::text_of(test.range(get("k..l")).body));
}

TEST_CASE("a client that goes away, and a member that stops, end a stream at whatever turn") {
  TestServer test;
  test.config.tuning.range_slice_keys = 2;
  test.start();
  for (int i = 0; i < 60; ++i) test.put("k" + std::to_string(100 + i), "v");
  for (int steps = 0; steps < 50; ++steps) {
    Stream streams[3];
    for (Stream& stream : streams) open(test, stream, get(steps % 2 == 0 ? "k..l" : "k..l serializable"));
    for (int i = 0; i < steps; ++i) test.sim.step();
    test.channel->cancel(streams[steps % 3]);
    if (steps % 2 == 0) test.channel.reset(), test.connect();
    test.sim.run_for(100ms);
  }
  Stream last;
  run(test, last, get("k..l"));
  CHECK_EQ(last.merged().kvs_size(), 60);
  Stream cut;
  open(test, cut, get("k..l"));
  for (int i = 0; i < 10; ++i) test.sim.step();
  test.crash(io::sim::CrashKind::process_kill);
}

// The gates are passed when the call begins; its request comes when there is nobody left who could tell how far to wait.
TEST_CASE("a stream that says what it wants after its member has stopped, while that drains, is refused") {
  TestServer test;
  test.start();
  Stream stream;
  test.channel->open_stream("/etcdserverpb.KV/RangeStream", {}, stream);
  test.sim.run_for(5ms);
  test.member.disk_faults().sync = {50ms, 50ms};
  test.member.disk_faults().sync_error_per_million = 1'000'000;
  TestServer::Call put;
  etcdserverpb::PutRequest request;
  request.set_key("k");
  test.channel->unary("/etcdserverpb.KV/Put", request.SerializeAsString(), {}, put);
  test.sim.run_for(10ms);
  test.server->stop(test);
  REQUIRE(test.sim.run_until([&] { return put.status.has_value(); }, 1s));
  CHECK_EQ(put.status->code, rpc::StatusCode::unavailable);
  CHECK_FALSE(test.stopped);  // it waits for the stream
  test.channel->send(stream, get("k").SerializeAsString());
  REQUIRE(test.sim.run_until([&] { return stream.status.has_value() && test.stopped; }, 30s));
  CHECK_EQ(stream.status->code, rpc::StatusCode::unavailable);
  test.channel.reset();
  test.server.reset();
}

TEST_CASE("a read that the disk fails ends the stream, and stops the member") {
  TestServer test;
  test.config.tuning.store_page_cache_bytes = 0;
  test.start();
  for (int i = 0; i < 200; ++i) test.put("k" + std::to_string(i), std::string(5000, 'x'));
  test.sim.run_for(10s);  // into the files
  test.stop();
  test.start();
  test.member.disk_faults().read_error_per_million = 1'000'000;
  Stream stream;
  run(test, stream, get("k..l"));
  CHECK(stream.status->code == rpc::StatusCode::unavailable);
  REQUIRE(test.sim.run_until([&] { return test.failure.has_value(); }, 1s));
  test.stop();
}

}  // namespace

// --- without a network ------------------------------------------------------------------------------

namespace {

// A client that takes what is queued only when it is told to.
class FakeCall final : public rpc::StreamCall {
 public:
  std::optional<std::string_view> metadata(std::string_view) const override { return std::nullopt; }
  std::optional<base::Instant> deadline() const override { return std::nullopt; }
  std::string peer_text() const override { return {}; }
  std::string_view verified_identity() const override { return {}; }
  void send(std::string_view message) override { send(message, {}); }
  void send(std::string_view first, std::string_view second) override {
    queued += first.size() + second.size();
    queued_most = std::max(queued_most, queued);
    ++messages;
  }
  std::size_t queued_bytes() const override { return queued; }
  void finish(const rpc::Status& with) override { status = with; }
  void pause_receiving(bool) override {}

  std::size_t queued = 0;
  std::size_t queued_most = 0;
  int messages = 0;
  std::optional<rpc::Status> status;
};

class NoListener final : public replica::ReplicaListener, public ReadFailure {
 public:
  void on_started() override {}
  void on_leader(base::MemberId) override {}
  void on_stopped(const base::Error&) override {}
  void on_read_failed(const base::Error& error) override { FAIL(error.detail); }
};

TEST_CASE("however large the range, the member holds what one message and the bound of the queue hold") {
  testing::MachineFixture test;
  constexpr std::size_t kValue = 1'000'000;
  constexpr int kKeys = 60;
  for (int i = 0; i < kKeys; ++i) test.put(testing::put_of("k" + std::to_string(100 + i), std::string(kValue, 'x')));
  test.let_time_pass();
  const ServerConfig config;
  NoListener listener;
  replica::Replica replica(test.node().world(), {}, test.machine(), nullptr, listener);  // never asked: the read is serializable
  RequestTimeouts timeouts(test.node().world().clock, 7s);
  Leadership leadership;
  Membership membership(test.node().world(), config, replica, test.machine(), nullptr);
  ServiceContext context{test.node().world(), config, replica, test.machine(), timeouts, leadership, membership, nullptr, listener, test.node().world().loop};
  SliceQueue queue(context.loop);
  RangeStreamHandler handler(context, queue);
  FakeCall call;
  rpc::StreamHandler& as_handler = handler;
  rpc::StreamReceiver* receiver = as_handler.open(call);
  REQUIRE(receiver != nullptr);
  receiver->on_message(get("k..l serializable").SerializeAsString());
  receiver->on_half_close();
  std::size_t taken = 0;
  for (int rounds = 0; !call.status; ++rounds) {
    REQUIRE(rounds < kKeys + 10);
    test.let_time_pass();
    CHECK(call.queued_most < 5'000'000);
    if (call.status) break;
    CHECK(call.queued >= 1U << 20U);  // it waits for room, and for nothing else
    taken += call.queued;
    call.queued = 0;
    receiver->on_room();
  }
  CHECK(call.status->code == rpc::StatusCode::ok);
  CHECK(taken + call.queued > kKeys * kValue);
}

}  // namespace
}  // namespace etcd

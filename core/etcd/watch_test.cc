// The service Watch against the behaviour reference, §4.
#include <doctest/doctest.h>

#include <string>

#include "core/etcd/errors.h"
#include "core/etcd/test_server.h"
#include "core/etcd/test_watch.h"
#include "core/etcd/txn_texts.h"

namespace etcd {
namespace {

using etcdserverpb::WatchCreateRequest;
using etcdserverpb::WatchRequest;
using testing::TestServer;
using testing::TestWatch;
using testing::text_of;
using namespace std::chrono_literals;

const std::string kToTheEnd(1, '\0');

// A server with some history: a=1 at 2, b=1 at 3, a=2 at 4, b deleted at 5; and one stream.
struct WatchFixture {
  explicit WatchFixture(rpc::CallOptions options = {}) { begin(std::move(options)); }
  explicit WatchFixture(const ServerConfig& config) {
    const auto listen = test.config.listen_client;
    test.config = config;
    test.config.listen_client = listen;
    begin({});
  }
  void begin(rpc::CallOptions options) {
    test.start();
    test.put("a", "1");
    test.put("b", "1");
    test.put("a", "2");
    test.erase("b", "");
    watch.emplace(*test.channel, std::move(options));
  }
  std::string take(base::Duration after = 500ms) {
    test.sim.run_for(after);
    return watch->take();
  }
  std::string create(const WatchRequest& request) {
    watch->send(request);
    return take();
  }
  void compact(std::int64_t revision) {
    etcdserverpb::CompactionRequest request;
    request.set_revision(revision);
    REQUIRE(test.call<etcdserverpb::CompactionResponse>("/etcdserverpb.KV/Compact", request).ok());
  }

  TestServer test;
  std::optional<TestWatch> watch;
};

}  // namespace

TEST_CASE("a watcher is told of what comes, and one that begins in the past of what was") {  // §4.1
  WatchFixture f;
  f.watch->create("a");
  f.watch->create("", kToTheEnd, 3);
  f.watch->create("a", "c", 8);
  CHECK_EQ(f.take(), "id=0 rev=5 created\nid=1 rev=5 created\nid=2 rev=5 created\nid=1 rev=5 +b=1@3 +a=2@4 -b@5\n");
  f.test.put("a", "3");
  f.test.put("c", "1");
  f.test.put("b", "2");
  CHECK_EQ(f.take(), "id=0 rev=6 +a=3@6\nid=1 rev=6 +a=3@6\nid=1 rev=7 +c=1@7\nid=1 rev=8 +b=2@8\nid=2 rev=8 +b=2@8\n");
}

TEST_CASE("what cannot be watched is refused on the stream, which goes on") {  // §4.1
  WatchFixture f;
  CHECK_EQ(f.create(TestWatch::request_of("b", "a")), "id=-1 rev=5 created canceled reason='mvcc: watcher range is empty'\n");
  CHECK_EQ(f.create(TestWatch::request_of("b", "b")), "id=-1 rev=5 created canceled reason='mvcc: watcher range is empty'\n");
  CHECK_EQ(f.create(TestWatch::request_of("a", "", -1)),
           "id=-1 rev=5 created canceled reason='etcdserver: mvcc: required revision has been compacted'\n");
  WatchRequest named = TestWatch::request_of("a");
  named.mutable_create_request()->set_watch_id(7);
  CHECK_EQ(f.create(named), "id=7 rev=5 created\n");
  CHECK_EQ(f.create(named), "id=-1 rev=5 created canceled reason='mvcc: duplicate watch ID provided on the WatchStream'\n");
  f.watch->send(WatchRequest());
  CHECK_EQ(f.take(), "");
  CHECK_FALSE(f.watch->status.has_value());
}

TEST_CASE("ids count up and leave out those that are taken; a cancelled one is free") {  // §4.1, §4.2
  WatchFixture f;
  WatchRequest named = TestWatch::request_of("a");
  named.mutable_create_request()->set_watch_id(1);
  f.watch->send(named);
  f.watch->create("a");
  f.watch->create("a");
  CHECK_EQ(f.take(), "id=1 rev=5 created\nid=0 rev=5 created\nid=2 rev=5 created\n");
  f.watch->cancel(1);
  f.watch->cancel(9);  // unknown: no answer
  CHECK_EQ(f.take(), "id=1 rev=5 canceled\n");
  CHECK_EQ(f.create(named), "id=1 rev=5 created\n");
  f.test.put("a", "3");
  CHECK_EQ(f.take(), "id=0 rev=6 +a=3@6\nid=2 rev=6 +a=3@6\nid=1 rev=6 +a=3@6\n");
}

TEST_CASE("filters, and what was there before") {  // §4.1
  WatchFixture f;
  WatchRequest request = TestWatch::request_of("a", kToTheEnd, 2);
  request.mutable_create_request()->set_prev_kv(true);
  request.mutable_create_request()->add_filters(WatchCreateRequest::NODELETE);
  CHECK_EQ(f.create(request), "id=0 rev=5 created\nid=0 rev=5 +a=1@2 +b=1@3 +a=2@4(1)\n");
  request.mutable_create_request()->clear_filters();
  request.mutable_create_request()->add_filters(WatchCreateRequest::NOPUT);
  CHECK_EQ(f.create(request), "id=1 rev=5 created\nid=1 rev=5 -b@5(1)\n");
  f.test.put("a", "3");
  f.test.erase("a", "");
  f.test.put("a", "4");
  CHECK_EQ(f.take(), "id=0 rev=6 +a=3@6(2)\nid=1 rev=7 -a@7(3)\nid=0 rev=8 +a=4@8\n");
  // Of what is compacted nobody knows what it was.
  f.compact(4);
  request.mutable_create_request()->clear_filters();
  request.mutable_create_request()->set_start_revision(4);
  CHECK_EQ(f.create(request), "id=2 rev=8 created\nid=2 rev=8 +a=2@4 -b@5(1) +a=3@6(2) -a@7(3) +a=4@8\n");
}

TEST_CASE("all events of a revision come in one response, in the order of the transaction") {  // §4.4
  WatchFixture f;
  f.watch->create("a", kToTheEnd);
  CHECK_EQ(f.take(), "id=0 rev=5 created\n");
  REQUIRE(f.test.call<etcdserverpb::TxnResponse>("/etcdserverpb.KV/Txn", testing::txn_of(": put c=1, put b=2, del a, put d=3")).ok());
  CHECK_EQ(f.take(), "id=0 rev=6 +c=1@6 +b=2@6 -a@6 +d=3@6\n");
}

TEST_CASE("a watcher that wants what is compacted is created and ends at once, and keeps its id") {  // §4.1
  WatchFixture f;
  f.compact(4);
  f.watch->create("a", "", 3);
  f.watch->create("a", "", 4);
  CHECK_EQ(f.take(), "id=0 rev=5 created\nid=1 rev=5 created\nid=0 rev=0 canceled compacted=4\nid=1 rev=5 +a=2@4\n");
  WatchRequest named = TestWatch::request_of("a");
  named.mutable_create_request()->set_watch_id(0);
  CHECK_EQ(f.create(named), "id=2 rev=5 created\n");
  f.watch->cancel(0);
  CHECK_EQ(f.take(), "id=0 rev=5 canceled\n");
}

TEST_CASE("who asks how far the stream is hears it when all of it is there, and otherwise nothing") {  // §4.2
  WatchFixture f;
  f.watch->ask_for_progress();
  CHECK_EQ(f.take(), "");
  f.watch->create("a", "", 2);
  CHECK_EQ(f.take(), "id=0 rev=5 created\nid=0 rev=5 +a=1@2 +a=2@4\n");
  f.watch->ask_for_progress();
  CHECK_EQ(f.take(), "id=-1 rev=5\n");
  f.watch->create("a", "", 7);
  CHECK_EQ(f.take(), "id=1 rev=5 created\n");
  f.watch->ask_for_progress();
  CHECK_EQ(f.take(), "");
  f.test.put("x", "1");
  f.test.put("x", "2");
  f.watch->ask_for_progress();
  CHECK_EQ(f.take(), "id=-1 rev=7\n");
  f.watch->cancel(0);
  f.watch->cancel(1);
  f.watch->ask_for_progress();
  CHECK_EQ(f.take(), "id=0 rev=7 canceled\nid=1 rev=7 canceled\n");
}

TEST_CASE("who wants notices gets one per interval in which there was nothing for him") {  // §4.2
  ServerConfig config;
  config.watch_progress_notify_interval = 10s;
  WatchFixture f(config);
  WatchRequest request = TestWatch::request_of("a");
  request.mutable_create_request()->set_progress_notify(true);
  CHECK_EQ(f.create(request), "id=0 rev=5 created\n");
  f.watch->create("a");
  CHECK_EQ(f.take(11s), "id=1 rev=5 created\nid=0 rev=5\n");
  f.test.put("x", "1");
  f.test.put("a", "3");
  CHECK_EQ(f.take(11s), "id=0 rev=7 +a=3@7\nid=1 rev=7 +a=3@7\n");
  CHECK_EQ(f.take(11s), "id=0 rev=7\n");
}

TEST_CASE("large responses come in pieces to those who take them, and whole to the others") {  // §4.5
  ServerConfig config;
  config.max_request_bytes = 300'000;  // so a response has 824 288 bytes
  WatchFixture f(config);
  WatchRequest request = TestWatch::request_of("k", "l");
  request.mutable_create_request()->set_fragment(true);
  CHECK_EQ(f.create(request), "id=0 rev=5 created\n");
  f.watch->create("k", "l");
  f.take();
  for (int i = 0; i < 10; ++i) f.test.put("k" + std::to_string(i), std::string(250'000, 'x'));
  f.take();
  request.mutable_create_request()->set_start_revision(6);
  const std::size_t before = f.watch->responses.size();
  f.watch->send(request);
  f.test.sim.run_for(2s);
  int events = 0;
  for (std::size_t i = before; i < f.watch->responses.size(); ++i) {
    const etcdserverpb::WatchResponse& response = f.watch->responses[i];
    CHECK_LE(response.ByteSizeLong(), 824'288);
    if (!response.created()) CHECK_GT(response.events_size(), 0);
    events += response.events_size();
    if (response.fragment()) {
      REQUIRE_LT(i + 1, f.watch->responses.size());
      CHECK_EQ(f.watch->responses[i + 1].watch_id(), response.watch_id());
      CHECK_EQ(f.watch->responses[i + 1].header().revision(), response.header().revision());
    }
  }
  CHECK_EQ(events, 10);
  CHECK_FALSE(f.watch->responses.back().fragment());
  // One request, so one revision, that is too large for a piece.
  REQUIRE(f.test.erase("k", "l").ok());
  f.take();
  CHECK_EQ(f.watch->responses.back().events_size(), 10);
}

TEST_CASE("a stream whose client sends no more goes on") {  // §4.7
  WatchFixture f;
  f.watch->create("a");
  f.watch->half_close();
  f.take();
  f.test.put("a", "3");
  CHECK_EQ(f.take(), "id=0 rev=6 +a=3@6\n");
}

TEST_CASE("a request that is none ends the stream") {
  WatchFixture f;
  f.test.channel->send(*f.watch, "\xff\xff\xff");
  f.take();
  REQUIRE(f.watch->status.has_value());
  CHECK_EQ(f.watch->status->message, to_status(ErrorId::unmarshal_failed).message);
}

TEST_CASE("a client that takes nothing loses nothing, and keeps nobody waiting") {  // §4.6
  ServerConfig config;
  config.tuning.stream_queued_bytes_max = 100'000;
  config.tuning.watch_slice_rows = 7;
  WatchFixture f(config);
  f.watch->create("k", "l");
  rpc::Channel other(f.test.client.world(), f.test.config.listen_client[0], rpc::ChannelOptions(), nullptr);
  TestWatch slow(other);
  slow.create("k", "l");
  f.test.sim.run_for(500ms);
  slow.pause(true);
  constexpr int kPuts = 300;
  for (int i = 0; i < kPuts; ++i) f.test.put("k" + std::to_string(i % 10), std::string(20'000, 'x'));
  f.test.sim.run_for(1s);
  CHECK_EQ(f.watch->responses.size(), kPuts + 1);
  CHECK_LT(slow.responses.size(), kPuts);
  slow.pause(false);
  f.test.sim.run_for(5s);
  std::int64_t revision = 5;
  for (const etcdserverpb::WatchResponse& response : slow.responses) {
    for (const mvccpb::Event& event : response.events()) CHECK_EQ(event.kv().mod_revision(), ++revision);
  }
  CHECK_EQ(revision, 5 + kPuts);
  f.test.put("k0", "last");
  f.test.sim.run_for(1s);
  CHECK_EQ(text_of(slow.responses.back()), "id=0 rev=306 +k0=last@306");
}

TEST_CASE("a compaction ends a watcher that is too far behind, and says so") {  // §4.6
  ServerConfig config;
  config.tuning.stream_queued_bytes_max = 1'000;
  WatchFixture f(config);
  f.watch->create("k", "l");
  f.take();
  f.watch->pause(true);
  for (int i = 0; i < 200; ++i) f.test.put("k", std::string(20'000, 'x'));
  f.compact(200);
  f.watch->pause(false);
  f.test.sim.run_for(5s);
  REQUIRE_FALSE(f.watch->responses.empty());
  CHECK_EQ(text_of(f.watch->responses.back()), "id=0 rev=0 canceled compacted=200");
}

TEST_CASE("after a restart watchers begin where they were, in the rows") {
  WatchFixture f;
  f.test.sim.run_for(2s);
  f.watch.reset();
  f.test.stop();
  f.test.start();
  f.watch.emplace(*f.test.channel);
  f.watch->create("a", kToTheEnd, 3);
  const std::string told = f.take();
  CHECK_EQ(told, "id=0 rev=5 created\nid=0 rev=5 +b=1@3 +a=2@4 -b@5\n");
}

TEST_CASE("a stop cuts streams off, and does not wait for ever") {  // §4.7
  WatchFixture f;
  f.watch->create("a");
  f.take();
  f.test.stopped = false;
  f.test.server->stop(f.test);
  REQUIRE(f.test.sim.run_until([&] { return f.test.stopped; }, 30s));
  f.test.sim.run_for(1s);
  REQUIRE(f.watch->status.has_value());
  CHECK(f.watch->status->code == rpc::StatusCode::unavailable);
  f.watch.reset();
  f.test.channel.reset();
  f.test.server.reset();
}

}  // namespace etcd

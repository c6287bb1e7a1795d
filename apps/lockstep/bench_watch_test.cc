#include "apps/lockstep/bench_watch.h"

#include <doctest/doctest.h>

#include <memory>
#include <ostream>
#include <vector>

#include "core/api/kv.pb.h"
#include "core/api/watch.pb.h"
#include "core/rpc/server.h"

using namespace lockstep;

namespace {

// A server in the same loop that tells every watcher of every put, or makes a mistake with the first of them.
struct WatchBenchFixture final : rpc::UnaryHandler, rpc::StreamHandler {
  enum class Mistake { none, lost, twice };
  struct Stream final : rpc::StreamReceiver {
    Stream(WatchBenchFixture& its_fixture, rpc::StreamCall& its_call) : fixture(its_fixture), call(&its_call) {}
    void on_message(std::string_view message) override {
      etcdserverpb::WatchRequest request;
      REQUIRE(request.ParseFromString(std::string(message)));
      const etcdserverpb::WatchCreateRequest& create = request.create_request();
      ids.push_back(create.watch_id());
      etcdserverpb::WatchResponse created;
      created.set_watch_id(create.watch_id());
      created.set_created(true);
      call->send(created.SerializeAsString());
      if (create.start_revision() == 0) return;
      for (const mvccpb::KeyValue& put : fixture.puts) {
        if (put.mod_revision() >= create.start_revision()) tell(create.watch_id(), put);
      }
    }
    void tell(std::int64_t id, const mvccpb::KeyValue& put) {
      etcdserverpb::WatchResponse response;
      response.set_watch_id(id);
      *response.add_events()->mutable_kv() = put;
      call->send(response.SerializeAsString());
    }
    void on_half_close() override {}
    void on_room() override {}
    void on_cancelled() override { call = nullptr; }

    WatchBenchFixture& fixture;
    rpc::StreamCall* call;  // null: it is over
    std::vector<std::int64_t> ids;
  };

  WatchBenchFixture() : server(std::make_unique<rpc::Server>(world.real().world(), rpc::ServerOptions{})) {
    server->add_unary("/etcdserverpb.KV/Put", *this);
    rpc::StreamHandler& watch = *this;
    server->add_stream("/etcdserverpb.Watch/Watch", watch);
    const base::Result<io::Address> listening = server->listen({"127.0.0.1", 0});
    REQUIRE(listening.has_value());
    plan.address = *listening;
    plan.watchers = 7;
    plan.streams = 3;
    plan.connections = 2;
    plan.outstanding = 4;
    plan.puts = 50;
  }
  void handle(rpc::UnaryCall& call, std::string_view request) override {
    etcdserverpb::PutRequest put;
    REQUIRE(put.ParseFromString(std::string(request)));
    mvccpb::KeyValue kv;
    kv.set_key(put.key());
    kv.set_value(put.value());
    kv.set_mod_revision(static_cast<std::int64_t>(puts.size() + 2));
    puts.push_back(kv);
    for (const auto& stream : streams) {
      if (stream->call == nullptr) continue;
      for (const std::int64_t id : stream->ids) {
        const Mistake now = puts.size() == wrong_at ? std::exchange(mistake, Mistake::none) : Mistake::none;
        if (now == Mistake::lost) continue;
        stream->tell(id, kv);
        if (now == Mistake::twice) stream->tell(id, kv);
      }
    }
    etcdserverpb::PutResponse answer;
    answer.mutable_header()->set_revision(kv.mod_revision());
    call.respond(answer.SerializeAsString());
  }
  rpc::StreamReceiver* open(rpc::StreamCall& call) override {
    streams.push_back(std::make_unique<Stream>(*this, call));
    return streams.back().get();
  }

  BenchWorld world;
  std::vector<std::unique_ptr<Stream>> streams;
  std::unique_ptr<rpc::Server> server;
  std::vector<mvccpb::KeyValue> puts;
  WatchPlan plan;
  Mistake mistake = Mistake::none;
  std::size_t wrong_at = 20;  // which put
};

}  // namespace

TEST_CASE("every watcher is told of every put of a run") {
  for (const bool until_told : {false, true}) {
    CAPTURE(until_told);
    WatchBenchFixture fixture;
    fixture.plan.until_told = until_told;
    const base::Result<WatchResult> result = run_watch(fixture.world, fixture.plan);
    REQUIRE(result.has_value());
    CHECK(result->errors.empty());
    CHECK_EQ(fixture.puts.size(), 50);
    CHECK_EQ(result->puts, 50);
    CHECK_EQ(result->deliveries, 350);
    CHECK_EQ(result->messages, 350);
    CHECK_EQ(result->told.count(), 350);
    CHECK_EQ(result->answered.count(), 50);
    REQUIRE_EQ(fixture.streams.size(), 3);
    CHECK_EQ(fixture.streams[0]->ids.size() + fixture.streams[1]->ids.size() + fixture.streams[2]->ids.size(), 7);
  }
}

TEST_CASE("an event that comes twice is an error of the run") {
  WatchBenchFixture fixture;
  fixture.mistake = WatchBenchFixture::Mistake::twice;
  const base::Result<WatchResult> result = run_watch(fixture.world, fixture.plan);
  REQUIRE(result.has_value());
  CHECK_EQ(result->errors.size(), 1);
  CHECK_EQ(result->errors.count("an event came twice or out of order"), 1);
}

TEST_CASE("an event that never comes ends the run, and is an error of it") {
  for (const bool until_told : {false, true}) {
    CAPTURE(until_told);
    WatchBenchFixture fixture;
    fixture.mistake = WatchBenchFixture::Mistake::lost;
    fixture.plan.until_told = until_told;
    fixture.plan.outstanding = 1;
    fixture.plan.stall_timeout = std::chrono::milliseconds(200);
    const base::Result<WatchResult> result = run_watch(fixture.world, fixture.plan);
    REQUIRE(result.has_value());
    CHECK_EQ(result->errors.size(), 1);
    CHECK_EQ(result->errors.at("a watcher was not told of every put exactly once"), 1);
    CHECK_EQ(result->puts, until_told ? 20 : 50);  // the twentieth is never told to all
  }
}

TEST_CASE("slow and late watchers are told everything in the end, and are not counted with the others") {
  WatchBenchFixture fixture;
  fixture.plan.slow_streams = 2;
  fixture.plan.behind = 150;
  fixture.plan.value_bytes = 10000;  // so that a slow stream's window does not take all of it
  const base::Result<WatchResult> result = run_watch(fixture.world, fixture.plan);
  REQUIRE(result.has_value());
  CHECK(result->errors.empty());
  CHECK_EQ(fixture.puts.size(), 200);
  CHECK_EQ(result->puts, 50);
  CHECK_EQ(result->deliveries, 350);
  CHECK_GT(result->catch_up_seconds, 0);
  CHECK_EQ(fixture.streams.size(), 6);
}

TEST_CASE("puts of watch with a rate are not sent before they are due") {
  WatchBenchFixture fixture;
  fixture.plan.rate = 500;
  const base::Result<WatchResult> result = run_watch(fixture.world, fixture.plan);
  REQUIRE(result.has_value());
  CHECK_GE(result->seconds, 49.0 / 500);
}

TEST_CASE("a watch load on a server that is not there ends with its address") {
  WatchBenchFixture fixture;
  fixture.server.reset();
  const base::Result<WatchResult> result = run_watch(fixture.world, fixture.plan);
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().detail.find(to_text(fixture.plan.address)) != std::string::npos);
}

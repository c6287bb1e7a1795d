#include "apps/lockstep/bench_run.h"

#include <doctest/doctest.h>

#include <memory>
#include <ostream>

#include "core/rpc/server.h"

using namespace lockstep;

namespace {

// A server in the same loop that answers everything, or nothing but errors.
struct BenchFixture final : rpc::UnaryHandler {
  BenchFixture() : server(std::make_unique<rpc::Server>(world.real().world(), rpc::ServerOptions{})) {
    server->add_unary("/etcdserverpb.KV/Put", *this);
    const base::Result<io::Address> listening = server->listen({"127.0.0.1", 0});
    REQUIRE(listening.has_value());
    plan.address = *listening;
  }
  void handle(rpc::UnaryCall& call, std::string_view request) override {
    ++count;
    etcdserverpb::PutRequest put;
    CHECK(put.ParseFromString(std::string(request)));
    if (vanishes) return call.fail({rpc::StatusCode::unavailable, "gone"});
    call.respond("");
  }
  base::Result<RunResult> run() {
    LoadOptions options;
    Load load(options);
    return run_load(world, load, plan);
  }

  BenchWorld world;
  std::unique_ptr<rpc::Server> server;
  RunPlan plan;
  std::uint64_t count = 0;
  bool vanishes = false;
};

}  // namespace

TEST_CASE("a run sends as many operations as were asked for, over all clients and connections") {
  BenchFixture fixture;
  fixture.plan.clients = 7;
  fixture.plan.connections = 3;
  fixture.plan.operations = 1000;
  const base::Result<RunResult> result = fixture.run();
  REQUIRE(result.has_value());
  CHECK_EQ(fixture.count, 1000);
  CHECK_EQ(result->taken.count(), 1000);
  CHECK_EQ(result->error_count(), 0);
  CHECK_GT(result->seconds, 0);
  CHECK_GT(result->client_cpu_seconds, 0);
}

TEST_CASE("a run with a rate starts no operation before it is due") {
  BenchFixture fixture;
  fixture.plan.clients = 4;
  fixture.plan.operations = 50;
  fixture.plan.rate = 500;
  const base::Result<RunResult> result = fixture.run();
  REQUIRE(result.has_value());
  CHECK_EQ(result->taken.count(), 50);
  CHECK_GE(result->seconds, 49.0 / 500);
}

TEST_CASE("a run by time ends, and so does one with a rate") {
  BenchFixture fixture;
  fixture.plan.seconds = 0.05;
  const base::Result<RunResult> closed = fixture.run();
  REQUIRE(closed.has_value());
  CHECK_GT(closed->taken.count(), 0);
  fixture.plan.rate = 1000;
  const base::Result<RunResult> open = fixture.run();
  REQUIRE(open.has_value());
  CHECK_EQ(open->taken.count(), 50);
}

TEST_CASE("operations that fail are counted by what was answered") {
  BenchFixture fixture;
  fixture.vanishes = true;
  fixture.plan.operations = 10;
  const base::Result<RunResult> result = fixture.run();
  REQUIRE(result.has_value());
  CHECK_EQ(result->taken.count(), 0);
  REQUIRE_EQ(result->errors.size(), 1);
  CHECK_EQ(result->errors.begin()->first, "UNAVAILABLE: gone");
  CHECK_EQ(result->error_count(), 10);
}

TEST_CASE("a server that is not there ends the run with its address") {
  BenchFixture fixture;
  fixture.server.reset();
  fixture.plan.operations = 1;
  const base::Result<RunResult> result = fixture.run();
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().detail.find(to_text(fixture.plan.address)) != std::string::npos);
}

// The services Lock and Election: behaviour reference §13.
#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "core/api/election.pb.h"
#include "core/api/lease.pb.h"
#include "core/api/lock.pb.h"
#include "core/etcd/test_server.h"

namespace etcd {
namespace {

using testing::TestServer;
using namespace std::chrono_literals;
using Call = TestServer::Call;

struct LockFixture {
  LockFixture() { test.start(); }

  std::int64_t grant(std::int64_t id, std::int64_t ttl = 60) {
    etcdserverpb::LeaseGrantRequest request;
    request.set_ttl(ttl);
    request.set_id(id);
    const auto granted = test.call<etcdserverpb::LeaseGrantResponse>("/etcdserverpb.Lease/LeaseGrant", request);
    REQUIRE(granted.ok());
    return granted.body.id();
  }
  void revoke(std::int64_t id) {
    etcdserverpb::LeaseRevokeRequest request;
    request.set_id(id);
    REQUIRE(test.call<etcdserverpb::LeaseRevokeResponse>("/etcdserverpb.Lease/LeaseRevoke", request).ok());
  }
  // Asks, and does not wait.
  std::unique_ptr<Call> lock(std::int64_t lease) {
    v3lockpb::LockRequest request;
    request.set_name("mine");
    request.set_lease(lease);
    return begin("/v3lockpb.Lock/Lock", request);
  }
  std::unique_ptr<Call> campaign(std::int64_t lease, std::string value) {
    v3electionpb::CampaignRequest request;
    request.set_name("post");
    request.set_lease(lease);
    request.set_value(std::move(value));
    return begin("/v3electionpb.Election/Campaign", request);
  }
  template <typename Request>
  std::unique_ptr<Call> begin(std::string_view path, const Request& request) {
    auto call = std::make_unique<Call>();
    test.channel->unary(path, request.SerializeAsString(), {}, *call);
    test.sim.run_for(500ms);
    return call;
  }
  // The key, or the error.
  static std::string key_of(const Call& call) {
    if (!call.status) return "waiting";
    if (call.status->code != rpc::StatusCode::ok) return rpc::to_text(*call.status);
    v3lockpb::LockResponse response;
    REQUIRE(response.ParseFromString(call.message));
    return response.key();
  }
  static v3electionpb::LeaderKey leader_of(const Call& call) {
    v3electionpb::CampaignResponse response;
    REQUIRE(call.status.has_value());
    REQUIRE(call.status->code == rpc::StatusCode::ok);
    REQUIRE(response.ParseFromString(call.message));
    return response.leader();
  }
  void unlock(std::string key) {
    v3lockpb::UnlockRequest request;
    request.set_key(std::move(key));
    REQUIRE(test.call<v3lockpb::UnlockResponse>("/v3lockpb.Lock/Unlock", request).ok());
    test.sim.run_for(500ms);
  }
  std::string keys() {
    std::string out;
    const auto answer = test.get("a", "z");
    for (const mvccpb::KeyValue& kv : answer.body.kvs()) out += kv.key() + "=" + kv.value() + " ";
    return out;
  }

  TestServer test;
};

}  // namespace

TEST_CASE("a lock has one owner, and those who wait get it one after the other") {
  LockFixture f;
  const auto first = f.lock(f.grant(0xa));
  const auto second = f.lock(f.grant(0xb));
  const auto third = f.lock(f.grant(0xc));
  CHECK_EQ(f.key_of(*first), "mine/a");
  CHECK_EQ(f.key_of(*second), "waiting");
  CHECK_EQ(f.key_of(*third), "waiting");
  CHECK_EQ(f.keys(), "mine/a= mine/b= mine/c= ");
  CHECK_EQ(f.key_of(*f.lock(0xa)), "mine/a");  // its owner may have it again
  f.revoke(0xb);                               // who waits for who is gone waits for the one before him
  f.test.sim.run_for(500ms);
  CHECK_EQ(f.key_of(*third), "waiting");
  CHECK_EQ(f.key_of(*second), "waiting");  // he finds out when it is his turn
  f.unlock("mine/a");
  CHECK_EQ(f.key_of(*second), "UNKNOWN: mutex: session is expired");
  CHECK_EQ(f.key_of(*third), "mine/c");
  f.unlock("mine/c");
  f.unlock("mine/c");  // nothing is there: as good
  CHECK_EQ(f.keys(), "");
}

TEST_CASE("who has no lease gets one of a minute, and a lock that ends with it") {
  LockFixture f;
  const auto owner = f.lock(0);
  const std::string key = f.key_of(*owner);
  CHECK_EQ(key.substr(0, 5), "mine/");
  f.test.sim.run_for(50s);
  CHECK_EQ(f.keys(), key + "= ");
  f.test.sim.run_for(15s);
  CHECK_EQ(f.keys(), "");
}

TEST_CASE("who gives up leaves the line") {
  LockFixture f;
  const auto owner = f.lock(f.grant(0xa));
  auto gone = f.lock(f.grant(0xb));
  CHECK_EQ(f.keys(), "mine/a= mine/b= ");
  f.test.channel->cancel(*gone);
  f.test.sim.run_for(1s);
  CHECK_EQ(f.keys(), "mine/a= ");
}

TEST_CASE("an unknown lease is told in the words of the lease, with another code") {  // §1.3
  LockFixture f;
  CHECK_EQ(f.key_of(*f.lock(0xf)), "UNKNOWN: etcdserver: requested lease not found");
}

TEST_CASE("a stop does not wait for those who wait") {
  LockFixture f;
  const auto owner = f.lock(f.grant(0xa));
  const auto waits = f.lock(f.grant(0xb));
  f.test.stopped = false;
  f.test.server->stop(f.test);
  REQUIRE(f.test.sim.run_until([&] { return f.test.stopped; }, 30s));
  f.test.server.reset();
}

TEST_CASE("an election has one leader, who proclaims, and whose place the next one takes") {
  LockFixture f;
  const auto first = f.campaign(f.grant(0xa), "a");
  const auto second = f.campaign(f.grant(0xb), "b");
  const v3electionpb::LeaderKey leader = f.leader_of(*first);
  CHECK_EQ(leader.name(), "post");
  CHECK_EQ(leader.key(), "post/a");
  CHECK_EQ(leader.lease(), 0xa);
  CHECK_EQ(leader.rev(), 2);
  CHECK_FALSE(second->status.has_value());

  v3electionpb::LeaderRequest who;
  who.set_name("post");
  struct Observer final : rpc::ClientCall {
    void on_message(std::string_view bytes) override {
      v3electionpb::LeaderResponse response;
      REQUIRE(response.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
      told += response.kv().key() + "=" + response.kv().value() + " ";
    }
    void on_status(const rpc::Status& with) override { status = with; }
    std::string told;
    std::optional<rpc::Status> status;
  };
  Observer observer;
  f.test.channel->open_stream("/v3electionpb.Election/Observe", {}, observer);
  f.test.channel->send(observer, who.SerializeAsString());
  f.test.channel->half_close(observer);
  f.test.sim.run_for(500ms);

  v3electionpb::ProclaimRequest proclaim;
  *proclaim.mutable_leader() = leader;
  proclaim.set_value("a2");
  REQUIRE(f.test.call<v3electionpb::ProclaimResponse>("/v3electionpb.Election/Proclaim", proclaim).ok());
  CHECK_EQ(f.test.call<v3electionpb::LeaderResponse>("/v3electionpb.Election/Leader", who).body.kv().value(), "a2");
  f.test.sim.run_for(500ms);

  v3electionpb::ResignRequest resign;
  *resign.mutable_leader() = leader;
  for (int i = 0; i < 2; ++i) REQUIRE(f.test.call<v3electionpb::ResignResponse>("/v3electionpb.Election/Resign", resign).ok());
  f.test.sim.run_for(500ms);
  CHECK_EQ(f.leader_of(*second).key(), "post/b");
  f.revoke(0xb);
  f.test.sim.run_for(500ms);
  REQUIRE_FALSE(observer.status.has_value());
  const auto third = f.campaign(f.grant(0xc), "c");
  CHECK_EQ(f.leader_of(*third).key(), "post/c");
  CHECK_EQ(observer.told, "post/a=a post/a=a2 post/b=b post/c=c ");

  const auto refused = f.test.call<v3electionpb::ProclaimResponse>("/v3electionpb.Election/Proclaim", proclaim);
  CHECK_EQ(rpc::to_text(refused.status), "UNKNOWN: election: not leader");
  const auto without = f.test.call<v3electionpb::ProclaimResponse>("/v3electionpb.Election/Proclaim", v3electionpb::ProclaimRequest());
  CHECK_EQ(rpc::to_text(without.status), "UNKNOWN: \"leader\" field must be provided");
  who.set_name("nobody");
  CHECK_EQ(rpc::to_text(f.test.call<v3electionpb::LeaderResponse>("/v3electionpb.Election/Leader", who).status), "UNKNOWN: election: no leader");
}

TEST_CASE("who campaigns again with another value proclaims it") {
  LockFixture f;
  CHECK_EQ(f.leader_of(*f.campaign(f.grant(0xa), "a")).rev(), 2);
  CHECK_EQ(f.leader_of(*f.campaign(0xa, "other")).rev(), 2);
  CHECK_EQ(f.keys(), "post/a=other ");
}

}  // namespace etcd

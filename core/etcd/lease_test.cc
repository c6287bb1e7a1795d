// The service Lease, on one member and on several.
#include <doctest/doctest.h>

#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/api/lease.pb.h"
#include "core/etcd/errors.h"
#include "core/etcd/test_cluster.h"
#include "core/etcd/test_server.h"

namespace etcd {
namespace {

using namespace std::chrono_literals;
using testing::Answer;
using testing::TestCluster;
using testing::TestServer;

constexpr std::string_view kKeepAlivePath = "/etcdserverpb.Lease/LeaseKeepAlive";

etcdserverpb::LeaseGrantRequest grant_of(std::int64_t id, std::int64_t ttl) {
  etcdserverpb::LeaseGrantRequest request;
  request.set_id(id);
  request.set_ttl(ttl);
  return request;
}
etcdserverpb::LeaseTimeToLiveRequest question_of(std::int64_t id) {
  etcdserverpb::LeaseTimeToLiveRequest request;
  request.set_id(id);
  request.set_keys(true);
  return request;
}
etcdserverpb::PutRequest leased_put(std::string key, std::int64_t lease) {
  etcdserverpb::PutRequest request;
  request.set_key(std::move(key));
  request.set_value("v");
  request.set_lease(lease);
  return request;
}

// `remaining of granted: keys`, or the error's text.
std::string lease_text(const Answer<etcdserverpb::LeaseTimeToLiveResponse>& answer) {
  if (!answer.ok()) return answer.status.message;
  std::string out = std::to_string(answer.body.ttl()) + " of " + std::to_string(answer.body.grantedttl()) + ":";
  for (const std::string& key : answer.body.keys()) out += " " + key;
  return out;
}

// A stream of renewals.
struct KeepAlive final : rpc::ClientCall {
  void on_message(std::string_view bytes) override {
    etcdserverpb::LeaseKeepAliveResponse response;
    REQUIRE(response.ParseFromString(std::string(bytes)));
    answers.push_back(response);
  }
  void on_status(const rpc::Status& with) override { status = with; }
  std::string text() const {
    std::string out;
    for (const etcdserverpb::LeaseKeepAliveResponse& answer : answers) {
      if (!out.empty()) out += ' ';
      out += std::to_string(answer.id()) + "=" + std::to_string(answer.ttl());
    }
    return out;
  }
  std::vector<etcdserverpb::LeaseKeepAliveResponse> answers;
  std::optional<rpc::Status> status;
};

void send(rpc::Channel& channel, KeepAlive& stream, std::int64_t id) {
  etcdserverpb::LeaseKeepAliveRequest request;
  request.set_id(id);
  channel.send(stream, request.SerializeAsString());
}

struct SingleFixture {
  void start() { server.start(); }
  void restart() {
    server.crash(io::sim::CrashKind::process_kill);
    server.member.restart();
    server.start();
  }
  Answer<etcdserverpb::RangeResponse> get(std::string key, std::string end = {}) { return server.get(std::move(key), std::move(end)); }
  rpc::Channel& channel() { return *server.channel; }
  std::string grant(std::int64_t id, std::int64_t ttl) {
    const auto answer = server.call<etcdserverpb::LeaseGrantResponse>("/etcdserverpb.Lease/LeaseGrant", grant_of(id, ttl));
    return answer.ok() ? std::to_string(answer.body.id()) + " for " + std::to_string(answer.body.ttl()) : answer.status.message;
  }
  std::string time_to_live(std::int64_t id) {
    return lease_text(server.call<etcdserverpb::LeaseTimeToLiveResponse>("/etcdserverpb.Lease/LeaseTimeToLive", question_of(id)));
  }
  std::string revoke(std::int64_t id) {
    etcdserverpb::LeaseRevokeRequest request;
    request.set_id(id);
    return server.call<etcdserverpb::LeaseRevokeResponse>("/etcdserverpb.Lease/LeaseRevoke", request).status.message;
  }
  std::string leases() {
    std::string out;
    const auto answer = server.call<etcdserverpb::LeaseLeasesResponse>("/etcdserverpb.Lease/LeaseLeases", etcdserverpb::LeaseLeasesRequest());
    for (const etcdserverpb::LeaseStatus& lease : answer.body.leases()) out += (out.empty() ? "" : " ") + std::to_string(lease.id());
    return out;
  }
  void put_leased(std::string key, std::int64_t lease) {
    REQUIRE(server.call<etcdserverpb::PutResponse>("/etcdserverpb.KV/Put", leased_put(std::move(key), lease)).ok());
  }
  std::string renew(std::int64_t id) {
    KeepAlive stream;
    channel().open_stream(kKeepAlivePath, {}, stream);
    send(channel(), stream, id);
    channel().half_close(stream);
    REQUIRE(sim.run_until([&] { return stream.status.has_value(); }, 30s));
    CHECK(stream.status->code == rpc::StatusCode::ok);
    return stream.text();
  }

  TestServer server;
  io::sim::Simulation& sim = server.sim;
};

TEST_CASE("a lease runs out, and takes its keys along in one revision") {
  SingleFixture test;
  test.start();
  CHECK_EQ(test.grant(7, 3), "7 for 3");
  test.put_leased("b", 7);
  test.put_leased("a", 7);
  test.sim.run_for(1500ms);
  CHECK_EQ(test.time_to_live(7), "1 of 3: a b");
  CHECK_EQ(testing::text_of(test.get("a", "c").body), "a=v@3/3v1 b=v@2/2v1");
  test.sim.run_for(2500ms);
  CHECK_EQ(test.time_to_live(7), "-1 of 0:");
  const auto gone = test.get("a", "c");
  CHECK_EQ(gone.body.count(), 0);
  CHECK_EQ(gone.body.header().revision(), 4);
  CHECK_EQ(test.revoke(7), "etcdserver: requested lease not found");
}

TEST_CASE("a lease is granted at least the minimum, and an id when it has none") {
  SingleFixture test;
  test.start();
  CHECK_EQ(test.grant(1, 0), "1 for 2");
  CHECK_EQ(test.grant(2, -5), "2 for 2");
  CHECK_EQ(test.grant(3, 9'000'000'001), "etcdserver: too large lease TTL");
  CHECK_EQ(test.grant(1, 60), "etcdserver: lease already exists");
  CHECK_EQ(test.grant(-9, 9'000'000'000), "-9 for 9000000000");
  CHECK_EQ(test.time_to_live(-9), "8999999999 of 9000000000:");
  std::set<std::int64_t> ids;
  for (int i = 0; i < 3; ++i) {
    const auto answer = test.server.call<etcdserverpb::LeaseGrantResponse>("/etcdserverpb.Lease/LeaseGrant", grant_of(0, 60));
    REQUIRE(answer.ok());
    CHECK(answer.body.id() > 0);
    ids.insert(answer.body.id());
  }
  CHECK_EQ(ids.size(), 3);
}

TEST_CASE("the first lease to run out is named first") {
  SingleFixture test;
  test.start();
  test.grant(1, 60);
  test.grant(2, 600);
  test.grant(3, 6);
  CHECK_EQ(test.leases(), "3 1 2");
}

TEST_CASE("renewals are answered in order, and the stream ends with its sender") {
  SingleFixture test;
  test.start();
  test.grant(1, 10);
  test.grant(2, 20);
  test.sim.run_for(5s);
  CHECK_EQ(test.time_to_live(1).substr(0, 2), "4 ");
  KeepAlive stream;
  test.channel().open_stream(kKeepAlivePath, {}, stream);
  for (const std::int64_t id : {2, 9, 1, 0, 1}) send(test.channel(), stream, id);
  test.sim.run_for(1s);
  CHECK_EQ(stream.text(), "2=20 9=0 1=10 0=0 1=10");
  CHECK(!stream.status.has_value());
  test.channel().half_close(stream);
  REQUIRE(test.sim.run_until([&] { return stream.status.has_value(); }, 5s));
  CHECK(stream.status->code == rpc::StatusCode::ok);
  CHECK_EQ(test.time_to_live(1).substr(0, 2), "8 ");
}

TEST_CASE("a lease that is renewed in time lives on") {
  SingleFixture test;
  test.start();
  test.grant(1, 3);
  test.put_leased("k", 1);
  for (int i = 0; i < 6; ++i) {
    test.sim.run_for(2s);
    CHECK_EQ(test.renew(1), "1=3");
  }
  CHECK_EQ(test.get("k").body.count(), 1);
  test.sim.run_for(4s);
  CHECK_EQ(test.renew(1), "1=0");
  CHECK_EQ(test.get("k").body.count(), 0);
}

TEST_CASE("a restart gives every lease its time again, and its keys") {
  SingleFixture test;
  test.start();
  test.grant(1, 10);
  test.put_leased("k", 1);
  test.sim.run_for(8s);
  test.restart();
  test.sim.run_for(5s);
  CHECK_EQ(test.time_to_live(1).substr(2), "of 10: k");
  test.sim.run_for(7s);
  CHECK_EQ(test.time_to_live(1), "-1 of 0:");
  CHECK_EQ(test.get("k").body.count(), 0);
}

// The time is the one that is left when it was written down, not the one that is left now.
TEST_CASE("with checkpoints a restart leaves a long lease what it had, until it is renewed") {
  SingleFixture test;
  test.server.config.lease_checkpoint = true;
  test.start();
  test.grant(1, 1000);
  test.grant(2, 1000);
  test.sim.run_for(320s);
  CHECK_EQ(test.renew(2), "2=1000");
  test.restart();
  const auto left = [&](std::int64_t id) { return std::stoi(test.time_to_live(id)); };
  CHECK(left(1) >= 699);
  CHECK(left(1) <= 701);
  CHECK(left(2) >= 999);
}

TEST_CASE("without checkpoints a long lease begins anew") {
  SingleFixture test;
  test.start();
  test.grant(1, 1000);
  test.sim.run_for(320s);
  test.restart();
  CHECK(std::stoi(test.time_to_live(1)) >= 999);
}

// --- several members -----------------------------------------------------------------------------------

struct GroupFixture {
  explicit GroupFixture(std::size_t size = 3) : cluster(size) {}
  void start() {
    cluster.start();
    leader = cluster.leader();
  }
  std::size_t follower() const { return leader == 0 ? 1 : 0; }
  void grant(std::size_t member, std::int64_t id, std::int64_t ttl) {
    REQUIRE(cluster.call<etcdserverpb::LeaseGrantResponse>(member, "/etcdserverpb.Lease/LeaseGrant", grant_of(id, ttl)).ok());
  }
  void put_leased(std::size_t member, std::string key, std::int64_t lease) {
    REQUIRE(cluster.call<etcdserverpb::PutResponse>(member, "/etcdserverpb.KV/Put", leased_put(std::move(key), lease)).ok());
  }
  std::string time_to_live(std::size_t member, std::int64_t id) {
    return lease_text(cluster.call<etcdserverpb::LeaseTimeToLiveResponse>(member, "/etcdserverpb.Lease/LeaseTimeToLive", question_of(id)));
  }
  void begin_keep_alive(std::size_t member, KeepAlive& stream, rpc::CallOptions options = {}) {
    channel = std::make_unique<rpc::Channel>(cluster.client.world(), cluster[member].config.listen_client[0], rpc::ChannelOptions(), nullptr);
    channel->open_stream(kKeepAlivePath, options, stream);
  }
  // Asks for another leader than `leader`, until there is one.
  void change_leader() {
    etcdserverpb::MoveLeaderRequest request;
    request.set_targetid(cluster.id(follower()));
    REQUIRE(cluster.call<etcdserverpb::MoveLeaderResponse>(leader, "/etcdserverpb.Maintenance/MoveLeader", request).ok());
    const std::size_t before = leader;
    leader = cluster.leader();
    REQUIRE(leader != before);
  }

  TestCluster cluster;
  std::size_t leader = 0;
  std::unique_ptr<rpc::Channel> channel;
};

TEST_CASE("a follower passes renewals and lookups on to the leader") {
  GroupFixture test;
  test.start();
  const std::size_t follower = test.follower();
  test.grant(follower, 5, 4);
  test.put_leased(follower, "k", 5);
  CHECK_EQ(test.time_to_live(follower, 5), "3 of 4: k");
  CHECK_EQ(test.time_to_live(follower, 6), "-1 of 0:");
  KeepAlive stream;
  test.begin_keep_alive(follower, stream);
  for (int i = 0; i < 5; ++i) {
    send(*test.channel, stream, 5);
    test.cluster.sim.run_for(2s);
  }
  send(*test.channel, stream, 6);
  test.cluster.sim.run_for(1s);
  CHECK_EQ(stream.text(), "5=4 5=4 5=4 5=4 5=4 6=0");
  for (const auto& answer : stream.answers) CHECK_EQ(answer.header().member_id(), test.cluster.id(follower));
  CHECK_EQ(test.cluster.get(follower, "k"), "v");
  test.cluster.sim.run_for(5s);
  CHECK_EQ(test.cluster.get(follower, "k"), "");
  send(*test.channel, stream, 5);
  test.channel->half_close(stream);
  test.cluster.sim.run_for(1s);
  CHECK_EQ(stream.answers.back().ttl(), 0);
  REQUIRE(stream.status.has_value());
  CHECK(stream.status->code == rpc::StatusCode::ok);
}

TEST_CASE("another leader gives every lease its full time, and renewals find it by themselves") {
  GroupFixture test;
  test.start();
  test.grant(test.leader, 1, 10);
  test.grant(test.leader, 2, 10);
  test.put_leased(test.leader, "k", 1);
  KeepAlive stream;
  test.begin_keep_alive(test.leader, stream);
  test.cluster.sim.run_for(8s);
  test.change_leader();
  test.cluster.sim.run_for(5s);
  send(*test.channel, stream, 2);
  test.cluster.sim.run_for(1s);
  CHECK_EQ(stream.text(), "2=10");
  CHECK_EQ(test.cluster.get(0, "k"), "v");
  test.cluster.sim.run_for(6s);
  for (std::size_t member = 0; member < 3; ++member) {
    CHECK_EQ(test.time_to_live(member, 1), "-1 of 0:");
    CHECK_EQ(test.time_to_live(member, 2).substr(1), " of 10:");
    CHECK_EQ(test.cluster.get(member, "k"), "");
  }
}

TEST_CASE("when the leader dies its leases live on, and run out at the next one") {
  GroupFixture test;
  test.start();
  const std::size_t follower = test.follower();
  test.grant(follower, 1, 5);
  test.put_leased(follower, "k", 1);
  KeepAlive stream;
  test.begin_keep_alive(follower, stream);
  test.cluster[test.leader].crash(io::sim::CrashKind::process_kill);
  send(*test.channel, stream, 1);  // waits for the next leader
  test.cluster.sim.run_for(4s);
  CHECK_EQ(stream.text(), "1=5");
  CHECK_EQ(test.cluster.get(follower, "k"), "v");
  test.cluster.sim.run_for(7s);
  CHECK_EQ(test.cluster.get(follower, "k"), "");
}

// Meanwhile another one leads. What the stopped one renewed by itself would run out there, and its client would not know.
TEST_CASE("a leader that was stopped renews nothing before it knows that it still leads") {
  GroupFixture test;
  test.start();
  const std::size_t before = test.leader;
  test.grant(before, 1, 20);
  KeepAlive stream;
  test.begin_keep_alive(before, stream);
  test.cluster.sim.run_for(1s);
  test.cluster[before].node.pause(8s);
  send(*test.channel, stream, 1);
  REQUIRE(test.cluster.sim.run_until([&] { return !stream.answers.empty(); }, 30s));
  CHECK_EQ(stream.text(), "1=20");
  const std::size_t other = test.follower();
  CHECK_EQ(test.time_to_live(other, 1), "19 of 20:");
  test.leader = test.cluster.leader();
  CHECK(test.leader != before);
}

TEST_CASE("a leader that was stopped revokes nothing that another one has renewed") {
  GroupFixture test;
  test.start();
  const std::size_t before = test.leader;
  test.grant(before, 1, 4);
  test.put_leased(before, "k", 1);
  test.cluster[before].node.pause(6s);
  const std::size_t other = test.follower();
  KeepAlive stream;
  test.begin_keep_alive(other, stream);
  for (int i = 0; i < 10; ++i) {
    send(*test.channel, stream, 1);
    test.cluster.sim.run_for(1s);
  }
  CHECK(stream.answers.size() == 10);
  for (const auto& answer : stream.answers) CHECK_EQ(answer.ttl(), 4);
  CHECK_EQ(test.cluster.get(other, "k"), "v");
}

// Nobody else can lead: so it is still the leader, and says so after a round of questions.
TEST_CASE("a leader of one member that was stopped goes on") {
  SingleFixture test;
  test.start();
  test.grant(1, 30);
  test.grant(2, 3);
  test.server.member.pause(5s);
  CHECK_EQ(test.renew(1), "1=30");
  test.sim.run_for(2s);
  CHECK_EQ(test.time_to_live(2), "-1 of 0:");
}

TEST_CASE("who wants a leader on its stream is told when there is none for long") {
  GroupFixture test;
  test.start();
  const std::size_t follower = test.follower();
  KeepAlive wants, other;
  rpc::CallOptions options;
  options.metadata = {{"hasleader", "true"}};
  test.begin_keep_alive(follower, wants, options);
  test.channel->open_stream(kKeepAlivePath, {}, other);
  test.cluster.sim.run_for(10s);
  CHECK(!wants.status.has_value());
  for (std::size_t member = 0; member < 3; ++member) {
    if (member != follower) test.cluster[member].crash(io::sim::CrashKind::process_kill);
  }
  test.cluster.sim.run_for(10s);
  REQUIRE(wants.status.has_value());
  CHECK_EQ(wants.status->message, "etcdserver: no leader");
  CHECK(!other.status.has_value());
  send(*test.channel, other, 1);
  test.cluster.sim.run_for(10s);
  REQUIRE(other.status.has_value());
  CHECK_EQ(other.status->message, "etcdserver: no leader");
  CHECK_EQ(test.time_to_live(follower, 1), "etcdserver: no leader");
}

TEST_CASE("a member that was given a snapshot has its leases, and what hangs on them") {
  GroupFixture test;
  for (const auto& member : test.cluster.members) {
    member->config.tuning.kept_entries_max = 60;
    member->config.tuning.catch_up_entries = 10;
    member->config.tuning.truncate_step_entries = 1;
    member->config.tuning.store_checkpoint_delay = 10ms;
  }
  test.start();
  const std::size_t away = test.follower();
  test.cluster[away].crash(io::sim::CrashKind::process_kill);
  test.grant(test.leader, 1, 600);
  test.grant(test.leader, 2, 600);
  test.put_leased(test.leader, "k", 1);
  for (int i = 0; i < 200; ++i) {
    REQUIRE(test.cluster.put(test.leader, "x" + std::to_string(i), "v").ok());
  }
  test.cluster[away].restart();
  REQUIRE(test.cluster.sim.run_until([&] { return test.cluster[away].ready; }, 30s));
  test.cluster.sim.run_for(5s);
  REQUIRE(test.cluster[away].node.durable_bytes("store-2/db", 0, 1).has_value());  // a snapshot came
  const auto list = test.cluster.call<etcdserverpb::LeaseLeasesResponse>(away, "/etcdserverpb.Lease/LeaseLeases",
                                                                        etcdserverpb::LeaseLeasesRequest());
  CHECK_EQ(list.body.leases_size(), 2);
  etcdserverpb::MoveLeaderRequest request;
  request.set_targetid(test.cluster.id(away));
  REQUIRE(test.cluster.call<etcdserverpb::MoveLeaderResponse>(test.leader, "/etcdserverpb.Maintenance/MoveLeader", request).ok());
  test.cluster.sim.run_for(2s);
  CHECK_EQ(test.time_to_live(away, 1).substr(3), " of 600: k");
  CHECK_EQ(test.cluster.status(away).leader(), test.cluster.id(away));
}

// Two thousand leases of the same time: revoking them all takes longer than a second, and the clients' renewals come at once.
TEST_CASE("after a restart leases do not all run out in one second") {
  SingleFixture test;
  test.start();
  constexpr int kCount = 2000;
  std::deque<TestServer::Call> calls;
  for (int i = 1; i <= kCount; ++i) {
    calls.emplace_back();
    test.channel().unary("/etcdserverpb.Lease/LeaseGrant", grant_of(i, 20).SerializeAsString(), {}, calls.back());
  }
  test.sim.run_for(5s);
  for (const TestServer::Call& call : calls) REQUIRE(call.status.has_value());
  calls.clear();
  test.restart();
  std::vector<int> left;
  const auto count = [&] {
    const auto answer =
        test.server.call<etcdserverpb::LeaseLeasesResponse>("/etcdserverpb.Lease/LeaseLeases", etcdserverpb::LeaseLeasesRequest());
    return answer.body.leases_size();
  };
  CHECK_EQ(count(), kCount);
  test.sim.run_for(20s);
  for (int i = 0; i < 6; ++i) {
    left.push_back(count());
    test.sim.run_for(1s);
  }
  CHECK(left[2] <= kCount - 700);
  for (std::size_t i = 2; i < left.size(); ++i) CHECK(left[i - 2] - left[i] <= 1600);  // 1000 a second are revoked, 750 run out
  CHECK_EQ(left.back(), 0);
}

TEST_CASE("a learner has no word in leases") {  // behaviour reference §7.6
  GroupFixture test;
  for (const auto& member : test.cluster.members) member->config.initial_cluster[2].is_learner = true;
  test.start();
  test.grant(0, 1, 60);
  const rpc::Status refusal = to_status(ErrorId::not_supported_for_learner);
  CHECK(test.cluster.call<etcdserverpb::LeaseGrantResponse>(2, "/etcdserverpb.Lease/LeaseGrant", grant_of(2, 5)).status == refusal);
  CHECK(test.cluster.call<etcdserverpb::LeaseRevokeResponse>(2, "/etcdserverpb.Lease/LeaseRevoke", etcdserverpb::LeaseRevokeRequest()).status ==
        refusal);
  CHECK_EQ(test.time_to_live(2, 1), refusal.message);
  CHECK(test.cluster.call<etcdserverpb::LeaseLeasesResponse>(2, "/etcdserverpb.Lease/LeaseLeases", etcdserverpb::LeaseLeasesRequest()).status ==
        refusal);
  KeepAlive stream;
  test.begin_keep_alive(2, stream);
  test.cluster.sim.run_for(1s);
  REQUIRE(stream.status.has_value());
  CHECK(*stream.status == refusal);
}

// The lease stands for a while after its time, since the others do not answer; renewing it then would be a lie.
TEST_CASE("a lease that has run out is not renewed: its client waits until it is gone") {
  GroupFixture test;
  test.start();
  test.grant(test.leader, 1, 3);
  test.put_leased(test.leader, "k", 1);
  KeepAlive stream;
  test.begin_keep_alive(test.leader, stream);
  test.cluster.sim.run_for(2800ms);
  for (std::size_t member = 0; member < 3; ++member) {
    if (member != test.leader) test.cluster[member].node.pause(600ms);
  }
  test.cluster.sim.run_for(350ms);
  send(*test.channel, stream, 1);
  test.cluster.sim.run_for(200ms);
  CHECK_EQ(stream.text(), "");
  test.cluster.sim.run_for(2s);
  CHECK_EQ(stream.text(), "1=0");
  CHECK_EQ(test.cluster.get(test.leader, "k"), "");
}

TEST_CASE("messages that are no requests end the stream") {
  SingleFixture test;
  test.start();
  KeepAlive stream;
  test.channel().open_stream(kKeepAlivePath, {}, stream);
  test.channel().send(stream, "\xff\xff");
  test.sim.run_for(1s);
  REQUIRE(stream.status.has_value());
  CHECK(*stream.status == to_status(ErrorId::unmarshal_failed));
}

}  // namespace
}  // namespace etcd

// Calls that take many turns, across the installation of another store.
#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/etcd/group.h"
#include "core/etcd/ids.h"
#include "core/etcd/kv_service.h"
#include "core/etcd/maintenance_service.h"
#include "core/etcd/membership.h"
#include "core/etcd/test_server.h"
#include "core/etcd/test_watch.h"
#include "core/etcd/watch_service.h"
#include "core/peer/member.h"

namespace etcd {
namespace {

using namespace std::chrono_literals;
using Call = testing::TestServer::Call;

struct InstallDone final : io::Completion {
  void complete(base::Status status) override { result = std::move(status); }
  std::optional<base::Status> result;
};

// A member whose store is replaced by a copy of itself, which is as good as any other for whoever reads it.
class InstallFixture final : replica::ReplicaListener, ReadFailure {
 public:
  InstallFixture() : node_(sim.add_node("m1")), client_(sim.add_node("client")) {
    config_.tuning.range_slice_keys = 2;
    config_.tuning.range_slice_rows = 1;
    config_.tuning.watch_slice_rows = 2;
    CompactionPace pace;
    pace.slice = {8, 2};
    pace.pause = 100ms;
    machine_ = std::make_unique<StateMachine>(node_.world(), sqlite::BackendOptions(), pace);
    timeouts_ = std::make_unique<RequestTimeouts>(node_.world().clock, config_.request_timeout());
    replica::ReplicaListener& listener = *this;
    member_ = std::make_unique<peer::Member>(node_.world(), *machine_, listener);
    replica::Options options;
    const InitialIds ids = initial_ids(config_);
    options.identity = {ids.cluster, ids.self};
    options.configuration = initial_configuration(ids);
    member_->start(std::move(options));
    REQUIRE(sim.run_until([&] { return leadership_.leader() != base::MemberId::none; }, 30s));
  }
  ~InstallFixture() {
    channel_.reset();
    node_.crash(io::sim::CrashKind::process_kill);
    server_.reset();
    watch_.reset();
    maintenance_.reset();
    kv_.reset();
    member_.reset();
    timeouts_.reset();
    machine_.reset();
  }

  template <typename Request>
  void begin(Call& call, std::string_view path, const Request& request) {
    channel_->unary(path, request.SerializeAsString(), {}, call);
  }
  void wait(Call& call) { REQUIRE(sim.run_until([&] { return call.status.has_value(); }, 60s)); }

  void put(int keys) {
    for (int i = 0; i < keys; ++i) {
      etcdserverpb::PutRequest request;
      request.set_key("k" + std::to_string(1000 + i));
      request.set_value("v");
      Call call;
      begin(call, "/etcdserverpb.KV/Put", request);
      wait(call);
      REQUIRE(call.status->code == rpc::StatusCode::ok);
    }
  }

  void receive_copy() {
    sim.run_for(1s);
    auto source = machine_->take_snapshot();
    REQUIRE(source.has_value());
    REQUIRE((*source)->applied() == machine_->applied());
    mark_ = {base::StoreGeneration(machine_->generation().value() + 1), (*source)->applied()};
    std::string all;
    REQUIRE_FALSE((*source)->read(1U << 26U, all).value());
    const auto sink = machine_->receive_snapshot(mark_);
    InstallDone taken;
    sink->take(all, taken);
    REQUIRE(sim.run_until([&] { return taken.result.has_value(); }, 60s));
    InstallDone ended;
    sink->end(ended);
    REQUIRE(sim.run_until([&] { return ended.result.has_value(); }, 60s));
    REQUIRE(ended.result->has_value());
  }
  void install_copy() {
    InstallDone done;
    machine_->install(mark_, done);
    REQUIRE(sim.run_until([&] { return done.result.has_value(); }, 60s));
    REQUIRE(done.result->has_value());
    CHECK(machine_->generation() == mark_.generation);
  }
  // So that many turns take longer than an install.
  void slow_down() { node_.faults().turn_cost = 500us; }

  io::sim::Simulation sim{1};
  rpc::Channel& channel() { return *channel_; }

 private:
  void on_started() override {
    const wal::Identity identity = member_->replica().identity();
    machine_->set_identity(identity.cluster, identity.member);
    member_->join({}, true);
    ReadFailure& failure = *this;
    membership_ = std::make_unique<Membership>(node_.world(), config_, member_->replica(), *machine_, nullptr);
    context_.reset(new ServiceContext{node_.world(), config_, member_->replica(), *machine_, *timeouts_, leadership_, *membership_, nullptr,
                                      failure, node_.world().loop});
    kv_ = std::make_unique<KvService>(*context_);
    maintenance_ = std::make_unique<MaintenanceService>(*context_);
    watch_ = std::make_unique<WatchService>(*context_);
    server_ = std::make_unique<rpc::Server>(node_.world(), rpc::ServerOptions());
    kv_->add_to(*server_);
    maintenance_->add_to(*server_);
    watch_->add_to(*server_);
    REQUIRE(server_->listen({"m1", 2379}).has_value());
    channel_ = std::make_unique<rpc::Channel>(client_.world(), io::Address{"m1", 2379}, rpc::ChannelOptions(), nullptr);
  }
  void on_leader(base::MemberId leader) override { leadership_.on_leader(leader, node_.world().clock.now()); }
  void on_stopped(const base::Error& why) override { FAIL(why.detail); }
  void on_read_failed(const base::Error& error) override { FAIL(error.detail); }

  io::sim::Node& node_;
  io::sim::Node& client_;
  ServerConfig config_;
  Leadership leadership_;
  std::unique_ptr<StateMachine> machine_;
  std::unique_ptr<RequestTimeouts> timeouts_;
  std::unique_ptr<peer::Member> member_;
  std::unique_ptr<Membership> membership_;
  std::unique_ptr<ServiceContext> context_;
  std::unique_ptr<KvService> kv_;
  std::unique_ptr<MaintenanceService> maintenance_;
  std::unique_ptr<WatchService> watch_;
  std::unique_ptr<rpc::Server> server_;
  std::unique_ptr<rpc::Channel> channel_;
  base::StoreMark mark_;
};

etcdserverpb::RangeRequest all_keys() {
  etcdserverpb::RangeRequest request;
  request.set_key("k");
  request.set_range_end("l");
  return request;
}

void check_is_told_to_ask_again(const rpc::Status& status) {
  CHECK(status.code == rpc::StatusCode::unavailable);
  CHECK_EQ(status.message, "etcdserver: leader changed");
}

TEST_CASE("a read of many turns ends as unavailable when its store is replaced, and the next one reads the new store") {
  InstallFixture test;
  test.put(200);
  test.receive_copy();
  test.slow_down();
  Call range, sorted, hash, stream;
  test.begin(range, "/etcdserverpb.KV/Range", all_keys());
  etcdserverpb::RangeRequest descending = all_keys();
  descending.set_sort_target(etcdserverpb::RangeRequest::VALUE);
  descending.set_sort_order(etcdserverpb::RangeRequest::DESCEND);
  test.begin(sorted, "/etcdserverpb.KV/Range", descending);
  test.begin(hash, "/etcdserverpb.Maintenance/HashKV", etcdserverpb::HashKVRequest());
  test.channel().open_stream("/etcdserverpb.KV/RangeStream", {}, stream);
  test.channel().send(stream, all_keys().SerializeAsString());
  test.channel().half_close(stream);
  test.sim.run_for(20ms);
  for (const Call* call : {&range, &sorted, &hash, &stream}) REQUIRE(!call->status.has_value());
  test.install_copy();
  for (Call* call : {&range, &sorted, &hash, &stream}) {
    test.wait(*call);
    check_is_told_to_ask_again(*call->status);
  }
  Call again;
  test.begin(again, "/etcdserverpb.KV/Range", all_keys());
  test.wait(again);
  REQUIRE(again.status->code == rpc::StatusCode::ok);
  etcdserverpb::RangeResponse response;
  REQUIRE(response.ParseFromString(again.message));
  CHECK_EQ(response.count(), 200);
  CHECK_EQ(response.kvs_size(), 200);
  CHECK_EQ(response.header().revision(), 201);
}

TEST_CASE("a physical compaction that waits is answered by the new store, and writes go on there") {
  InstallFixture test;
  test.put(100);
  test.put(100);
  etcdserverpb::CompactionRequest compaction;
  compaction.set_revision(201);
  compaction.set_physical(true);
  Call waiting;
  test.begin(waiting, "/etcdserverpb.KV/Compact", compaction);
  test.sim.run_for(200ms);
  REQUIRE(!waiting.status.has_value());
  test.receive_copy();
  CAPTURE(waiting.status.has_value());
  REQUIRE(!waiting.status.has_value());
  test.install_copy();
  test.wait(waiting);
  CHECK(waiting.status->code == rpc::StatusCode::ok);
  test.put(1);
}

// One that is up to date, one that is reading history, and one that waits for the future (etcd #15271, #20221).
TEST_CASE("watchers go on in the new store where they were in the old one") {  // behaviour reference §4.7
  InstallFixture test;
  test.put(100);
  testing::TestWatch watch(test.channel());
  watch.create("k", "l");
  watch.create("k", "l", 120);
  test.sim.run_for(1s);
  CHECK_EQ(watch.take(), "id=0 rev=101 created\nid=1 rev=101 created\n");
  test.put(5);
  test.sim.run_for(1s);
  watch.take();
  test.receive_copy();
  test.slow_down();
  watch.create("k", "l", 2);
  test.sim.run_for(10ms);
  const std::size_t before = watch.responses.size();
  REQUIRE_GT(before, 7);  // it has begun to read
  test.install_copy();
  CHECK_LT(watch.responses.size(), before + 52);
  test.put(20);
  test.sim.run_for(5s);
  std::map<std::int64_t, std::int64_t> last{{0, 101}, {1, 119}, {2, 1}};
  for (const etcdserverpb::WatchResponse& response : watch.responses) {
    for (const mvccpb::Event& event : response.events()) CHECK_EQ(event.kv().mod_revision(), ++last[response.watch_id()]);
  }
  for (const auto& one : last) CHECK_EQ(one.second, 126);
}

}  // namespace
}  // namespace etcd

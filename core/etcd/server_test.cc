#include "core/etcd/server.h"

#include <string>
#include <vector>

#include "core/etcd/errors.h"
#include "core/etcd/test_server.h"
#include "core/etcd/txn_texts.h"

namespace etcd {

using testing::Answer;
using testing::TestServer;
using testing::text_of;
using namespace std::chrono_literals;

namespace {

const std::string kZero(1, '\0');

void check_error(const rpc::Status& status, ErrorId id) {
  CHECK(status.code == wire_error(id).code);
  CHECK_EQ(status.message, wire_error(id).text);
}

etcdserverpb::StatusResponse status_of(TestServer& test) {
  return test.call<etcdserverpb::StatusResponse>("/etcdserverpb.Maintenance/Status", etcdserverpb::StatusRequest()).body;
}

}  // namespace

TEST_CASE("a fresh member publishes itself, says so in etcd's words, and serves") {
  TestServer test;
  test.start();
  for (const char* text : {"starting an etcd server", "8e9e05c52164694d became leader at term",
                           "published local member to cluster through raft", "ready to serve client requests",
                           "serving client traffic insecurely; this is strongly discouraged!"}) {
    CAPTURE(text);
    CHECK(test.has_logged(text));
  }
  CHECK_EQ(test.server->client_addresses().size(), 1);
  const auto empty = test.get("nothing");
  REQUIRE(empty.ok());
  CHECK_EQ(empty.body.header().revision(), 1);
  CHECK_EQ(empty.body.header().cluster_id(), 0xcdf818194e3a8c32U);
  CHECK_EQ(empty.body.header().member_id(), 0x8e9e05c52164694dU);
  CHECK(empty.body.header().raft_term() > 0);
  CHECK_EQ(empty.body.count(), 0);
  test.stop();
  CHECK(test.has_logged("closed etcd server"));
}

TEST_CASE("put, get, get at a revision, delete") {
  TestServer test;
  test.start();
  CHECK_EQ(test.put("a", "1").body.header().revision(), 2);
  CHECK_EQ(test.put("b", "2").body.header().revision(), 3);
  const auto again = test.put("a", "3", true);
  CHECK_EQ(again.body.header().revision(), 4);
  CHECK_EQ(again.body.prev_kv().value(), "1");
  CHECK_EQ(again.body.prev_kv().mod_revision(), 2);
  CHECK(!test.put("c", "4", true).body.has_prev_kv());

  CHECK_EQ(text_of(test.get("a").body), "a=3@2/4v2");
  CHECK_EQ(text_of(test.get("a", "", 3).body), "a=1@2/2v1");
  CHECK_EQ(test.get("a", "", 3).body.header().revision(), 5);
  CHECK_EQ(text_of(test.get("a", "c").body), "a=3@2/4v2 b=2@3/3v1");
  CHECK_EQ(text_of(test.get("b", kZero).body), "b=2@3/3v1 c=4@5/5v1");

  const auto erased = test.erase("a", "c", true);
  CHECK_EQ(erased.body.deleted(), 2);
  CHECK_EQ(erased.body.header().revision(), 6);
  REQUIRE_EQ(erased.body.prev_kvs_size(), 2);
  CHECK_EQ(erased.body.prev_kvs(0).value(), "3");
  CHECK_EQ(erased.body.prev_kvs(1).value(), "2");
  CHECK_EQ(text_of(test.get(kZero, kZero).body), "c=4@5/5v1");
  CHECK_EQ(text_of(test.get("a", "c", 5).body), "a=3@2/4v2 b=2@3/3v1");

  const auto nothing = test.erase("a", "c");
  CHECK_EQ(nothing.body.deleted(), 0);
  CHECK_EQ(nothing.body.header().revision(), 6);
  CHECK_EQ(text_of(test.put("a", "5").ok() ? test.get("a").body : etcdserverpb::RangeResponse()), "a=5@7/7v1");
}

TEST_CASE("limit, count, keys_only, filters and sorting") {  // behaviour reference §2.2
  TestServer test;
  test.start();
  test.put("a", "z");
  test.put("b", "y");
  test.put("c", "x");
  test.put("a", "w");  // a: create 2, mod 5, version 2
  using etcdserverpb::RangeRequest;
  struct Case {
    std::string_view name;
    void (*ask)(RangeRequest&);
    std::string_view kvs;
    bool more;
    std::int64_t count;
  };
  const Case cases[] = {
      {"everything", [](RangeRequest&) {}, "a=w@2/5v2 b=y@3/3v1 c=x@4/4v1", false, 3},
      {"limit", [](RangeRequest& r) { r.set_limit(2); }, "a=w@2/5v2 b=y@3/3v1", true, 3},
      {"a limit that is just met", [](RangeRequest& r) { r.set_limit(3); }, "a=w@2/5v2 b=y@3/3v1 c=x@4/4v1", false, 3},
      {"a negative limit", [](RangeRequest& r) { r.set_limit(-1); }, "a=w@2/5v2 b=y@3/3v1 c=x@4/4v1", false, 3},
      {"count only", [](RangeRequest& r) { r.set_count_only(true); r.set_limit(1); }, "", false, 3},
      {"keys only", [](RangeRequest& r) { r.set_keys_only(true); }, "a=@2/5v2 b=@3/3v1 c=@4/4v1", false, 3},
      {"keys only by value",
       [](RangeRequest& r) { r.set_keys_only(true); r.set_sort_target(RangeRequest::VALUE); }, "a=@2/5v2 c=@4/4v1 b=@3/3v1", false, 3},
      {"descending", [](RangeRequest& r) { r.set_sort_order(RangeRequest::DESCEND); r.set_limit(1); }, "c=x@4/4v1", true, 3},
      {"by value", [](RangeRequest& r) { r.set_sort_order(RangeRequest::ASCEND); r.set_sort_target(RangeRequest::VALUE); },
       "a=w@2/5v2 c=x@4/4v1 b=y@3/3v1", false, 3},
      {"by value without an order: limited first",
       [](RangeRequest& r) { r.set_sort_target(RangeRequest::MOD); r.set_limit(1); }, "b=y@3/3v1", true, 3},
      {"by version, down", [](RangeRequest& r) { r.set_sort_order(RangeRequest::DESCEND); r.set_sort_target(RangeRequest::VERSION); r.set_limit(1); },
       "a=w@2/5v2", true, 3},
      {"by create revision, down",
       [](RangeRequest& r) { r.set_sort_order(RangeRequest::DESCEND); r.set_sort_target(RangeRequest::CREATE); },
       "c=x@4/4v1 b=y@3/3v1 a=w@2/5v2", false, 3},
      {"by mod revision", [](RangeRequest& r) { r.set_sort_order(RangeRequest::ASCEND); r.set_sort_target(RangeRequest::MOD); },
       "b=y@3/3v1 c=x@4/4v1 a=w@2/5v2", false, 3},
      {"mod revision bounds", [](RangeRequest& r) { r.set_min_mod_revision(4); r.set_max_mod_revision(4); }, "c=x@4/4v1", false, 3},
      {"create revision bounds, then the limit",
       [](RangeRequest& r) { r.set_min_create_revision(3); r.set_max_create_revision(4); r.set_limit(1); }, "b=y@3/3v1", true, 3},
      {"serializable", [](RangeRequest& r) { r.set_serializable(true); r.set_limit(1); }, "a=w@2/5v2", true, 3},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    RangeRequest request;
    request.set_key(kZero);
    request.set_range_end(kZero);
    c.ask(request);
    const auto answer = test.range(request);
    REQUIRE(answer.ok());
    CHECK_EQ(text_of(answer.body), c.kvs);
    CHECK_EQ(answer.body.more(), c.more);
    CHECK_EQ(answer.body.count(), c.count);
    CHECK_EQ(answer.body.header().revision(), 5);
  }
}

TEST_CASE("ignore_value keeps the value, and wants a key that is there") {
  TestServer test;
  test.start();
  etcdserverpb::PutRequest request;
  request.set_key("k");
  request.set_ignore_value(true);
  check_error(test.call<etcdserverpb::PutResponse>("/etcdserverpb.KV/Put", request).status, ErrorId::key_not_found);
  test.put("k", "kept");
  CHECK_EQ(test.call<etcdserverpb::PutResponse>("/etcdserverpb.KV/Put", request).body.header().revision(), 3);
  CHECK_EQ(text_of(test.get("k").body), "k=kept@2/3v2");
}

TEST_CASE("what is refused is refused in etcd's words, and changes nothing") {
  TestServer test;
  test.start();
  test.put("k", "v");
  check_error(test.get("").status, ErrorId::empty_key);
  check_error(test.put("", "v").status, ErrorId::empty_key);
  check_error(test.erase("", "").status, ErrorId::empty_key);
  check_error(test.get("k", "", 3).status, ErrorId::future_rev);
  etcdserverpb::PutRequest leased;
  leased.set_key("k");
  leased.set_lease(7);
  check_error(test.call<etcdserverpb::PutResponse>("/etcdserverpb.KV/Put", leased).status, ErrorId::lease_not_found);
  check_error(test.put("k", std::string(1572864, 'x')).status, ErrorId::request_too_large);

  rpc::CallOptions options;
  options.metadata = {{"client-api-version", "\xff"}};
  etcdserverpb::RangeRequest range;
  range.set_key("k");
  check_error(test.call<etcdserverpb::RangeResponse>("/etcdserverpb.KV/Range", range, options).status,
              ErrorId::invalid_client_api_version);
  options.metadata = {{"client-api-version", "3.7"}, {"hasleader", "true"}};
  CHECK(test.call<etcdserverpb::RangeResponse>("/etcdserverpb.KV/Range", range, options).ok());
  CHECK_EQ(text_of(test.get(kZero, kZero).body), "k=v@2/2v1");
}

TEST_CASE("transactions over the wire: writing ones through the log, reading ones beside it") {
  TestServer test;
  test.config.max_txn_ops = 3;
  test.start();
  const auto txn = [&](std::string_view text) {
    const auto answer = test.call<etcdserverpb::TxnResponse>("/etcdserverpb.KV/Txn", testing::txn_of(text));
    return answer.ok() ? testing::text_of(answer.body) : answer.status.message;
  };
  CHECK_EQ(txn("? v(a)=0 : put a=1, put b=2 : get a"), "then@2 put@2 put@2");
  CHECK_EQ(txn("? v(a)=0 : put a=1, put b=2 : get a"), "else@2 get@2:1(a=1@2/2v1)");
  const std::uint64_t applied = status_of(test).raftappliedindex();
  CHECK_EQ(txn("? v(a)=1 : get a..z"), "then@2 get@2:2(a=1@2/2v1 b=2@2/2v1)");
  CHECK_EQ(txn("? v(a)=1 : get a serializable"), "then@2 get@2:1(a=1@2/2v1)");
  CHECK_EQ(txn("? v(a)=2"), "else@2");
  CHECK_EQ(txn(": get a rev=9"), "etcdserver: mvcc: required revision is a future revision");
  CHECK_EQ(txn(": get a serializable rev=9"), "etcdserver: mvcc: required revision is a future revision");
  CHECK_EQ(status_of(test).raftappliedindex(), applied);
  CHECK_EQ(txn(": [: get a]"), "then@2 [then@0 get@2:1(a=1@2/2v1)]");  // nested: etcd takes it for a writing one
  CHECK_EQ(status_of(test).raftappliedindex(), applied + 1);
  CHECK_EQ(txn(": get a, get a, get a, get a"), "etcdserver: too many operations in txn request");
  CHECK_EQ(txn(": put a=1, put a=2"), "etcdserver: duplicate key given in txn request");
  CHECK_EQ(txn(": put c=" + std::string(1572864, 'x')), "etcdserver: request is too large");
  const auto empty = test.call<etcdserverpb::TxnResponse>("/etcdserverpb.KV/Txn", etcdserverpb::TxnRequest());
  CHECK_EQ(empty.body.header().cluster_id(), 0xcdf818194e3a8c32U);
  CHECK_EQ(empty.body.header().revision(), 2);
  test.crash(io::sim::CrashKind::power_loss);
  test.member.restart();
  test.start();
  CHECK_EQ(txn(": get a..z"), "then@2 get@2:2(a=1@2/2v1 b=2@2/2v1)");
}

TEST_CASE("headers within a transaction: the revision at most") {  // behaviour reference §2.6
  TestServer test;
  test.start();
  const auto answer = test.call<etcdserverpb::TxnResponse>("/etcdserverpb.KV/Txn", testing::txn_of(": put a=1, del b, get a, []"));
  REQUIRE(answer.ok());
  CHECK(answer.body.header().member_id() != 0);
  CHECK(answer.body.header().raft_term() != 0);
  etcdserverpb::ResponseHeader inner;
  inner.set_revision(2);
  const auto& responses = answer.body.responses();
  CHECK_EQ(responses[0].response_put().header().SerializeAsString(), inner.SerializeAsString());
  CHECK_EQ(responses[1].response_delete_range().header().SerializeAsString(), inner.SerializeAsString());
  CHECK_EQ(responses[2].response_range().header().SerializeAsString(), inner.SerializeAsString());
  CHECK(responses[3].response_txn().has_header());
  CHECK_EQ(responses[3].response_txn().header().ByteSizeLong(), 0);
}

TEST_CASE("transactions nest as deep as there may be operations, and deeper is too many") {
  TestServer test;
  test.start();
  const auto nested = [](int depth, const char* innermost) {
    std::string text = innermost;
    for (int i = 1; i < depth; ++i) text = ": [" + text + "]";
    return testing::txn_of(text);
  };
  // Read as a response with a header alone: protobuf parses nothing as deep as this unless told to.
  const auto deepest = test.call<etcdserverpb::CompactionResponse>("/etcdserverpb.KV/Txn", nested(128, ": put a=1"));
  CHECK_EQ(deepest.body.header().revision(), 2);
  CHECK_EQ(text_of(test.get("a").body), "a=1@2/2v1");
  check_error(test.call<etcdserverpb::TxnResponse>("/etcdserverpb.KV/Txn", nested(129, ": put a=1")).status, ErrorId::too_many_ops);
  check_error(test.call<etcdserverpb::TxnResponse>("/etcdserverpb.KV/Txn", nested(900, "")).status, ErrorId::too_many_ops);
  check_error(test.call<etcdserverpb::TxnResponse>("/etcdserverpb.KV/Txn", nested(2000, "")).status, ErrorId::unmarshal_failed);
}

TEST_CASE("the largest value that a proposal holds is written, the next is too large") {
  TestServer test;
  test.config.max_request_bytes = 1000;
  test.start();
  std::size_t taken = 0;
  for (std::size_t size = 900; size <= 1000; ++size) {
    const auto answer = test.put("k", std::string(size, 'x'));
    if (answer.ok()) {
      CHECK_EQ(taken + 1, taken == 0 ? 1 : size);
      taken = size;
    } else {
      check_error(answer.status, ErrorId::request_too_large);
    }
  }
  CHECK(taken > 950);
  CHECK(taken < 1000);
}

TEST_CASE("garbage instead of a request is refused, and the connection lives on") {
  TestServer test;
  test.start();
  TestServer::Call call;
  test.channel->unary("/etcdserverpb.KV/Put", "\xff\xff\xff", {}, call);
  REQUIRE(test.sim.run_until([&] { return call.status.has_value(); }, 10s));
  check_error(*call.status, ErrorId::unmarshal_failed);
  CHECK(test.put("k", "v").ok());
}

TEST_CASE("Status and MemberList describe the member") {  // behaviour reference §8.2, §7.3
  TestServer test;
  test.config.name = "infra";
  test.config.initial_cluster = {{"infra", {"http://localhost:2380"}}};
  test.start();
  test.put("k", "v");
  const etcdserverpb::StatusResponse status = status_of(test);
  CHECK_EQ(status.header().revision(), 2);
  CHECK_EQ(status.version(), "3.7.1");
  CHECK_EQ(status.storageversion(), "3.7.0");
  CHECK(status.dbsize() > 0);
  CHECK(status.dbsizeinuse() > 0);
  CHECK(status.dbsizeinuse() <= status.dbsize());
  CHECK_EQ(status.dbsizequota(), std::int64_t{2} << 30U);
  CHECK_EQ(status.leader(), 0x8e9e05c52164694dU);
  CHECK_EQ(status.raftappliedindex(), status.raftindex());
  CHECK_EQ(status.raftterm(), status.header().raft_term());
  CHECK_EQ(status.errors_size(), 0);
  CHECK(!status.islearner());

  for (const bool linearizable : {false, true}) {
    etcdserverpb::MemberListRequest request;
    request.set_linearizable(linearizable);
    const auto list = test.call<etcdserverpb::MemberListResponse>("/etcdserverpb.Cluster/MemberList", request);
    REQUIRE(list.ok());
    CHECK_EQ(list.body.header().revision(), 0);
    CHECK_EQ(list.body.header().member_id(), 0x8e9e05c52164694dU);
    REQUIRE_EQ(list.body.members_size(), 1);
    CHECK_EQ(list.body.members(0).id(), 0x8e9e05c52164694dU);
    CHECK_EQ(list.body.members(0).name(), "infra");
    CHECK_EQ(list.body.members(0).peerurls(0), "http://localhost:2380");
    CHECK_EQ(list.body.members(0).clienturls(0), "http://m1:2379");
  }
}

TEST_CASE("what was answered is there after a stop, a kill and a power loss") {
  TestServer test;
  test.start();
  test.put("a", "1");
  test.put("b", "2");
  test.erase("a", "");
  test.stop();
  test.start();
  CHECK_EQ(text_of(test.get(kZero, kZero).body), "b=2@3/3v1");
  CHECK_EQ(text_of(test.get(kZero, kZero, 3).body), "a=1@2/2v1 b=2@3/3v1");
  CHECK_EQ(test.put("c", "3").body.header().revision(), 5);
  std::string expected = "b=2@3/3v1 c=3@5/5v1";
  for (const auto kind : {io::sim::CrashKind::process_kill, io::sim::CrashKind::power_loss, io::sim::CrashKind::power_loss}) {
    test.crash(kind);
    test.member.restart();
    test.start();
    CHECK_EQ(text_of(test.get(kZero, kZero).body), expected);
    const auto put = test.put("d" + std::to_string(test.member.incarnation()), "v");
    const std::int64_t revision = put.body.header().revision();
    expected += " d" + std::to_string(test.member.incarnation()) + "=v@" + std::to_string(revision) + "/" +
                std::to_string(revision) + "v1";
  }
}

TEST_CASE("a restarted member keeps its ids and peer URLs, and takes the new name and client URLs") {  // §7.1, §7.2
  TestServer test;
  test.start();
  test.stop();
  test.config.name = "renamed";
  test.config.initial_advertise_peer_urls = {"http://elsewhere:2380"};
  test.config.advertise_client_urls = {"http://m1:1"};
  test.start();
  const auto list = test.call<etcdserverpb::MemberListResponse>("/etcdserverpb.Cluster/MemberList", etcdserverpb::MemberListRequest());
  REQUIRE_EQ(list.body.members_size(), 1);
  CHECK_EQ(list.body.members(0).id(), 0x8e9e05c52164694dU);
  CHECK_EQ(list.body.members(0).name(), "renamed");
  CHECK_EQ(list.body.members(0).peerurls(0), "http://localhost:2380");
  CHECK_EQ(list.body.members(0).clienturls(0), "http://m1:1");
}

TEST_CASE("the first start wants an initial cluster that holds together") {
  TestServer test;
  test.config.name = "other";
  test.begin();
  REQUIRE(test.sim.run_until([&] { return test.failure.has_value(); }, 10s));
  CHECK_EQ(test.failure->detail, "couldn't find local name \"other\" in the initial cluster configuration");
  test.stop();
  test.config.name = "default";
  test.start();
}

TEST_CASE("a failed sync stops the member, and whoever waits is not told that the write failed") {
  TestServer test;
  test.start();
  test.put("a", "1");
  test.member.disk_faults().sync_error_per_million = 1'000'000;
  TestServer::Call call;
  etcdserverpb::PutRequest request;
  request.set_key("b");
  test.channel->unary("/etcdserverpb.KV/Put", request.SerializeAsString(), {}, call);
  REQUIRE(test.sim.run_until([&] { return test.failure.has_value() && call.status.has_value(); }, 30s));
  CHECK(call.status->code == rpc::StatusCode::unavailable);
  test.stop();
}

TEST_CASE("a put that the disk holds up is answered after the request timeout: perhaps it happened") {
  TestServer test;
  test.start();
  test.member.disk_faults().sync = {60s, 60s};
  check_error(test.put("k", "v").status, ErrorId::timeout);
}

TEST_CASE("while the disk holds writes up, reads go on, and what is too much is refused") {
  TestServer test;
  constexpr std::size_t kKept = 3000;  // entries in memory; the store cannot take them while the disk is held up
  test.config.tuning.kept_entries_max = kKept;
  test.config.tuning.catch_up_entries = 0;
  test.start();
  test.put("k", "v");
  test.member.disk_faults().sync = {2s, 2s};
  etcdserverpb::PutRequest request;
  request.set_key("k");
  const std::string bytes = request.SerializeAsString();
  std::vector<TestServer::Call> calls(kKept + 10);
  for (TestServer::Call& call : calls) test.channel->unary("/etcdserverpb.KV/Put", bytes, {}, call);
  CHECK_EQ(text_of(test.get("k").body), "k=v@2/2v1");
  REQUIRE(test.sim.run_until([&] { return calls.back().status.has_value(); }, 1s));
  check_error(*calls.back().status, ErrorId::request_too_many_requests);
  CHECK(!calls.front().status.has_value());
  REQUIRE(test.sim.run_until([&] { return calls[kKept - 100].status.has_value(); }, 30s));
  std::size_t refused = 0;
  for (const TestServer::Call& call : calls) {
    REQUIRE(call.status.has_value());
    if (call.status->code != rpc::StatusCode::ok) ++refused;
  }
  CHECK(refused >= 10);
  CHECK(refused < 100);
  CHECK_EQ(test.get("k").body.header().revision(), 2 + static_cast<std::int64_t>(calls.size() - refused));
}

TEST_CASE("a client that gives up is told so; its write may happen all the same") {
  TestServer test;
  test.start();
  test.member.disk_faults().sync = {3s, 3s};
  rpc::CallOptions options;
  options.deadline = test.client.world().clock.now() + 1s;
  etcdserverpb::PutRequest request;
  request.set_key("k");
  CHECK(test.call<etcdserverpb::PutResponse>("/etcdserverpb.KV/Put", request, options).status.code ==
        rpc::StatusCode::deadline_exceeded);
  test.sim.run_for(5s);
  CHECK_EQ(text_of(test.get("k").body), "k=@2/2v1");
}

TEST_CASE("a client that goes away leaves nothing behind") {
  TestServer test;
  test.start();
  test.member.disk_faults().sync = {1s, 1s};
  std::vector<TestServer::Call> calls(20);
  etcdserverpb::PutRequest request;
  request.set_key("k");
  for (TestServer::Call& call : calls) test.channel->unary("/etcdserverpb.KV/Put", request.SerializeAsString(), {}, call);
  test.sim.run_for(100ms);
  test.channel.reset();
  test.sim.run_for(10s);
  test.connect();
  CHECK(test.put("after", "v").ok());
  test.stop();
}

TEST_CASE("a read that the disk fails is unavailable, and stops the member") {
  TestServer test;
  test.config.tuning.store_page_cache_bytes = 0;
  test.start();
  for (int i = 0; i < 200; ++i) test.put("k" + std::to_string(i), std::string(5000, 'x'));
  test.sim.run_for(10s);  // into the files
  test.stop();
  test.start();
  test.member.disk_faults().read_error_per_million = 1'000'000;
  check_error(test.get("k0", kZero).status, ErrorId::stopped);
  REQUIRE(test.sim.run_until([&] { return test.failure.has_value(); }, 1s));
  CHECK(test.failure->code == base::Code::io);
  test.stop();
}

TEST_CASE("a port that is taken is said before anything is written") {
  TestServer test;
  test.config.listen_peer = {{"m1", 2380}, {"m1", 2380}};  // one machine runs one process here: take it twice
  test.begin();
  REQUIRE(test.sim.run_until([&] { return test.failure.has_value(); }, 10s));
  CHECK(test.failure->detail.find("m1:2380") != std::string::npos);
  CHECK(!*test.member.world().disk.exists("wal"));
  test.stop();
}

TEST_CASE("a member can be stopped at any moment of its start") {
  bool was_ready = false;
  for (int steps = 0; !was_ready; ++steps) {
    CAPTURE(steps);
    TestServer test;
    test.begin();
    for (int i = 0; i < steps; ++i) test.sim.step();
    was_ready = test.ready;
    test.stop();
    test.start();
    CHECK(test.put("k", "v").ok());
  }
}

TEST_CASE("a stop lets requests in flight end") {
  TestServer test;
  test.start();
  TestServer::Call call;
  etcdserverpb::PutRequest request;
  request.set_key("k");
  test.channel->unary("/etcdserverpb.KV/Put", request.SerializeAsString(), {}, call);
  // Until the request is on the member's disk.
  test.member.disk_faults().sync = {50ms, 50ms};
  test.sim.run_for(10ms);
  CHECK(!call.status.has_value());
  class Done final : public io::Completion {
   public:
    void complete(base::Status) override { is_told = true; }
    bool is_told = false;
  } done;
  test.server->stop(done);
  REQUIRE(test.sim.run_until([&] { return done.is_told; }, 30s));
  REQUIRE(call.status.has_value());
  CHECK(call.status->code == rpc::StatusCode::ok);
  test.channel.reset();
  test.server.reset();
}

}  // namespace etcd

// What the oracle makes of requests that it did not draw itself, and how it judges what they are answered.
#include "sim/etcd/foreign_request.h"

#include <doctest/doctest.h>

#include <functional>
#include <memory>

#include "core/etcd/command.h"
#include "core/replica/command.h"
#include "sim/etcd/kv_oracle.h"
#include "sim/etcd/requests.h"

namespace sim::etcd {

namespace {

constexpr std::string_view kPut = "/etcdserverpb.KV/Put";
constexpr std::string_view kRange = "/etcdserverpb.KV/Range";
constexpr std::string_view kTxn = "/etcdserverpb.KV/Txn";

// A log that the test writes by hand.
struct ForeignFixture {
  Request send(std::string_view path, const google::protobuf::MessageLite& message) {
    base::Result<ForeignRequest> foreign = read_foreign(path, message.SerializeAsString());
    REQUIRE(foreign);
    return oracle.send(0, next++, std::move(*foreign), "test");
  }
  void commit(::etcd::CommandKind kind, const google::protobuf::MessageLite& message) {
    const std::string record = replica::encode_command({1, "", 0}, ::etcd::encode_command(kind, message));
    last = last.next();
    oracle.on_committed({{base::Term(1), last}, base::EntryKind::command, std::make_shared<const std::string>(record)});
  }
  template <typename Response>
  void answer(const Request& request, std::int64_t revision, const std::function<void(Response&)>& fill = {}) {
    Response response;
    response.mutable_header()->set_revision(revision);
    if (fill) fill(response);
    oracle.on_answer(request, response.SerializeAsString());
  }
  // Revision 2.
  void put_a() {
    const Request request = send(kPut, put_request("a", "1"));
    commit(::etcd::CommandKind::put, put_request("a", "1"));
    answer<etcdserverpb::PutResponse>(request, 2);
  }
  void refuse(const Request& request) { oracle.on_error(request, {rpc::StatusCode::resource_exhausted, "etcdserver: too many requests"}); }
  bool is_clean() const { return findings.is_clean(); }

  Findings findings;
  KvOracle oracle{findings, StaleReads::anything, Writers::foreign};
  base::LogIndex last;
  std::uint32_t next = 0;
};

}  // namespace

TEST_CASE("what the model would not follow is not sent") {
  etcdserverpb::PutRequest leased = put_request("a", "1");
  leased.set_lease(7);
  etcdserverpb::PutRequest kept = put_request("a", "1");
  kept.set_ignore_value(true);
  etcdserverpb::TxnRequest hidden = txn({}, {put("a", "1")});
  hidden.mutable_success(0)->mutable_request_put()->set_lease(7);
  CHECK(read_foreign(kPut, put_request("a", "1").SerializeAsString()));
  CHECK_FALSE(read_foreign(kPut, leased.SerializeAsString()));
  CHECK_FALSE(read_foreign(kPut, kept.SerializeAsString()));
  CHECK_FALSE(read_foreign(kTxn, hidden.SerializeAsString()));
  CHECK_FALSE(read_foreign("/etcdserverpb.KV/Unheard", put_request("a", "1").SerializeAsString()));
  CHECK_FALSE(read_foreign(kPut, "\xff"));
}

TEST_CASE("a transaction of reads alone is no write") {
  CHECK_FALSE(read_foreign(kTxn, txn({is_absent("a")}, {get("a")}, {get("b")}).SerializeAsString())->wire.is_write);
  CHECK(read_foreign(kTxn, txn({}, {get("a")}, {erase("b")}).SerializeAsString())->wire.is_write);
}

TEST_CASE("a put is acknowledged at its revision, and at no other one") {
  for (const std::int64_t revision : {1, 2, 3}) {
    CAPTURE(revision);
    ForeignFixture f;
    const Request request = f.send(kPut, put_request("a", "1"));
    f.commit(::etcd::CommandKind::put, put_request("a", "1"));
    f.answer<etcdserverpb::PutResponse>(request, revision);
    CHECK_EQ(f.is_clean(), revision == 2);
  }
}

TEST_CASE("of two equal puts each may be the one in the log, and a put of somebody else is not") {
  ForeignFixture f;
  const Request one = f.send(kPut, put_request("a", "1"));
  const Request other = f.send(kPut, put_request("a", "2"));
  f.commit(::etcd::CommandKind::put, put_request("a", "1"));
  f.answer<etcdserverpb::PutResponse>(other, 2);
  CHECK_FALSE(f.is_clean());
}

TEST_CASE("a write that nobody sent is noticed, and one that was refused") {
  ForeignFixture f;
  f.commit(::etcd::CommandKind::delete_range, erase_request("a"));
  CHECK_EQ(f.findings.verdict().message, "the write of log index 1 was sent by no client");
  ForeignFixture g;
  const Request request = g.send(kTxn, txn({}, {put("a", "1")}));
  g.refuse(request);
  CHECK(g.is_clean());
  g.commit(::etcd::CommandKind::txn, txn({}, {put("a", "1")}));
  CHECK_FALSE(g.is_clean());
}

TEST_CASE("what a program does wrong itself is refused, and nobody's mistake") {
  ForeignFixture f;
  const Request request = f.send(kPut, put_request("", "1"));
  f.oracle.on_error(request, {rpc::StatusCode::invalid_argument, "etcdserver: key is not provided"});
  CHECK(f.is_clean());
  CHECK_EQ(f.oracle.counts().refused, 1);
  f.oracle.on_error(f.send(kRange, range_request("a")), {rpc::StatusCode::data_loss, "etcdserver: corrupt cluster"});
  CHECK_FALSE(f.is_clean());
}

TEST_CASE("a read shows what the log made, and nothing older than what was told") {
  const auto shows = [](std::int64_t revision, const char* value) {
    ForeignFixture f;
    f.put_a();
    const Request request = f.send(kRange, range_request("a"));
    f.answer<etcdserverpb::RangeResponse>(request, revision, [&](etcdserverpb::RangeResponse& range) {
      range.set_count(1);
      mvccpb::KeyValue& kv = *range.add_kvs();
      kv.set_key("a");
      kv.set_value(value);
      kv.set_create_revision(2);
      kv.set_mod_revision(2);
      kv.set_version(1);
    });
    return f.is_clean();
  };
  CHECK(shows(2, "1"));
  CHECK_FALSE(shows(2, "7"));
  CHECK_FALSE(shows(1, "1"));
}

TEST_CASE("of a read with an order that the model does not know only the revision is judged") {
  etcdserverpb::RangeRequest newest = range_request("a", "b");
  newest.set_sort_target(etcdserverpb::RangeRequest::MOD);
  for (const std::int64_t revision : {1, 2}) {
    CAPTURE(revision);
    ForeignFixture f;
    f.put_a();
    f.answer<etcdserverpb::RangeResponse>(f.send(kRange, newest), revision);
    CHECK_EQ(f.is_clean(), revision == 2);
  }
}

TEST_CASE("a transaction has the answer that it has in the log") {
  for (const bool succeeded : {false, true}) {
    CAPTURE(succeeded);
    ForeignFixture f;
    f.put_a();
    const etcdserverpb::TxnRequest swap = txn({is_at("a", 2)}, {put("a", "2")});
    const Request request = f.send(kTxn, swap);
    f.commit(::etcd::CommandKind::txn, swap);
    f.answer<etcdserverpb::TxnResponse>(request, 3, [&](etcdserverpb::TxnResponse& response) {
      response.set_succeeded(succeeded);
      if (succeeded) response.add_responses()->mutable_response_put()->mutable_header()->set_revision(3);
    });
    CHECK_EQ(f.is_clean(), succeeded);
  }
}

TEST_CASE("who asks for a revision that is not there yet is refused by right, and who asks for one that is there is not") {
  for (const std::int64_t revision : {2, 9}) {
    CAPTURE(revision);
    ForeignFixture f;
    f.put_a();
    etcdserverpb::RangeRequest range = range_request("a");
    range.set_revision(revision);
    f.oracle.on_error(f.send(kRange, range), {rpc::StatusCode::out_of_range, "etcdserver: mvcc: required revision is a future revision"});
    CHECK_EQ(f.is_clean(), revision == 9);
  }
}

}  // namespace sim::etcd

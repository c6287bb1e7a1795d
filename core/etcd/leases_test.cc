#include "core/etcd/leases.h"

#include <doctest/doctest.h>

#include <string>

#include "core/api/lease.pb.h"
#include "core/etcd/test_machine.h"

namespace etcd {
namespace {

using testing::put_of;

// Commands by their names, and what stands afterwards as one line.
struct LeasesFixture {
  std::string grant(std::int64_t id, std::int64_t ttl) {
    etcdserverpb::LeaseGrantRequest request;
    request.set_id(id);
    request.set_ttl(ttl);
    const std::string answer = machine.apply(CommandKind::lease_grant, request);
    etcdserverpb::LeaseGrantResponse response;
    if (!response.ParseFromString(answer)) return answer;
    return std::to_string(response.id()) + " for " + std::to_string(response.ttl()) + " at " + std::to_string(response.header().revision());
  }
  std::string revoke(std::int64_t id) {
    etcdserverpb::LeaseRevokeRequest request;
    request.set_id(id);
    const std::string answer = machine.apply(CommandKind::lease_revoke, request);
    etcdserverpb::LeaseRevokeResponse response;
    return response.ParseFromString(answer) ? "at " + std::to_string(response.header().revision()) : answer;
  }
  void checkpoint(std::int64_t id, std::int64_t remaining) {
    etcdserverpb::LeaseCheckpointRequest request;
    request.add_checkpoints()->set_id(id);
    request.mutable_checkpoints(0)->set_remaining_ttl(remaining);
    static_cast<void>(machine.apply(CommandKind::lease_checkpoint, request));
  }
  std::string put(std::string key, std::int64_t lease, bool keeps_lease = false) {
    etcdserverpb::PutRequest request = put_of(std::move(key), "v");
    request.set_lease(lease);
    request.set_ignore_lease(keeps_lease);
    const std::string answer = machine.apply(CommandKind::put, request);
    return etcdserverpb::PutResponse().ParseFromString(answer) ? "ok" : answer;
  }
  // `id:granted/remaining@row{keys}`
  std::string text() {
    std::string out;
    for (const auto& [id, lease] : machine.machine().leases().all()) {
      if (!out.empty()) out += ' ';
      out += std::to_string(static_cast<std::int64_t>(id)) + ":" + std::to_string(lease.granted_ttl) + "/" +
             std::to_string(lease.remaining_ttl) + "@" + std::to_string(lease.row) + "{";
      for (const std::string& key : lease.keys) out += key;
      out += "}";
    }
    return out;
  }
  std::int64_t revision() { return mvcc::to_signed(machine.machine().store().current()); }

  testing::MachineFixture machine;
};

TEST_CASE("what a grant is asked in order: is it an id, is it too long, is it taken") {  // behaviour reference §5.2
  LeasesFixture test;
  CHECK_EQ(test.grant(0, kLeaseTtlMax + 1), "5 etcdserver: requested lease not found");
  CHECK_EQ(test.grant(1, kLeaseTtlMax + 1), "11 etcdserver: too large lease TTL");
  CHECK_EQ(test.grant(1, kLeaseTtlMax), "1 for 9000000000 at 1");
  CHECK_EQ(test.grant(1, kLeaseTtlMax + 1), "11 etcdserver: too large lease TTL");
  CHECK_EQ(test.grant(1, 5), "9 etcdserver: lease already exists");
  CHECK_EQ(test.grant(-1, 5), "-1 for 5 at 1");
  CHECK_EQ(test.text(), "-1:5/0@2{} 1:9000000000/0@1{}");
}

TEST_CASE("a key hangs on one lease at most: the one of its last put") {
  LeasesFixture test;
  test.grant(1, 5);
  test.grant(2, 5);
  CHECK_EQ(test.put("a", 3), "5 etcdserver: requested lease not found");
  CHECK_EQ(test.put("a", 1), "ok");
  CHECK_EQ(test.put("b", 1), "ok");
  CHECK_EQ(test.text(), "1:5/0@1{ab} 2:5/0@2{}");
  CHECK_EQ(test.put("a", 2), "ok");
  CHECK_EQ(test.put("a", 2), "ok");
  CHECK_EQ(test.text(), "1:5/0@1{b} 2:5/0@2{a}");
  CHECK_EQ(test.put("a", 0, true), "ok");
  CHECK_EQ(test.text(), "1:5/0@1{b} 2:5/0@2{a}");
  CHECK_EQ(test.put("a", 0), "ok");
  etcdserverpb::DeleteRangeRequest erase;
  erase.set_key("b");
  static_cast<void>(test.machine.apply(CommandKind::delete_range, erase));
  CHECK_EQ(test.text(), "1:5/0@1{} 2:5/0@2{}");
}

TEST_CASE("a transaction names leases too, all of them or nothing") {
  LeasesFixture test;
  test.grant(1, 5);
  etcdserverpb::TxnRequest txn;
  for (const std::int64_t lease : {1, 2}) {
    *txn.add_success()->mutable_request_put() = put_of(std::to_string(lease), "v");
    txn.mutable_success(txn.success_size() - 1)->mutable_request_put()->set_lease(lease);
  }
  CHECK_EQ(test.machine.apply(CommandKind::txn, txn), "5 etcdserver: requested lease not found");
  CHECK_EQ(test.text(), "1:5/0@1{}");
  CHECK_EQ(test.revision(), 1);
  txn.mutable_success(1)->mutable_request_put()->set_lease(1);
  static_cast<void>(test.machine.apply(CommandKind::txn, txn));
  CHECK_EQ(test.text(), "1:5/0@1{12}");
}

TEST_CASE("a revoked lease takes its keys along, in one revision; without keys there is none") {
  LeasesFixture test;
  CHECK_EQ(test.revoke(1), "5 etcdserver: requested lease not found");
  test.grant(1, 5);
  test.put("b", 1);
  test.put("a", 1);
  test.put("c", 0);
  CHECK_EQ(test.revision(), 4);
  CHECK_EQ(test.revoke(1), "at 5");
  CHECK_EQ(test.text(), "");
  mvcc::Store& store = test.machine.machine().store();
  CHECK(store.find("a", store.current()) == nullptr);
  CHECK(store.find("b", store.current()) == nullptr);
  CHECK(store.find("c", store.current()) != nullptr);
  test.grant(1, 5);
  CHECK_EQ(test.revoke(1), "at 5");
}

TEST_CASE("leases, what hangs on them and what remains of them outlive a restart") {
  LeasesFixture test;
  test.grant(1, 5);
  test.grant(2, 600);
  test.grant(3, 5);
  test.put("gone", 3);
  test.put("a", 1);
  test.put("b", 2);
  test.put("c", 2);
  test.put("c", 0);
  test.checkpoint(2, 300);
  test.checkpoint(9, 300);
  test.revoke(3);
  CHECK_EQ(test.text(), "1:5/0@1{a} 2:600/300@2{b}");
  test.machine.let_time_pass();
  test.machine.reopen();
  CHECK_EQ(test.text(), "1:5/0@1{a} 2:600/300@2{b}");
  test.checkpoint(2, 0);
  CHECK_EQ(test.put("b", 1), "ok");
  CHECK_EQ(test.text(), "1:5/0@1{ab} 2:600/0@2{}");
}

TEST_CASE("a member that was restarted gives a lease the same row as one that was not") {
  LeasesFixture with;
  LeasesFixture without;
  for (LeasesFixture* test : {&with, &without}) {
    test->grant(1, 5);
    test->grant(2, 5);
    test->revoke(2);
    test->machine.let_time_pass();
  }
  with.machine.reopen();
  for (LeasesFixture* test : {&with, &without}) test->grant(3, 5);
  CHECK_EQ(with.text(), "1:5/0@1{} 3:5/0@2{}");
  CHECK_EQ(without.text(), with.text());
  CHECK(with.machine.last.state == without.machine.last.state);
}

}  // namespace
}  // namespace etcd

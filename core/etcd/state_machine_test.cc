#include "core/etcd/state_machine.h"

#include <doctest/doctest.h>

#include <string>

#include "core/etcd/group.h"
#include "core/etcd/test_machine.h"

namespace etcd {
namespace {

using testing::MachineFixture;
using testing::put_of;
using etcdserverpb::DeleteRangeRequest;
using etcdserverpb::PutRequest;

TEST_CASE("an answer carries the member, the revision and the term of the entry") {
  MachineFixture test;
  const etcdserverpb::PutResponse response = test.put(put_of("k", "v"));
  CHECK_EQ(response.header().cluster_id(), 7);
  CHECK_EQ(response.header().member_id(), 8);
  CHECK_EQ(response.header().revision(), 2);
  CHECK_EQ(response.header().raft_term(), 3);
  CHECK(!response.has_prev_kv());
  CHECK(test.machine().applied() == base::LogIndex(1));
}

TEST_CASE("checks at apply: the lease, then what is to be kept") {  // behaviour reference §2.3
  MachineFixture test;
  PutRequest leased = put_of("k", "");
  leased.set_lease(5);
  leased.set_ignore_value(true);
  CHECK_EQ(test.apply(CommandKind::put, leased), "5 etcdserver: requested lease not found");
  PutRequest kept = put_of("k", "");
  kept.set_ignore_value(true);
  CHECK_EQ(test.apply(CommandKind::put, kept), "3 etcdserver: key not found");
  PutRequest kept_lease = put_of("k", "v");
  kept_lease.set_ignore_lease(true);
  CHECK_EQ(test.apply(CommandKind::put, kept_lease), "3 etcdserver: key not found");
  CHECK(test.machine().store().current() == mvcc::Revision(1));
  CHECK(test.machine().applied() == base::LogIndex(3));
}

TEST_CASE("whether somebody waits changes the answer and nothing else") {
  MachineFixture with;
  MachineFixture without;
  PutRequest request = put_of("k", "v");
  request.set_prev_kv(true);
  DeleteRangeRequest erase;
  erase.set_key("k");
  erase.set_prev_kv(true);
  for (const std::string& bytes : {encode_command(CommandKind::put, request), encode_command(CommandKind::put, request),
                                   encode_command(CommandKind::delete_range, erase),
                                   encode_command(CommandKind::txn, testing::txn_of(": put a=1 prev, get a..z, [? v(a)=0 : put b=2 : del a]")),
                                   encode_command(CommandKind::txn, testing::txn_of(": get a rev=99, put b=2"))}) {
    std::string response;
    const auto a = with.apply_bytes(bytes, &response);
    const auto b = without.apply_bytes(bytes, nullptr);
    REQUIRE(a.has_value());
    REQUIRE(b.has_value());
    CHECK(a->effect == b->effect);
    CHECK(a->state == b->state);
    CHECK(!response.empty());
  }
}

TEST_CASE("a refusal and an empty entry leave the state, a write does not") {
  MachineFixture test;
  test.put(put_of("k", "v"));
  const base::Hash128 state = test.last.state;
  PutRequest kept = put_of("other", "");
  kept.set_ignore_value(true);
  test.apply(CommandKind::put, kept);
  CHECK(test.last.state == state);
  CHECK(test.machine().apply_empty({base::Term(3), test.machine().applied().next()}).state == state);
  test.put(put_of("k", "v"));
  CHECK(test.last.state != state);
}

TEST_CASE("the state hash survives a restart") {
  MachineFixture test;
  test.put(put_of("a", "1"));
  test.put(put_of("b", "2"));
  DeleteRangeRequest erase;
  erase.set_key("a");
  test.apply(CommandKind::delete_range, erase);
  membershippb::Member member;
  member.set_id(8);
  member.mutable_member_attributes()->set_name("m1");
  test.apply(CommandKind::publish_member, member);
  member.mutable_member_attributes()->set_name("renamed");
  test.apply(CommandKind::publish_member, member);
  const base::Hash128 state = test.machine().state_hash();
  const base::LogIndex applied = test.machine().applied();
  test.let_time_pass();
  test.reopen();
  CHECK(test.machine().applied() == applied);
  CHECK(test.machine().state_hash() == state);
  CHECK(test.machine().store().current() == mvcc::Revision(4));
  REQUIRE_EQ(test.machine().members().all().size(), 1);
  CHECK_EQ(test.machine().members().all().begin()->second.member_attributes().name(), "renamed");
}

TEST_CASE("the store remembers who was removed, and hears them no more") {
  MachineFixture test;
  const auto group = [](std::initializer_list<std::uint64_t> ids) {
    raft::Configuration configuration;
    for (const std::uint64_t id : ids) configuration.members.push_back(configuration_member(base::MemberId(id), {"http://m:1"}, false));
    return configuration;
  };
  const auto apply = [&](const raft::Configuration& configuration) {
    return test.machine().apply_configuration({base::Term(3), test.machine().applied().next()}, configuration);
  };
  membershippb::Member said;
  said.set_id(2);
  said.mutable_member_attributes()->set_name("m2");
  test.apply(CommandKind::publish_member, said);
  // Through the joint one, in which 1 and 2 still vote; 1 has never said anything of itself.
  apply(raft::toward(group({1, 2, 3}), group({3})));
  CHECK(test.machine().members().removed().empty());
  CHECK_EQ(test.machine().members().all().size(), 3);
  const base::Hash128 before = test.machine().state_hash();
  apply(group({3}));
  CHECK(test.machine().state_hash() != before);
  const base::Hash128 state = test.machine().state_hash();
  apply(group({3}));
  CHECK(test.machine().state_hash() == state);  // nothing has changed
  test.apply(CommandKind::publish_member, said);
  CHECK(test.machine().state_hash() == state);  // from beyond
  for (const bool is_reopened : {false, true}) {
    CAPTURE(is_reopened);
    if (is_reopened) {
      test.let_time_pass();
      test.reopen();
    }
    CHECK(test.machine().state_hash() == state);
    CHECK(test.machine().members().is_removed(base::MemberId(1)));
    CHECK(test.machine().members().is_removed(base::MemberId(2)));
    REQUIRE_EQ(test.machine().members().all().size(), 1);
    CHECK_EQ(test.machine().members().all().begin()->second.raft_attributes().peer_urls(0), "http://m:1");
  }
  membershippb::Member other;
  other.set_id(4);
  other.mutable_member_attributes()->set_name("m4");
  test.apply(CommandKind::publish_member, other);
  test.let_time_pass();
  test.reopen();
  CHECK_EQ(test.machine().members().all().size(), 2);
  CHECK_EQ(test.machine().members().removed().size(), 2);
}

TEST_CASE("a command that this version does not know stops the member without a trace") {
  MachineFixture test;
  for (const std::string_view bytes : {std::string_view(""), std::string_view("\x09rest"), std::string_view("\x01\xff")}) {
    const auto effect = test.apply_bytes(bytes, nullptr);
    REQUIRE(!effect.has_value());
    CHECK(effect.error().code == base::Code::invalid);
    CHECK(test.machine().applied() == base::LogIndex(0));
  }
}

TEST_CASE("a read that fails while a command is applied is no result of the command") {
  MachineFixture test;
  test.put(put_of("k", std::string(20000, 'x')));
  test.let_time_pass();  // out of memory, into the files
  test.reopen();
  test.node().disk_faults().read_error_per_million = 1'000'000;
  PutRequest kept = put_of("k", "");
  kept.set_ignore_value(true);
  std::string response;
  const auto effect = test.apply_bytes(encode_command(CommandKind::put, kept), &response);
  REQUIRE(!effect.has_value());
  CHECK(response.empty());
  CHECK(test.machine().applied() == base::LogIndex(1));
  CHECK(test.machine().store().current() == mvcc::Revision(2));
}

TEST_CASE("a read that fails half way through a transaction leaves nothing of it") {
  MachineFixture test;
  test.put(put_of("k", std::string(20000, 'x')));
  test.let_time_pass();
  test.reopen();
  test.node().disk_faults().read_error_per_million = 1'000'000;
  for (const std::string_view text : {": put a=1, del z, get k", ": put a=1, [: del k prev]", ": put a=1, put k=2 prev", "? val(k)=x : put a=1"}) {
    CAPTURE(text);
    std::string response;
    const auto effect = test.apply_bytes(encode_command(CommandKind::txn, testing::txn_of(text)), &response);
    REQUIRE(!effect.has_value());
    CHECK(response.empty());
    CHECK(test.machine().applied() == base::LogIndex(1));
    CHECK(test.machine().store().current() == mvcc::Revision(2));
    CHECK_EQ(test.machine().store().key_count(), 1);
  }
}

}  // namespace
}  // namespace etcd

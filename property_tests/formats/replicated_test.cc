// What stands in the log of every member: the command record, etcd's commands in it, and configurations.
#include <doctest/doctest.h>

#include <utility>
#include <vector>

#include "core/api/kv.pb.h"
#include "core/api/lease.pb.h"
#include "core/api/membership.pb.h"
#include "core/etcd/command.h"
#include "core/raft/configuration.h"
#include "core/replica/command.h"
#include "property_tests/formats/golden.h"

namespace formats {

namespace {

constexpr std::string_view kCommand = "command-v1.txt";
constexpr std::string_view kConfiguration = "configuration-v1.txt";
constexpr std::string_view kEtcdCommand = "etcd-command-v1.txt";

raft::Configuration joint() {
  // A voter that stays, one that goes, one that comes, and a learner.
  raft::Configuration out;
  out.members = {{base::MemberId(1), false, "http://m1", true, false},
                 {base::MemberId(0x0123456789abcdef), false, "", true, true},
                 {base::MemberId(0x8000000000000000), false, std::string("\0\n", 2), false, false},
                 {base::MemberId(0xffffffffffffffff), true, "l", false, false}};
  return out;
}
raft::Configuration plain() { return {{{base::MemberId(7), false, "alone"}}}; }

using Commands = std::vector<std::pair<std::string, std::string>>;

template <typename Message>
void add(Commands& commands, const char* name, etcd::CommandKind kind, const Message& message) {
  commands.emplace_back(name, etcd::encode_command(kind, message));
}

Commands etcd_commands() {
  Commands out;
  etcdserverpb::PutRequest put;
  put.set_key("a");
  put.set_value("b");
  put.set_lease(77);
  put.set_prev_kv(true);
  add(out, "put", etcd::CommandKind::put, put);
  etcdserverpb::DeleteRangeRequest erase;
  erase.set_key("a");
  erase.set_range_end("c");
  add(out, "delete_range", etcd::CommandKind::delete_range, erase);
  membershippb::Member member;
  member.set_id(9);
  member.mutable_raft_attributes()->add_peer_urls("http://127.0.0.1:2380");
  member.mutable_member_attributes()->set_name("m1");
  member.mutable_member_attributes()->add_client_urls("http://127.0.0.1:2379");
  add(out, "publish_member", etcd::CommandKind::publish_member, member);
  etcdserverpb::TxnRequest txn;
  etcdserverpb::Compare& compare = *txn.add_compare();
  compare.set_result(etcdserverpb::Compare::GREATER);
  compare.set_target(etcdserverpb::Compare::MOD);
  compare.set_key("a");
  compare.set_mod_revision(3);
  txn.add_success()->mutable_request_put()->CopyFrom(put);
  txn.add_failure()->mutable_request_delete_range()->CopyFrom(erase);
  add(out, "txn", etcd::CommandKind::txn, txn);
  etcdserverpb::CompactionRequest compact;
  compact.set_revision(12);
  add(out, "compact", etcd::CommandKind::compact, compact);
  membershippb::ClusterVersionSetRequest version;
  version.set_ver("3.6.0");
  add(out, "set_cluster_version", etcd::CommandKind::set_cluster_version, version);
  etcdserverpb::LeaseGrantRequest grant;
  grant.set_id(-2);
  grant.set_ttl(60);
  add(out, "lease_grant", etcd::CommandKind::lease_grant, grant);
  etcdserverpb::LeaseRevokeRequest revoke;
  revoke.set_id(-2);
  add(out, "lease_revoke", etcd::CommandKind::lease_revoke, revoke);
  etcdserverpb::LeaseCheckpointRequest checkpoint;
  checkpoint.add_checkpoints()->set_id(-2);
  checkpoint.mutable_checkpoints(0)->set_remaining_ttl(30);
  add(out, "lease_checkpoint", etcd::CommandKind::lease_checkpoint, checkpoint);
  return out;
}

}  // namespace

TEST_CASE("the command record is the one of version 1") {  // docs/formats/command.md
  Pieces pieces("docs/formats/command.md, version 1");
  pieces.add("with-user", replica::encode_command({0x0807060504030201, "alice", 0x1122334455667788}, "what"));
  pieces.add("empty", replica::encode_command({1, "", 0}, ""));
  check_golden(std::string(kCommand), pieces.text());

  auto golden = Pieces::read(read_golden(std::string(kCommand)));
  const auto command = replica::decode_command(golden["with-user"]);
  REQUIRE(command);
  CHECK_EQ(command->requester.request_id, 0x0807060504030201);
  CHECK_EQ(command->requester.user, "alice");
  CHECK_EQ(command->requester.auth_revision, 0x1122334455667788);
  CHECK_EQ(command->bytes, "what");
  CHECK_EQ(golden["with-user"].substr(0, 9), std::string("\1\1\2\3\4\5\6\7\10", 9));  // little-endian, behind the version
  const auto empty = replica::decode_command(golden["empty"]);
  REQUIRE(empty);
  CHECK_EQ(empty->requester.request_id, 1);
  CHECK_EQ(empty->bytes, "");
}

TEST_CASE("a command record of a later version is refused, and called so") {
  std::string later = Pieces::read(read_golden(std::string(kCommand)))["with-user"];
  later[0] = 2;
  const auto refused = replica::decode_command(later);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == base::Code::invalid);
}

TEST_CASE("the configuration record is the one of version 1") {  // docs/formats/configuration.md
  Pieces pieces("docs/formats/configuration.md, version 1");
  pieces.add("joint", raft::encode(joint()));
  pieces.add("plain", raft::encode(plain()));
  check_golden(std::string(kConfiguration), pieces.text());

  auto golden = Pieces::read(read_golden(std::string(kConfiguration)));
  const auto read = raft::decode_configuration(golden["joint"]);
  REQUIRE(read);
  CHECK(*read == joint());
  const auto alone = raft::decode_configuration(golden["plain"]);
  REQUIRE(alone);
  CHECK(*alone == plain());
  std::string later = golden["plain"];
  later[0] = 2;
  CHECK(raft::decode_configuration(later).error().code == base::Code::invalid);
}

TEST_CASE("etcd's commands in the log are those of version 1") {  // docs/formats/etcd-command.md
  Pieces pieces("docs/formats/etcd-command.md, version 1");
  for (const auto& command : etcd_commands()) pieces.add(command.first, command.second);
  check_golden(std::string(kEtcdCommand), pieces.text());

  auto golden = Pieces::read(read_golden(std::string(kEtcdCommand)));
  CHECK_EQ(golden.size(), 9);
  int number = 0;
  for (const char* const name : {"put", "delete_range", "publish_member", "txn", "compact", "set_cluster_version", "lease_grant",
                                 "lease_revoke", "lease_checkpoint"}) {
    CAPTURE(name);
    const auto view = etcd::decode_command(golden[name]);
    REQUIRE(view.has_value());
    CHECK_EQ(static_cast<int>(view->kind), ++number);
  }
  etcdserverpb::TxnRequest txn;
  REQUIRE(txn.ParseFromString(std::string(etcd::decode_command(golden["txn"])->message)));
  CHECK_EQ(txn.compare(0).mod_revision(), 3);
  CHECK_EQ(txn.success(0).request_put().value(), "b");
  CHECK_EQ(txn.failure(0).request_delete_range().range_end(), "c");
  membershippb::Member member;
  REQUIRE(member.ParseFromString(std::string(etcd::decode_command(golden["publish_member"])->message)));
  CHECK_EQ(member.member_attributes().name(), "m1");
  CHECK_EQ(member.raft_attributes().peer_urls(0), "http://127.0.0.1:2380");
}

}  // namespace formats

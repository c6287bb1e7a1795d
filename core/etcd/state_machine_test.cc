#include "core/etcd/state_machine.h"

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <string>

#include "core/etcd/command.h"
#include "io/sim/simulation.h"

namespace etcd {
namespace {

using namespace std::chrono_literals;
using etcdserverpb::DeleteRangeRequest;
using etcdserverpb::PutRequest;

// A state machine in the simulated world, fed by hand with a log.
class MachineFixture final : replica::StateMachineListener, io::Completion {
 public:
  MachineFixture() : node_(sim_.add_node("m1")) { open(); }
  ~MachineFixture() {
    node_.crash(io::sim::CrashKind::process_kill);
    machine_.reset();
  }

  StateMachine& machine() { return *machine_; }
  io::sim::Node& node() { return node_; }

  base::Result<replica::Effect> apply_bytes(std::string_view bytes, std::string* response) {
    return machine_->apply({{base::Term(3), machine_->applied().next()}, {}, bytes}, response);
  }
  // The answer, or `code text`.
  std::string apply(CommandKind kind, const google::protobuf::MessageLite& message) {
    std::string response;
    const base::Result<replica::Effect> effect = apply_bytes(encode_command(kind, message), &response);
    REQUIRE(effect.has_value());
    last = *effect;
    REQUIRE(!response.empty());
    if (response.front() != 0) return std::to_string(response.front()) + " " + response.substr(1);
    return response.substr(1);
  }
  etcdserverpb::PutResponse put(const PutRequest& request) {
    etcdserverpb::PutResponse response;
    REQUIRE(response.ParseFromString(apply(CommandKind::put, request)));
    return response;
  }
  void let_time_pass() { sim_.run_for(1s); }
  void reopen() {
    done_ = false;
    machine_->close(*this);
    REQUIRE(sim_.run_until([&] { return done_; }, 60s));
    open();
  }

  replica::Effect last;

 private:
  void open() {
    machine_.reset();  // its files first
    machine_ = std::make_unique<StateMachine>(node_.world(), sqlite::BackendOptions());
    machine_->set_identity(base::ClusterId(7), base::MemberId(8));
    done_ = false;
    machine_->open({base::StoreGeneration(1), base::LogIndex(0)}, base::LogIndex(1), *this, *this);
    REQUIRE(sim_.run_until([&] { return done_; }, 60s));
  }
  void on_durable(const base::StoreMark&) override {}
  void on_room() override {}
  void on_failed(const base::Error& error) override { MESSAGE(error.detail); }
  void complete(base::Status status) override {
    REQUIRE_MESSAGE(status.has_value(), (status ? std::string() : status.error().detail));
    done_ = true;
  }

  io::sim::Simulation sim_{1};
  io::sim::Node& node_;
  std::unique_ptr<StateMachine> machine_;
  bool done_ = false;
};

PutRequest put_of(std::string key, std::string value) {
  PutRequest request;
  request.set_key(std::move(key));
  request.set_value(std::move(value));
  return request;
}

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
                                   encode_command(CommandKind::delete_range, erase)}) {
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

}  // namespace
}  // namespace etcd

// core/etcd/test_machine.h: a state machine in the simulated world, for tests, fed by hand with a log.
#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "core/etcd/command.h"
#include "core/etcd/state_machine.h"
#include "core/etcd/txn_texts.h"
#include "io/sim/simulation.h"

namespace etcd::testing {

using namespace std::chrono_literals;

class MachineFixture final : replica::StateMachineListener, io::Completion {
 public:
  MachineFixture() : node_(sim_.add_node("m1")) { open(); }
  ~MachineFixture() {
    node_.crash(io::sim::CrashKind::process_kill);
    machine_.reset();
  }

  StateMachine& machine() { return *machine_; }
  io::sim::Simulation& sim() { return sim_; }
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
  etcdserverpb::PutResponse put(const etcdserverpb::PutRequest& request) {
    etcdserverpb::PutResponse response;
    REQUIRE(response.ParseFromString(apply(CommandKind::put, request)));
    return response;
  }
  // Of a transaction as text (txn_texts.h), likewise.
  std::string txn(std::string_view text) {
    const std::string answer = apply(CommandKind::txn, txn_of(text));
    etcdserverpb::TxnResponse response;
    return response.ParseFromString(answer) ? text_of(response) : answer;
  }
  void let_time_pass() { sim_.run_for(1s); }
  void reopen() {
    done_ = false;
    machine_->close(*this);
    REQUIRE(sim_.run_until([&] { return done_; }, 60s));
    open();
  }

  // Dies, and comes back without a store; open() follows.
  void crash(io::sim::CrashKind kind) {
    node_.crash(kind);
    machine_.reset();
    node_.restart();
  }
  // At the mark.
  void open() {
    machine_.reset();  // its files first
    machine_ = std::make_unique<StateMachine>(node_.world(), sqlite::BackendOptions());
    machine_->set_identity(base::ClusterId(7), base::MemberId(8));
    done_ = false;
    machine_->open(mark, mark.applied.next(), *this, *this);
    REQUIRE(sim_.run_until([&] { return done_; }, 60s));
  }

  base::StoreMark mark{base::StoreGeneration(1), base::LogIndex(0)};  // as the log would hold it
  replica::Effect last;

 private:
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

inline etcdserverpb::PutRequest put_of(std::string key, std::string value) {
  etcdserverpb::PutRequest request;
  request.set_key(std::move(key));
  request.set_value(std::move(value));
  return request;
}

}  // namespace etcd::testing

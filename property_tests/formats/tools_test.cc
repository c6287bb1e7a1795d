// What the tools write: traces (docs/formats/trace.md) and histories (docs/formats/history.md).
#include <doctest/doctest.h>

#include <chrono>

#include "property_tests/formats/golden.h"
#include "sim/etcd/history_text.h"
#include "sim/trace.h"

namespace formats {

namespace {

constexpr std::string_view kTrace = "trace-v1.json";
constexpr std::string_view kHistory = "history-v1.txt";

// Something of everything that a trace can hold.
sim::Trace trace() {
  using std::chrono::milliseconds;
  using std::chrono::seconds;
  sim::Trace out;
  out.build = "lockstep, of some day";
  sim::Plan& plan = out.plan;
  plan.scenario = "membership";
  plan.seed = UINT64_MAX;
  plan.members = 4;
  plan.learners = 1;
  plan.spares = 2;
  plan.clients = 2;
  plan.faults_until = seconds(50);
  plan.duration = seconds(60);
  plan.turn_cost = std::chrono::microseconds(33);
  plan.rates = {{"disk.sync_error", 500}, {"link.reset", 7}};
  plan.sizes = {{"log_segment_bytes", 65536}};
  const auto action = [&](std::uint32_t id, sim::ActionKind kind, std::uint32_t member) {
    sim::Action one;
    one.id = id;
    one.kind = kind;
    one.at = seconds(id);
    one.lasting = milliseconds(700);
    one.member = member;
    return one;
  };
  plan.actions.push_back(action(1, sim::ActionKind::power_loss, 1));
  plan.actions.back().moment = sim::Moment::storing;
  plan.actions.back().others = {2, 3};
  plan.actions.push_back(action(2, sim::ActionKind::clock_drift, 0));
  plan.actions.back().ppm = -150'000;
  plan.actions.push_back(action(3, sim::ActionKind::partition, 3));
  plan.actions.back().shape = sim::Shape::bridge;
  plan.actions.back().others = {0};
  plan.broken = {{2, sim::Ailment::hanging}, {1, sim::Ailment::cut_off}};
  plan.operations = {{0, 5, milliseconds(3), "put k1 100"}, {1, 2, milliseconds(4), "member remove"}};
  plan.pins = {{0xabcU, 1U}, {UINT64_MAX, 0U}};
  out.verdict = {sim::VerdictKind::safety, "durability", "one sentence, with \"quotes\""};
  out.digest = {1, UINT64_MAX};
  return out;
}

sim::etcd::History history() {
  using namespace sim::etcd;
  History out;
  out.endpoints = {"127.0.0.1:2379", "[::1]:2379"};
  out.first_revision = 1;
  out.base = {std::string_view("\x0a\x02k0", 4)};
  HistoryOperation put;
  put.client = 3;
  put.number = 17;
  put.start_ns = 81204500;
  put.end = HistoryEnd::answered;
  put.end_ns = 81861000;
  put.request = std::string_view("\x0a\x02k1\x12\x08" "c3-17.0|", 14);
  put.answer = std::string_view("\x0a\x04\x18\x02 \x02", 6);
  HistoryOperation range;
  range.client = 4;
  range.number = 9;
  range.endpoint = 1;
  range.call = HistoryCall::range;
  range.start_ns = 81300000;
  range.end = HistoryEnd::failed;
  range.end_ns = 83300000;
  range.code = rpc::StatusCode::deadline_exceeded;
  range.request = std::string_view("\x0a\x02k1", 4);
  range.answer = "context deadline exceeded";
  HistoryOperation open = put;
  open.number = 18;
  open.call = HistoryCall::txn;
  open.end = HistoryEnd::open;
  open.end_ns = HistoryOperation::kNever;
  open.request = std::string_view("\x12\x00\xff\"\\", 5);
  open.answer = {};
  out.operations = {put, range, open};
  LogRevision revision;
  revision.revision = 2;
  revision.puts = {std::string_view("\x0a\x02k1\x10\x02\x18\x02 \x01*\x08" "c3-17.0|", 20)};
  revision.deletes = {"k0"};
  revision.key_count = 1;
  out.log = {revision};
  return out;
}

}  // namespace

TEST_CASE("a trace is that of version 1") {
  check_golden(std::string(kTrace), sim::encode(trace()));
  const std::string golden = read_golden(std::string(kTrace));
  const base::Result<sim::Trace> read = sim::decode_trace(golden);
  REQUIRE_MESSAGE(read, read.error().detail);
  CHECK_EQ(read->plan.seed, UINT64_MAX);
  CHECK_EQ(read->plan.learners, 1);
  CHECK_EQ(read->plan.spares, 2);
  REQUIRE_EQ(read->plan.actions.size(), 3);
  CHECK(read->plan.actions[0].moment == sim::Moment::storing);
  CHECK(read->plan.actions[2].shape == sim::Shape::bridge);
  CHECK(read->plan.broken[0].ailment == sim::Ailment::hanging);
  CHECK_EQ(read->plan.operations[1].what, "member remove");
  CHECK(read->digest == trace().digest);
  CHECK_EQ(sim::encode(*read), golden);  // nothing was lost
}

TEST_CASE("a history is that of version 1") {
  check_golden(std::string(kHistory), sim::etcd::encode_history(history()));
  const std::string golden = read_golden(std::string(kHistory));
  const base::Result<sim::etcd::History> read = sim::etcd::decode_history(golden);
  REQUIRE_MESSAGE(read, read.error().detail);
  CHECK_EQ(read->endpoints, history().endpoints);
  REQUIRE_EQ(read->operations.size(), 3);
  CHECK_EQ(read->operations[0].request, history().operations[0].request);
  CHECK(read->operations[1].code == rpc::StatusCode::deadline_exceeded);
  CHECK(read->operations[2].end == sim::etcd::HistoryEnd::open);
  CHECK_EQ(read->operations[2].request, history().operations[2].request);
  REQUIRE_EQ(read->log.size(), 1);
  CHECK_EQ(read->log[0].key_count, 1);
  CHECK_EQ(sim::etcd::encode_history(*read), golden);
}

}  // namespace formats

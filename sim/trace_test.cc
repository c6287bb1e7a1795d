#include "sim/trace.h"

#include <doctest/doctest.h>

namespace sim {

namespace {

Trace sample() {
  Trace trace;
  trace.build = "test";
  trace.plan.scenario = "single";
  trace.plan.seed = UINT64_MAX;
  trace.plan.members = 5;
  trace.plan.clients = 2;
  trace.plan.faults_until = std::chrono::seconds(50);
  trace.plan.duration = std::chrono::seconds(60);
  trace.plan.turn_cost = std::chrono::microseconds(33);
  trace.plan.rates = {{"disk.sync_error", 500}, {"link.reset", 7}};
  trace.plan.sizes = {{"wal.segment_bytes", 65536}};
  trace.plan.actions = {{3, ActionKind::power_loss, std::chrono::seconds(1), std::chrono::seconds(2), Moment::storing, 0},
                        {9, ActionKind::cut_link, std::chrono::seconds(4), std::chrono::seconds(1), Moment::any, 1},
                        {11, ActionKind::clock_drift, std::chrono::seconds(5), std::chrono::seconds(9), Moment::any, 0, -150'000},
                        {12, ActionKind::process_kill, std::chrono::seconds(6), std::chrono::seconds(1), Moment::any, 0, 0, 3, {0, 4}},
                        {13, ActionKind::partition, std::chrono::seconds(7), std::chrono::seconds(1), Moment::any, 0, 0, 1, {2, 3}, Shape::bridge},
                        {14, ActionKind::slow_links, std::chrono::seconds(8), std::chrono::seconds(1), Moment::any, 0, 0, 0, {1}, Shape::halves,
                         std::chrono::milliseconds(40), 65'536},
                        {15, ActionKind::cut_leader, std::chrono::seconds(9), std::chrono::seconds(1), Moment::changing, 0, 0, 4, {1}, Shape::pairs},
                        {16, ActionKind::wall_jump, std::chrono::seconds(9), std::chrono::seconds(1)}};
  trace.plan.actions.back().is_back = true;
  trace.plan.broken = {{2, Ailment::hanging}, {4, Ailment::cut_off}};
  trace.plan.operations = {{0, 5, std::chrono::milliseconds(3), "put k1 100"}, {1, 2, std::chrono::milliseconds(4), "get k \"*\\"}};
  trace.plan.pins = {{0xabcU, 1U}, {UINT64_MAX, 0U}};
  trace.verdict = {VerdictKind::safety, "durability", "one sentence"};
  trace.digest = {1, UINT64_MAX};
  return trace;
}

}  // namespace

TEST_CASE("machines to spare are members' machines too, and seven with them at most") {
  Trace trace = sample();
  trace.plan.spares = 2;
  trace.plan.actions.push_back({17, ActionKind::pause, std::chrono::seconds(9), std::chrono::seconds(1), Moment::any, 0, 0, 6});
  const base::Result<Trace> read = decode_trace(encode(trace));
  REQUIRE_MESSAGE(read, read.error().detail);
  CHECK_EQ(read->plan.spares, 2);
  CHECK_EQ(encode(*read), encode(trace));
  trace.plan.spares = 1;
  CHECK_FALSE(decode_trace(encode(trace)));
  trace.plan.spares = 3;
  CHECK_FALSE(decode_trace(encode(trace)));
}

TEST_CASE("who is of a later version is said, in order, and only of machines that there are") {
  Trace trace = sample();
  trace.plan.speaks_later = {1, 4};
  const base::Result<Trace> read = decode_trace(encode(trace));
  REQUIRE_MESSAGE(read, read.error().detail);
  CHECK_EQ(read->plan.speaks_later, trace.plan.speaks_later);
  CHECK_EQ(encode(*read), encode(trace));
  CHECK_NE(further_fields_of(read->plan, 4), "");
  CHECK_EQ(further_fields_of(read->plan, 2), "");
  for (const std::vector<std::uint32_t>& wrong : {std::vector<std::uint32_t>{5}, {2, 1}, {3, 3}}) {
    trace.plan.speaks_later = wrong;
    CHECK_FALSE(decode_trace(encode(trace)));
  }
}

TEST_CASE("a trace reads back as it was written") {
  const std::string text = encode(sample());
  const base::Result<Trace> read = decode_trace(text);
  REQUIRE(read);
  CHECK_EQ(encode(*read), text);
  CHECK_EQ(read->plan.actions[0].moment, Moment::storing);
  CHECK_EQ(read->plan.actions[2].ppm, -150'000);
  CHECK_EQ(read->plan.actions[3].member, 3U);
  CHECK_EQ(read->plan.actions[3].others, std::vector<std::uint32_t>{0, 4});
  CHECK_EQ(read->plan.actions[4].shape, Shape::bridge);
  CHECK_EQ(read->plan.actions[5].delay, std::chrono::milliseconds(40));
  CHECK_EQ(read->plan.actions[5].bytes_per_second, 65'536U);
  CHECK_EQ(read->plan.actions[6].moment, Moment::changing);
  CHECK_EQ(read->plan.actions[6].shape, Shape::pairs);
  CHECK(read->plan.actions[7].is_back);
  CHECK_EQ(read->plan.broken[1].member, 4U);
  CHECK_EQ(read->plan.broken[1].ailment, Ailment::cut_off);
  CHECK_EQ(read->plan.pins.at(0xabcU), 1U);
  CHECK((read->digest == base::Hash128{1, UINT64_MAX}));
}

TEST_CASE("a trace of one member reads as it did before there were groups") {
  Trace old = sample();
  old.plan.members = 1;
  old.plan.broken.clear();
  old.plan.actions.resize(3);
  const std::string text = encode(old);
  for (const char* word : {"broken", "others", "shape", "\"member\""}) CHECK_MESSAGE(text.find(word) == std::string::npos, word);
  const base::Result<Trace> read = decode_trace(text);
  REQUIRE(read);
  CHECK_EQ(read->plan.actions[0].member, 0U);
  CHECK(read->plan.broken.empty());
}

TEST_CASE("no plan may leave fewer than a quorum") {
  Plan plan;
  plan.members = 4;
  plan.broken = {{1, Ailment::down}};
  CHECK_EQ(contradiction(plan), "");
  plan.broken.push_back({3, Ailment::isolated});
  CHECK(contradiction(plan).find("quorum") != std::string::npos);
}

TEST_CASE("a trace without a turn cost is one of before it was drawn") {
  std::string text = encode(sample());
  const std::string member = " \"turn_cost_ns\": 33000,\n";
  const std::size_t at = text.find(member);
  REQUIRE(at != std::string::npos);
  CHECK_EQ(decode_trace(text)->plan.turn_cost, std::chrono::microseconds(33));
  text.erase(at, member.size());
  REQUIRE(decode_trace(text));
  CHECK_EQ(decode_trace(text)->plan.turn_cost, std::chrono::microseconds(1));
}

TEST_CASE("a trace that was edited into nonsense is refused with a reason") {
  struct Case { const char* name; const char* from; const char* to; const char* reason; };
  const Case cases[] = {
      {"not JSON", "{", "", "not a JSON object"},
      {"newer format", "\"lockstep_trace\": 1", "\"lockstep_trace\": 2", "format 2"},
      {"unknown kind", "power_loss", "power_less", "power_less"},
      {"client out of range", "\"clients\": 2", "\"clients\": 1", "client that does not exist"},
      {"negative number", "\"seed\": 18446744073709551615", "\"seed\": -1", "`seed`"},
      {"text for a number", "\"at_ns\": 1000000000", "\"at_ns\": \"soon\"", "`at_ns`"},
      {"short digest", "\"digest\": \"0", "\"digest\": \"", "`digest`"},
      {"a clock that stands still", "-150000", "-1000000", "`drift_ppm`"},
      {"too many members", "\"members\": 5", "\"members\": 8", "`members`"},
      {"no member", "\"members\": 5", "\"members\": 0", "`members`"},
      {"a member that is not there", "\"members\": 5", "\"members\": 3", "a member that does not exist"},
      {"an action of a client that is not there", "\"client\": 1,\n   \"", "\"client\": 7,\n   \"", "client that does not exist"},
      {"a member in company of itself", "\"member\": 3,", "\"member\": 4,", "not ascending"},
      {"a shape that nobody knows", "bridge", "ferry", "ferry"},
      {"an ailment that nobody knows", "hanging", "sulking", "sulking"},
      {"broken twice", "\"member\": 2,", "\"member\": 4,", "broken twice"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    std::string text = encode(sample());
    const std::size_t at = text.find(c.from);
    REQUIRE(at != std::string::npos);
    text.replace(at, std::string_view(c.from).size(), c.to);
    const base::Result<Trace> read = decode_trace(text);
    REQUIRE_FALSE(read);
    CHECK_EQ(read.error().code, base::Code::invalid);
    CHECK_MESSAGE(read.error().detail.find(c.reason) != std::string::npos, read.error().detail);
  }
}

}  // namespace sim

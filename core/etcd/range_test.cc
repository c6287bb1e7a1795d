#include "core/etcd/range_scan.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "core/etcd/range.h"
#include "core/etcd/test_machine.h"
#include "core/etcd/test_server.h"
#include "property_tests/property.h"

namespace etcd {
namespace {

using etcdserverpb::RangeRequest;
using etcdserverpb::RangeResponse;
using testing::MachineFixture;
using testing::put_of;
using testing::texts_of;
using testing::txn_of;

struct Scanned {
  std::optional<ErrorId> refused;
  RangeResponse response;
  int slices = 0;
};

Scanned scan(MachineFixture& test, const RangeRequest& request, const ScanBudget& budget) {
  mvcc::Store& store = test.machine().store();
  Scanned out;
  RangeScan scan;
  out.refused = scan.begin(store, request);
  if (out.refused) return out;
  std::string bytes;
  append_header(bytes, Header{{}, {}, scan.revision(), {}});
  while (!scan.is_done()) {
    const base::Result<Refusal> refused = scan.run(store, request, budget, bytes);
    REQUIRE(refused.has_value());
    REQUIRE(!refused->has_value());
    ++out.slices;
    test.let_time_pass();
  }
  scan.append_totals(bytes);
  REQUIRE(out.response.ParseFromString(bytes));
  return out;
}

constexpr ScanBudget kEverything = ScanBudget::unlimited();

// Revision 2 to 8. Values fall as keys rise, and `bb` is gone.
void fill(MachineFixture& test) {
  test.put(put_of("a", "5"));
  test.put(put_of("b", "4"));
  test.put(put_of("bb", "x"));
  test.put(put_of("c", "3"));
  test.txn(": del bb");
  test.put(put_of("d", "2"));
  test.put(put_of("a", "5"));
}

TEST_CASE("a Range, line by line") {  // behaviour reference §2.2
  MachineFixture test;
  fill(test);
  constexpr std::string_view kAll = "a=5@2/8v2 b=4@3/3v1 c=3@5/5v1 d=2@7/7v1";
  struct Case {
    std::string_view name;
    std::string_view get;  // txn_texts.h
    std::string_view kvs;
    std::int64_t count;
    bool more = false;
    void (*ask)(RangeRequest&) = [](RangeRequest&) {};
  };
  const Case cases[] = {
      {"one key", "a", "a=5@2/8v2", 1},
      {"no such key", "aa", "", 0},
      {"a deleted key", "bb", "", 0},
      {"half open", "b..d", "b=4@3/3v1 c=3@5/5v1", 2},
      {"from a key on", "b..\\0", "b=4@3/3v1 c=3@5/5v1 d=2@7/7v1", 3},
      {"end at the key", "b..b", "", 0},
      {"end below the key", "c..a", "", 0},
      {"revision 0", "a rev=0", "a=5@2/8v2", 1},
      {"a negative revision", "a rev=-7", "a=5@2/8v2", 1},
      {"an old revision", "a..z rev=4", "a=5@2/2v1 b=4@3/3v1 bb=x@4/4v1", 3},
      {"the newest revision", "a..z rev=8 limit=1", "a=5@2/8v2", 4, true},
      {"the empty store", "a..z rev=1", "", 0},
      {"a limit", "a..z limit=2", "a=5@2/8v2 b=4@3/3v1", 4, true},
      {"a limit that is just met", "a..z limit=4", kAll, 4},
      {"a limit beyond", "a..z limit=9", kAll, 4},
      {"a negative limit", "a..z limit=-1", kAll, 4},
      {"the largest limit", "a..z limit=9223372036854775807", kAll, 4},
      {"a limit on one key", "a limit=1", "a=5@2/8v2", 1},
      {"key ascending", "a..z order=1 limit=2", "a=5@2/8v2 b=4@3/3v1", 4, true},
      {"key descending", "a..z order=2 limit=2", "d=2@7/7v1 c=3@5/5v1", 4, true},
      {"key descending, all", "a..z order=2", "d=2@7/7v1 c=3@5/5v1 b=4@3/3v1 a=5@2/8v2", 4},
      {"by version", "a..z order=2 by=1 limit=1", "a=5@2/8v2", 4, true},
      {"equals by key, up", "a..z order=1 by=1", "b=4@3/3v1 c=3@5/5v1 d=2@7/7v1 a=5@2/8v2", 4},
      {"equals by key, down", "a..z order=2 by=1", "a=5@2/8v2 b=4@3/3v1 c=3@5/5v1 d=2@7/7v1", 4},
      {"by create revision", "a..z order=2 by=2", "d=2@7/7v1 c=3@5/5v1 b=4@3/3v1 a=5@2/8v2", 4},
      {"by mod revision", "a..z order=1 by=3", "b=4@3/3v1 c=3@5/5v1 d=2@7/7v1 a=5@2/8v2", 4},
      {"by value", "a..z order=1 by=4 limit=3", "d=2@7/7v1 c=3@5/5v1 b=4@3/3v1", 4, true},
      {"no order by value means ascending", "a..z by=4", "d=2@7/7v1 c=3@5/5v1 b=4@3/3v1 a=5@2/8v2", 4},
      {"but the limit comes first", "a..z by=4 limit=1", "b=4@3/3v1", 4, true},
      {"count only", "a..z count", "", 4},
      {"count only, whatever the limit", "a..z count limit=1 order=2", "", 4},
      {"count only, whatever the filters", "a..z count", "", 4, false, [](RangeRequest& r) { r.set_min_mod_revision(8); }},
      {"count only, at a revision", "a..z count rev=4", "", 3},
      {"keys only", "a..z keys limit=1", "a=@2/8v2", 4, true},
      {"keys only, sorted by values", "a..z keys order=1 by=4 limit=2", "d=@7/7v1 c=@5/5v1", 4, true},
      {"mod revisions", "a..z", "c=3@5/5v1 d=2@7/7v1", 4, false,
       [](RangeRequest& r) { r.set_min_mod_revision(5); r.set_max_mod_revision(7); }},
      {"create revisions", "a..z", "a=5@2/8v2 b=4@3/3v1", 4, false,
       [](RangeRequest& r) { r.set_min_create_revision(2); r.set_max_create_revision(3); }},
      {"filters come before the limit", "a..z limit=1", "c=3@5/5v1", 4, true, [](RangeRequest& r) { r.set_min_create_revision(4); }},
      {"and what they drop is no more", "a..z limit=2", "c=3@5/5v1 d=2@7/7v1", 4, false,
       [](RangeRequest& r) { r.set_min_create_revision(4); }},
      {"filters, then the order, then the limit", "a..z order=2 by=3 limit=1", "d=2@7/7v1", 4, true,
       [](RangeRequest& r) { r.set_max_mod_revision(7); }},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    RangeRequest request = txn_of(": get " + std::string(c.get)).success(0).request_range();
    c.ask(request);
    for (const ScanBudget& budget : {kEverything, ScanBudget{1, 1, 1}}) {
      const Scanned scanned = scan(test, request, budget);
      REQUIRE(!scanned.refused);
      CHECK_EQ(texts_of(scanned.response.kvs()), c.kvs);
      CHECK_EQ(scanned.response.count(), c.count);
      CHECK_EQ(scanned.response.more(), c.more);
      CHECK_EQ(scanned.response.header().revision(), 8);
    }
  }
  CHECK(scan(test, txn_of(": get a rev=9").success(0).request_range(), kEverything).refused == ErrorId::future_rev);
}

// --- slices -----------------------------------------------------------------------------------------

TEST_CASE("a slice ends with its keys, its rows or its bytes, and counting reads no rows") {
  MachineFixture test;
  for (int i = 0; i < 100; ++i) test.put(put_of("k" + std::to_string(100 + i), std::string(100, 'x')));
  const auto slices = [&](std::string_view get, const ScanBudget& budget) {
    const Scanned scanned = scan(test, txn_of(": get " + std::string(get)).success(0).request_range(), budget);
    CHECK_EQ(scanned.response.count(), 100);
    return scanned.slices;
  };
  CHECK_EQ(slices("a..z", kEverything), 1);
  CHECK_EQ(slices("a..z", {10, 1000, 1000000}), 10);
  CHECK_EQ(slices("a..z", {1000, 20, 1000000}), 5);
  CHECK_EQ(slices("a..z", {1000, 1000, 1000}), 12);  // records of some 113 bytes: nine to a slice
  CHECK_EQ(slices("a..z count", {10, 1, 1}), 10);
  CHECK_EQ(slices("a..z keys", {1000, 50, 1000000}), 2);
  CHECK_EQ(slices("a..z limit=10", {20, 1000, 1000000}), 5);  // what is beyond the limit is counted
  CHECK(slices("a..z order=2", {80, 1000, 1000000}) > 10);   // collected in two, then sorted, ten to a slice
}

TEST_CASE("what is written between slices is not seen, nor is what is deleted missed") {
  MachineFixture test;
  fill(test);
  for (const std::string_view get : {"a..z", "a..z order=2", "a..z order=1 by=4", "a..z keys order=2 by=3", "a..z count"}) {
    CAPTURE(get);
    RangeRequest request = txn_of(": get " + std::string(get)).success(0).request_range();
    request.set_revision(8);
    const Scanned before = scan(test, request, kEverything);
    request.set_revision(0);
    if (test.machine().store().current() != mvcc::Revision(8)) request.set_revision(8);
    mvcc::Store& store = test.machine().store();
    RangeScan scan;
    REQUIRE(!scan.begin(store, request));
    std::string bytes;
    for (int i = 0; !scan.is_done(); ++i) {
      const auto refused = scan.run(store, request, {1, 1, 1}, bytes);
      REQUIRE(refused.has_value());
      REQUIRE(!refused->has_value());
      test.txn(": put a" + std::to_string(i) + "=new, put d=new, put z=new");
      test.txn(": del b..d");
      test.let_time_pass();
    }
    scan.append_totals(bytes);
    RangeResponse after;
    REQUIRE(after.ParseFromString(bytes));
    CHECK_EQ(texts_of(after.kvs()), texts_of(before.response.kvs()));
    CHECK_EQ(after.count(), before.response.count());
  }
}

TEST_CASE("what compaction takes away during a scan is answered with Compacted, what it leaves is read on") {
  for (const std::string_view get : {"a..z", "a..z order=2", "a..z order=1 by=4", "a..z count"}) {
    CAPTURE(get);
    for (const std::int64_t compacted : {6, 7}) {
      CAPTURE(compacted);
      MachineFixture test;
      fill(test);
      RangeRequest request = txn_of(": get " + std::string(get)).success(0).request_range();
      request.set_revision(6);
      const Scanned before = scan(test, request, kEverything);
      mvcc::Store& store = test.machine().store();
      RangeScan scan;
      REQUIRE(!scan.begin(store, request));
      std::string bytes;
      REQUIRE(!*scan.run(store, request, {1, 1, 1}, bytes));
      REQUIRE(!scan.is_done());
      etcdserverpb::CompactionRequest compaction;
      compaction.set_revision(compacted);
      test.apply(CommandKind::compact, compaction);
      test.let_time_pass();
      Refusal refused;
      while (!scan.is_done() && !refused) {
        const base::Result<Refusal> slice = scan.run(store, request, {1, 1, 1}, bytes);
        REQUIRE(slice.has_value());
        refused = *slice;
      }
      if (compacted == 7) {
        CHECK(refused == ErrorId::compacted);
        continue;
      }
      REQUIRE(!refused);
      scan.append_totals(bytes);
      RangeResponse after;
      REQUIRE(after.ParseFromString(bytes));
      CHECK_EQ(texts_of(after.kvs()), texts_of(before.response.kvs()));
      CHECK_EQ(after.count(), before.response.count());
    }
  }
}

TEST_CASE("the compacted revision is readable, and the one before is not") {
  MachineFixture test;
  fill(test);
  etcdserverpb::CompactionRequest compaction;
  compaction.set_revision(5);
  test.apply(CommandKind::compact, compaction);
  const auto get = [](std::string_view text) { return txn_of(": get " + std::string(text)).success(0).request_range(); };
  CHECK_EQ(texts_of(scan(test, get("a..c rev=5"), kEverything).response.kvs()), "a=5@2/2v1 b=4@3/3v1 bb=x@4/4v1");
  CHECK(scan(test, get("a..c rev=4"), kEverything).refused == ErrorId::compacted);
  CHECK(!scan(test, get("a rev=-1"), kEverything).refused);
  // Within a transaction -1 passes on a store alone that was never compacted.
  CHECK_EQ(test.txn(": get a rev=-1"), "11 etcdserver: mvcc: required revision has been compacted");
  CHECK_EQ(test.txn(": get a rev=4, put a=1"), "11 etcdserver: mvcc: required revision has been compacted");
  CHECK_EQ(test.txn(": put a=1, get b rev=5"), "then@9 put@9 get@9:1(b=4@3/3v1)");
}

TEST_CASE("a disk that fails is no answer") {
  MachineFixture test;
  for (int i = 0; i < 10; ++i) test.put(put_of("k" + std::to_string(i), std::string(20000, 'x')));
  test.let_time_pass();
  test.reopen();
  test.node().disk_faults().read_error_per_million = 1'000'000;
  for (const std::string_view get : {"a..z", "a..z order=2", "a..z by=4", "a..z keys by=4"}) {
    std::string bytes;
    CHECK(!append_range(test.machine().store(), txn_of(": get " + std::string(get)).success(0).request_range(), {}, bytes).has_value());
  }
  std::string bytes;
  CHECK(append_range(test.machine().store(), txn_of(": get a..z keys").success(0).request_range(), {}, bytes).has_value());
}

// --- against a plain evaluation ---------------------------------------------------------------------

using State = std::map<std::string, mvccpb::KeyValue>;

RangeResponse evaluate(const State& state, const RangeRequest& request) {
  RangeResponse response;
  std::vector<mvccpb::KeyValue> kvs;
  const std::string& end = request.range_end();
  for (const auto& [key, kv] : state) {
    const bool is_in = end.empty() ? key == request.key() : key >= request.key() && (end == std::string(1, '\0') || key < end);
    if (is_in) kvs.push_back(kv);
  }
  response.set_count(static_cast<std::int64_t>(kvs.size()));
  if (request.count_only()) return response;
  const auto limit = static_cast<std::size_t>(request.limit());
  const bool is_filtered = request.min_mod_revision() != 0 || request.max_mod_revision() != 0 ||
                           request.min_create_revision() != 0 || request.max_create_revision() != 0;
  if (request.sort_order() == RangeRequest::NONE && !is_filtered && limit > 0 && kvs.size() > limit + 1) kvs.resize(limit + 1);
  const auto is_out = [&](const mvccpb::KeyValue& kv) {
    return (request.min_mod_revision() != 0 && kv.mod_revision() < request.min_mod_revision()) ||
           (request.max_mod_revision() != 0 && kv.mod_revision() > request.max_mod_revision()) ||
           (request.min_create_revision() != 0 && kv.create_revision() < request.min_create_revision()) ||
           (request.max_create_revision() != 0 && kv.create_revision() > request.max_create_revision());
  };
  kvs.erase(std::remove_if(kvs.begin(), kvs.end(), is_out), kvs.end());
  const auto less = [&](const mvccpb::KeyValue& a, const mvccpb::KeyValue& b) {
    switch (static_cast<int>(request.sort_target())) {
      case RangeRequest::VERSION: return a.version() < b.version();
      case RangeRequest::CREATE: return a.create_revision() < b.create_revision();
      case RangeRequest::MOD: return a.mod_revision() < b.mod_revision();
      case RangeRequest::VALUE: return a.value() < b.value();
      default: return a.key() < b.key();
    }
  };
  const bool is_descending = request.sort_order() == RangeRequest::DESCEND;
  std::stable_sort(kvs.begin(), kvs.end(),
                   [&](const mvccpb::KeyValue& a, const mvccpb::KeyValue& b) { return is_descending ? less(b, a) : less(a, b); });
  if (limit > 0 && kvs.size() > limit) {
    kvs.resize(limit);
    response.set_more(true);
  }
  for (mvccpb::KeyValue& kv : kvs) {
    if (request.keys_only()) kv.clear_value();
    *response.add_kvs() = kv;
  }
  return response;
}

// Property: whatever is asked, and however it is sliced, the answer is the one that a plain evaluation gives.
PROPERTY("a Range in slices is a Range") {
  MachineFixture test;
  std::vector<State> history(2);
  std::uint32_t random = 1;
  for (int i = 0; i < 60; ++i) {
    random = random * 1664525U + 1013904223U;
    const std::string key(1 + (random >> 8U) % 2, static_cast<char>('a' + (random >> 16U) % 6));
    State next = history.back();
    if ((random >> 28U) < 4 && next.count(key) != 0) {
      test.txn(": del " + key);
      next.erase(key);
    } else {
      const std::string value(1, static_cast<char>('a' + (random >> 12U) % 5));
      mvccpb::KeyValue& kv = next[key];
      test.put(put_of(key, value));
      kv.set_key(key);
      kv.set_value(value);
      kv.set_mod_revision(static_cast<std::int64_t>(history.size()));
      if (kv.create_revision() == 0) kv.set_create_revision(kv.mod_revision());
      kv.set_version(kv.version() + 1);
    }
    history.push_back(std::move(next));
  }
  property_tests::property("range", [&] {
    const auto newest = static_cast<std::int64_t>(history.size()) - 1;
    const auto up_to = [](std::int64_t last) { return *rc::gen::inRange<std::int64_t>(0, last + 1); };
    RangeRequest request;
    request.set_key(*rc::gen::element<std::string>("a", "b", "bb", "c", "e"));
    request.set_range_end(*rc::gen::element<std::string>("", "c", "dd", "z", std::string(1, '\0'), "a"));
    request.set_revision(up_to(newest));
    request.set_limit(up_to(5));
    request.set_sort_order(static_cast<RangeRequest::SortOrder>(up_to(2)));
    request.set_sort_target(static_cast<RangeRequest::SortTarget>(up_to(4)));
    request.set_keys_only(up_to(3) == 0);
    request.set_count_only(up_to(9) == 0);
    if (up_to(2) == 0) request.set_min_mod_revision(up_to(newest));
    if (up_to(2) == 0) request.set_max_mod_revision(up_to(newest));
    if (up_to(4) == 0) request.set_min_create_revision(up_to(newest));
    if (up_to(4) == 0) request.set_max_create_revision(up_to(newest));
    ScanBudget budget;
    budget.keys = static_cast<std::uint64_t>(1 + up_to(9));
    budget.rows = static_cast<std::uint64_t>(1 + up_to(5));
    budget.bytes = static_cast<std::uint64_t>(1 + up_to(60));
    const Scanned scanned = scan(test, request, budget);
    const auto at = static_cast<std::size_t>(request.revision() == 0 ? newest : request.revision());
    const RangeResponse expected = evaluate(history[at], request);
    RC_ASSERT(texts_of(scanned.response.kvs()) == texts_of(expected.kvs()));
    RC_ASSERT(scanned.response.count() == expected.count());
    RC_ASSERT(scanned.response.more() == expected.more());
  });
}

// --- as a service -----------------------------------------------------------------------------------

using testing::TestServer;
using namespace std::chrono_literals;

RangeRequest everything() {
  RangeRequest request;
  request.set_key(std::string(1, '\0'));
  request.set_range_end(std::string(1, '\0'));
  return request;
}

TEST_CASE("large ranges take many turns, side by side, and all are answered") {
  TestServer test;
  test.config.tuning.range_slice_keys = 3;
  test.config.tuning.range_slice_rows = 2;
  test.start();
  for (int i = 0; i < 50; ++i) test.put("k" + std::to_string(100 + i), "v");
  const std::string expected = testing::text_of(test.range(everything()).body);
  CHECK_EQ(std::count(expected.begin(), expected.end(), '='), 50);
  std::vector<TestServer::Call> calls(20);
  for (std::size_t i = 0; i < calls.size(); ++i) {
    RangeRequest request = everything();
    request.set_serializable(i % 2 == 0);
    test.channel->unary("/etcdserverpb.KV/Range", request.SerializeAsString(), {}, calls[i]);
  }
  CHECK(test.put("k0", "later").ok());
  CHECK(test.sim.run_until([&] { return calls.back().status.has_value(); }, 10s));
  for (const TestServer::Call& call : calls) {
    REQUIRE(call.status.has_value());
    RangeResponse response;
    REQUIRE(response.ParseFromString(call.message));
    CHECK_EQ(response.header().revision(), 51);
    CHECK_EQ(testing::text_of(response), expected);
  }
}

// Found by the simulator, scenario `single`, seed 25: `get k104 *` was called compacted.
TEST_CASE("a large range that a compaction overtakes is Compacted if it names its revision, and read anew if it does not") {
  TestServer test;
  test.config.tuning.range_slice_keys = 1;
  test.start();
  for (int i = 0; i < 50; ++i) test.put("k" + std::to_string(100 + i), "v");
  test.member.faults().turn_cost = 1ms;
  RangeRequest named = everything();
  named.set_revision(51);
  TestServer::Call newest;
  TestServer::Call old;
  test.channel->unary("/etcdserverpb.KV/Range", everything().SerializeAsString(), {}, newest);
  test.channel->unary("/etcdserverpb.KV/Range", named.SerializeAsString(), {}, old);
  etcdserverpb::CompactionRequest compaction;
  compaction.set_revision(test.put("k100", "new").body.header().revision());
  CHECK(test.call<etcdserverpb::CompactionResponse>("/etcdserverpb.KV/Compact", compaction).ok());
  CHECK(!newest.status.has_value());
  REQUIRE(test.sim.run_until([&] { return newest.status.has_value() && old.status.has_value(); }, 10s));
  CHECK_EQ(old.status->message, "etcdserver: mvcc: required revision has been compacted");
  REQUIRE_EQ(newest.status->message, "");
  RangeResponse response;
  REQUIRE(response.ParseFromString(newest.message));
  CHECK_EQ(response.header().revision(), 52);
  CHECK_EQ(response.count(), 50);
  CHECK_EQ(testing::text_of(response), testing::text_of(test.range(everything()).body));
}

TEST_CASE("an answer of several parts is whole, also when a compaction made it begin anew") {
  TestServer test;
  test.config.tuning.range_slice_keys = 1;
  test.start();
  for (int i = 0; i < 12; ++i) test.put("k" + std::to_string(100 + i), std::string(200'000, static_cast<char>('a' + i)));
  CHECK_EQ(test.range(everything()).body.kvs_size(), 12);
  test.member.faults().turn_cost = 1ms;
  TestServer::Call newest;
  test.channel->unary("/etcdserverpb.KV/Range", everything().SerializeAsString(), {}, newest);
  etcdserverpb::CompactionRequest compaction;
  compaction.set_revision(test.put("k100", "new").body.header().revision());
  CHECK(test.call<etcdserverpb::CompactionResponse>("/etcdserverpb.KV/Compact", compaction).ok());
  REQUIRE(test.sim.run_until([&] { return newest.status.has_value(); }, 10s));
  RangeResponse response;
  REQUIRE(response.ParseFromString(newest.message));
  CHECK_EQ(testing::text_of(response), testing::text_of(test.range(everything()).body));
}

TEST_CASE("a range that is overtaken again and again comes to its end all the same") {
  TestServer test;
  test.config.tuning.range_slice_keys = 1;
  test.start();
  for (int i = 0; i < 200; ++i) test.put("k" + std::to_string(100 + i), "v");
  test.member.faults().turn_cost = 1ms;
  TestServer::Call newest;
  test.channel->unary("/etcdserverpb.KV/Range", everything().SerializeAsString(), {}, newest);
  int compactions = 0;
  for (; compactions < 20 && !newest.status; ++compactions) {
    etcdserverpb::CompactionRequest compaction;
    compaction.set_revision(test.put("k100", "new").body.header().revision());
    CHECK(test.call<etcdserverpb::CompactionResponse>("/etcdserverpb.KV/Compact", compaction).ok());
    test.sim.run_for(10ms);
  }
  REQUIRE(newest.status.has_value());
  CHECK_EQ(newest.status->message, "");
  CHECK_GT(compactions, 2);
  RangeResponse response;
  REQUIRE(response.ParseFromString(newest.message));
  CHECK_EQ(response.kvs_size(), 200);
}

TEST_CASE("a client that goes away stops its scan, at whatever turn") {
  TestServer test;
  test.config.tuning.range_slice_keys = 1;
  test.start();
  for (int i = 0; i < 30; ++i) test.put("k" + std::to_string(100 + i), "v");
  for (int steps = 0; steps < 40; ++steps) {
    std::vector<TestServer::Call> calls(3);
    for (TestServer::Call& call : calls) test.channel->unary("/etcdserverpb.KV/Range", everything().SerializeAsString(), {}, call);
    for (int i = 0; i < steps; ++i) test.sim.step();
    test.channel->cancel(calls[static_cast<std::size_t>(steps % 3)]);
    test.channel->cancel(calls[0]);
    test.channel.reset();
    test.connect();
  }
  CHECK_EQ(test.range(everything()).body.count(), 30);
  test.stop();
}

}  // namespace
}  // namespace etcd

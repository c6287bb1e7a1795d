// The checker on histories written by hand: each kind of violation is found, and named so that a newcomer understands it.
// property_tests/serializability holds it against a search through all orders.
#include "sim/etcd/serializability.h"

#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "core/api/kv.pb.h"
#include "sim/etcd/history_generator.h"

namespace sim::etcd {

namespace {

namespace pb = etcdserverpb;

mvccpb::KeyValue pair(const std::string& key, const std::string& value, std::int64_t create, std::int64_t mod, std::int64_t version) {
  mvccpb::KeyValue kv;
  kv.set_key(key);
  kv.set_value(value);
  kv.set_create_revision(create);
  kv.set_mod_revision(mod);
  kv.set_version(version);
  return kv;
}

struct Script {
  History history;

  Script() { history.endpoints = {"here"}; }

  // Sent and answered at these moments; without an answer the outcome is open.
  template <typename Request>
  HistoryOperation& add(std::uint32_t client, HistoryCall call, std::int64_t start, std::int64_t end, const Request& request) {
    HistoryOperation operation;
    operation.client = client;
    operation.number = static_cast<std::uint32_t>(history.operations.size());
    operation.call = call;
    operation.start_ns = start;
    operation.end_ns = end;
    operation.end = HistoryEnd::answered;
    operation.request = history.arena.add(request.SerializeAsString());
    return history.operations.emplace_back(operation);
  }
  HistoryOperation& put(std::uint32_t client, std::int64_t start, std::int64_t end, const std::string& key, const std::string& value,
                        std::int64_t revision) {
    pb::PutRequest put;
    put.set_key(key);
    put.set_value(value);
    pb::PutResponse answer;
    answer.mutable_header()->set_revision(revision);
    HistoryOperation& operation = add(client, HistoryCall::put, start, end, put);
    operation.answer = history.arena.add(answer.SerializeAsString());
    return operation;
  }
  HistoryOperation& get(std::uint32_t client, std::int64_t start, std::int64_t end, const std::string& key, std::int64_t revision,
                        const std::vector<mvccpb::KeyValue>& found, bool is_serializable = false, std::int64_t at = 0) {
    pb::RangeRequest range;
    range.set_key(key);
    range.set_serializable(is_serializable);
    range.set_revision(at);
    pb::RangeResponse answer;
    answer.mutable_header()->set_revision(revision);
    for (const mvccpb::KeyValue& kv : found) *answer.add_kvs() = kv;
    answer.set_count(static_cast<std::int64_t>(found.size()));
    HistoryOperation& operation = add(client, HistoryCall::range, start, end, range);
    operation.answer = history.arena.add(answer.SerializeAsString());
    return operation;
  }
  // If `key` was changed last at `seen` then delete it, and put a marker of this value.
  HistoryOperation& erase(std::uint32_t client, std::int64_t start, std::int64_t end, const std::string& key, std::int64_t seen,
                          const std::string& marker, std::int64_t revision, bool succeeded, std::int64_t deleted) {
    pb::TxnRequest txn;
    pb::Compare& compare = *txn.add_compare();
    compare.set_key(key);
    compare.set_target(pb::Compare::MOD);
    compare.set_mod_revision(seen);
    txn.add_success()->mutable_request_put()->set_key("marker");
    txn.mutable_success(0)->mutable_request_put()->set_value(marker);
    txn.add_success()->mutable_request_delete_range()->set_key(key);
    pb::TxnResponse answer;
    answer.mutable_header()->set_revision(revision);
    answer.set_succeeded(succeeded);
    if (succeeded) {
      answer.add_responses()->mutable_response_put()->mutable_header()->set_revision(revision);
      answer.add_responses()->mutable_response_delete_range()->mutable_header()->set_revision(revision);
      answer.mutable_responses(1)->mutable_response_delete_range()->set_deleted(deleted);
    }
    HistoryOperation& operation = add(client, HistoryCall::txn, start, end, txn);
    operation.answer = history.arena.add(answer.SerializeAsString());
    return operation;
  }
  void fail(HistoryOperation& operation, rpc::StatusCode code, std::string_view text) {
    operation.end = HistoryEnd::failed;
    operation.code = code;
    operation.answer = history.arena.add(text);
  }
  void log(std::int64_t revision, const std::vector<mvccpb::KeyValue>& puts, const std::vector<std::string>& deletes, std::int64_t keys) {
    LogRevision& entry = history.log.emplace_back();
    entry.revision = revision;
    entry.key_count = keys;
    for (const mvccpb::KeyValue& put : puts) entry.puts.push_back(history.arena.add(put.SerializeAsString()));
    for (const std::string& key : deletes) entry.deletes.push_back(history.arena.add(key));
  }
  void replace_answer(HistoryOperation& operation, const std::function<void(pb::TxnResponse&)>& change) {
    pb::TxnResponse answer;
    REQUIRE(answer.ParseFromString(std::string(operation.answer)));
    change(answer);
    operation.answer = history.arena.add(answer.SerializeAsString());
  }
};

const mvccpb::KeyValue kFirst = pair("k", "one", 2, 2, 1);
const mvccpb::KeyValue kSecond = pair("k", "two", 2, 3, 2);

// Two puts of one key, one after the other, a read of each, and a delete of what the second wrote.
//
//   client 0:  [put one: 2]              [put two: 3]                          [delete if 3: 4]
//   client 1:                [get k: 2]                [get k: 3]                                [get k: 4, nothing]
Script good() {
  Script s;
  s.put(0, 10, 20, "k", "one", 2);
  s.get(1, 30, 40, "k", 2, {kFirst});
  s.put(0, 50, 60, "k", "two", 3);
  s.get(1, 70, 80, "k", 3, {kSecond});
  s.erase(0, 90, 100, "k", 3, "gone", 4, true, 1);
  s.get(1, 110, 120, "k", 4, {});
  s.log(2, {kFirst}, {}, 1);
  s.log(3, {kSecond}, {}, 1);
  s.log(4, {pair("marker", "gone", 4, 4, 1)}, {"k"}, 1);
  return s;
}

std::string verdict(const Script& script) {
  const base::Result<HistoryVerdict> checked = check_history(script.history);
  if (!checked) return "cannot be judged: " + checked.error().detail;
  return checked->violation;
}

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("what a right store did is right, whatever its clients heard of it") {
  using Change = void (*)(Script&);
  struct Case { std::string_view what; Change change; };
  const Case cases[] = {
      {"everything is acknowledged", [](Script&) {}},
      {"a put whose outcome is open took effect", [](Script& s) { s.fail(s.history.operations[0], rpc::StatusCode::unavailable, "etcdserver: request timed out"); }},
      {"a transaction was never answered, and took effect",
       [](Script& s) {
         s.history.operations[4].end = HistoryEnd::open;
         s.history.operations[4].end_ns = HistoryOperation::kNever;
       }},
      {"a put whose outcome is open did not", [](Script& s) { s.fail(s.put(2, 35, 45, "k", "lost", 0), rpc::StatusCode::deadline_exceeded, "context deadline exceeded"); }},
      {"a put was refused", [](Script& s) { s.fail(s.put(2, 35, 45, "k", "refused", 0), rpc::StatusCode::unknown, "etcdserver: too many requests"); }},
      {"a read was content with an old revision", [](Script& s) { s.get(2, 72, 78, "k", 2, {kFirst}, true); }},
      {"a read named an old revision", [](Script& s) { s.get(2, 111, 119, "k", 4, {kFirst}, false, 2); }},
      {"a read named a revision that was not there yet",
       [](Script& s) { s.fail(s.get(2, 41, 49, "k", 0, {}, false, 3), rpc::StatusCode::out_of_range, "etcdserver: mvcc: required revision is a future revision"); }},
      {"overlapping with a write a read shows it, or does not",
       [](Script& s) {
         s.get(2, 51, 59, "k", 2, {kFirst});
         s.get(3, 51, 59, "k", 3, {kSecond});
       }},
      {"a compare that does not hold", [](Script& s) { s.erase(2, 71, 79, "k", 2, "stays", 3, false, 0); }},
      {"nobody counted the keys", [](Script& s) { s.history.log[1].key_count = -1; }},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    Script script = good();
    c.change(script);
    CHECK_EQ(verdict(script), "");
  }
}

TEST_CASE("each kind of violation is found, and named with the operations that show it") {
  using Change = void (*)(Script&);
  struct Case { std::string_view what; Change change; std::string_view says, and_says; };
  const Case cases[] = {
      // 1. the log
      {"a revision is missing", [](Script& s) { s.history.log.erase(s.history.log.begin() + 1); }, "The log has no revision 3", ""},
      {"a revision comes twice", [](Script& s) { s.history.log.insert(s.history.log.begin() + 1, s.history.log[0]); }, "The log has no revision 3", ""},
      {"nobody sent a write", [](Script& s) { s.log(5, {pair("k", "foreign", 5, 5, 1)}, {}, 2); }, "which no client ever sent", "foreign"},
      {"a write took effect twice", [](Script& s) { s.log(5, {pair("k", "two", 5, 5, 1)}, {}, 2); }, "took effect twice, at revision 3 and at 5", "put k \"two\""},
      {"two writes are one revision",
       [](Script& s) { s.history.log[1].puts.push_back(s.history.log[0].puts[0]); s.history.log.erase(s.history.log.begin()); s.history.log[0].revision = 2; },
       "the pair says that it changed at 3", ""},
      {"a revision mixes two writes",
       [](Script& s) {
         s.history.log[1].puts.push_back(s.history.arena.add(pair("x", "one", 3, 3, 1).SerializeAsString()));
       },
       "mixes two writes", "put k \"two\""},
      {"a key vanished by itself", [](Script& s) { s.log(5, {}, {"marker"}, 0); }, "holds no put, so no client sent what it did", ""},
      {"a refused write took effect",
       [](Script& s) { s.fail(s.history.operations[2], rpc::StatusCode::resource_exhausted, "etcdserver: mvcc: database space exceeded"); },
       "although its client was told that it did not", "database space exceeded"},
      // 2. answers and the log
      {"an acknowledged write is lost", [](Script& s) { s.put(2, 35, 45, "x", "lost", 3); }, "An acknowledged write is lost: client 2's operation 6", "there stands client 0's operation 2 (put k \"two\""},
      {"a write has another revision than its client was told", [](Script& s) { s.put(0, 10, 20, "k", "one", 3); s.history.operations.erase(s.history.operations.begin()); },
       "acknowledged at revision 3, but the log holds it at 2", ""},
      {"a transaction says that it wrote nothing",
       [](Script& s) { s.replace_answer(s.history.operations[4], [](pb::TxnResponse& t) { t.set_succeeded(false); t.clear_responses(); }); },
       "took effect at revision 4, although its answer, at 4, says that it wrote nothing", ""},
      {"an answer from a revision that nobody has", [](Script& s) { s.get(2, 111, 119, "k", 9, {}); }, "at revision 9, but the log ends at 4", ""},
      {"an answer without a revision", [](Script& s) { s.get(2, 111, 119, "k", 0, {}); }, "at revision 0, before the 1", ""},
      {"the future was read", [](Script& s) { s.get(2, 31, 39, "k", 2, {kSecond}, false, 3); }, "Revision 3 was read of a store at revision 2", ""},
      {"an answer that is none", [](Script& s) { s.history.operations[4].answer = "\x0a\x02\x18\x04\xff"; }, "An answer cannot be read", ""},
      // 3. real time
      {"a read shows less than had been shown", [](Script& s) { s.get(2, 111, 119, "k", 3, {kSecond}); },
       "An answer is older than what had been shown before its request was sent: revision 3 instead of 4", "had been shown to client 0's operation 4"},
      {"a write lies below what had been shown", [](Script& s) { s.history.operations[2].start_ns = 85; s.history.operations[2].end_ns = 88; },
       "A write stands in the log at revision 3, which had been shown before it was sent", "had been shown to client 1's operation 3"},
      {"a write with an open outcome lies below what had been shown",
       [](Script& s) { s.history.operations[0].start_ns = 45; s.history.operations[0].end = HistoryEnd::open; },
       "A write stands in the log at revision 2, which had been shown before it was sent", "client 1's operation 1"},
      {"a possibly stale read shows what nobody had sent yet", [](Script& s) { s.get(2, 41, 48, "k", 3, {kSecond}, true); },
       "A write stands in the log at revision 3, which had been shown before it was sent", "client 2's operation 6"},
      {"what had been shown is not there yet",
       [](Script& s) { s.fail(s.get(2, 61, 69, "k", 0, {}, false, 3), rpc::StatusCode::out_of_range, "etcdserver: mvcc: required revision is a future revision"); },
       "refused as not there yet, although it had been shown before", "had been shown to client 0's operation 2"},
      // Errors
      {"something is compacted", [](Script& s) { s.fail(s.get(2, 61, 69, "k", 0, {}, false, 2), rpc::StatusCode::out_of_range, "etcdserver: mvcc: required revision has been compacted"); },
       "refused as compacted, and nobody compacts", ""},
      {"a put is out of range", [](Script& s) { s.fail(s.put(2, 61, 69, "k", "x", 0), rpc::StatusCode::out_of_range, "etcdserver: mvcc: required revision is a future revision"); },
       "names no revision was told that it is out of range", ""},
      {"an error that nobody may get", [](Script& s) { s.fail(s.put(2, 61, 69, "k", "x", 0), rpc::StatusCode::data_loss, "etcdserver: corrupt cluster"); },
       "No such request may get such an error", "corrupt cluster"},
      // 4. the replay
      {"a read shows another value", [](Script& s) { s.get(2, 31, 39, "k", 2, {pair("k", "two", 2, 2, 1)}); },
       "is not what was written by then: it holds k=two (create 2, mod 2, version 1) instead of k=one", "that was written by client 0's operation 0 (put k \"one\""},
      {"a read lacks a key", [](Script& s) { s.get(2, 31, 39, "k", 2, {}); }, "it lacks k=one", "that was written by client 0's operation 0"},
      {"a read shows what was deleted", [](Script& s) { s.get(2, 111, 119, "k", 4, {kSecond}); }, "it also holds k=two", "that was written by client 0's operation 2"},
      {"a possibly stale read shows what never was", [](Script& s) { s.get(2, 72, 78, "k", 2, {kSecond}, true); }, "is not what was written by then", ""},
      {"a wrong version", [](Script& s) { s.get(2, 71, 79, "k", 3, {pair("k", "two", 2, 3, 1)}); }, "version 1) instead of k=two (create 2, mod 3, version 2)", ""},
      {"a read counts wrongly", [](Script& s) {
         pb::RangeResponse range;
         HistoryOperation& read = s.get(2, 31, 39, "k", 2, {kFirst});
         REQUIRE(range.ParseFromString(std::string(read.answer)));
         range.set_count(2);
         read.answer = s.history.arena.add(range.SerializeAsString());
       }, "it counts 2 keys instead of 1", ""},
      {"a compare that holds was said not to", [](Script& s) { s.erase(2, 71, 79, "k", 3, "stays", 3, false, 0); },
       "its compares choose a path which writes", "the last write before it was client 0's operation 2"},
      {"a transaction wrote although its compares do not hold",
       [](Script& s) {
         s.erase(2, 111, 119, "k", 3, "again", 5, true, 0);
         s.log(5, {pair("marker", "again", 4, 5, 2)}, {}, 1);
       },
       "would have written nothing there", "the last write before it was client 0's operation 4"},
      {"a delete counts wrongly",
       [](Script& s) { s.replace_answer(s.history.operations[4], [](pb::TxnResponse& t) { t.mutable_responses(1)->mutable_response_delete_range()->set_deleted(2); }); },
       "deleted: 2", "instead of"},
      {"the log has other bytes than were sent", [](Script& s) { s.history.log[1].puts = {s.history.arena.add(pair("j", "two", 3, 3, 1).SerializeAsString())}; },
       "is not what its write does: it holds j=two", "put k \"two\""},
      {"the log says that nothing was deleted", [](Script& s) { s.history.log[2].deletes.clear(); }, "it lacks the delete of k", ""},
      {"the log deletes more", [](Script& s) { s.history.log[1].deletes = {"x"}; }, "it also deletes x", ""},
      {"the log puts more", [](Script& s) { s.history.log[2].puts.push_back(s.history.arena.add(pair("z", "gone", 4, 4, 1).SerializeAsString())); },
       "it also holds z=gone", ""},
      {"keys are there that nobody put", [](Script& s) { s.history.log[1].key_count = 2; }, "the store then held 2 keys instead of 1", ""},
      {"a wrong version in the log", [](Script& s) { s.history.log[1].puts = {s.history.arena.add(pair("k", "two", 3, 3, 1).SerializeAsString())}; },
       "instead of k=two (create 2, mod 3, version 2)", ""},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    Script script = good();
    c.change(script);
    const std::string said = verdict(script);
    CAPTURE(said);
    CHECK(contains(said, c.says));
    CHECK(contains(said, c.and_says));
  }
}

TEST_CASE("a previous pair is that of the revision before") {
  const auto run = [](const mvccpb::KeyValue* previous) {
    Script s = good();
    pb::PutRequest put;
    put.set_key("marker");
    put.set_value("again");
    put.set_prev_kv(true);
    pb::PutResponse answer;
    answer.mutable_header()->set_revision(5);
    if (previous != nullptr) *answer.mutable_prev_kv() = *previous;
    s.add(2, HistoryCall::put, 130, 140, put).answer = s.history.arena.add(answer.SerializeAsString());
    s.log(5, {pair("marker", "again", 4, 5, 2)}, {}, 1);
    return verdict(s);
  };
  const mvccpb::KeyValue right = pair("marker", "gone", 4, 4, 1);
  CHECK_EQ(run(&right), "");
  CHECK(contains(run(nullptr), "wrong previous pair, none instead of marker=gone"));
  CHECK(contains(run(&kFirst), "wrong previous pair, k=one"));
}

TEST_CASE("what was there before the run counts, and a lagging member may answer from before it") {
  Script s;
  s.history.first_revision = 8;
  s.history.base = {s.history.arena.add(pair("k", "old", 3, 7, 4).SerializeAsString())};
  s.get(0, 10, 20, "k", 8, {pair("k", "old", 3, 7, 4)});
  s.put(0, 30, 40, "k", "new", 9);
  s.log(9, {pair("k", "new", 3, 9, 5)}, {}, 1);
  s.get(1, 50, 60, "k", 6, {pair("k", "older", 3, 6, 3)}, true);
  const base::Result<HistoryVerdict> checked = check_history(s.history);
  REQUIRE(checked);
  CHECK_EQ(checked->violation, "");
  CHECK_EQ(checked->counts.not_judged, 1);
  s.get(1, 70, 80, "k", 7, {pair("k", "old", 3, 7, 4)});
  CHECK(contains(verdict(s), "at revision 7, before the 8 at which the run began"));
}

TEST_CASE("a history that cannot be judged is refused") {
  using Change = void (*)(Script&);
  struct Case { Change change; std::string_view says; };
  const auto txn = [](Script& s, const std::function<void(pb::TxnRequest&)>& fill) {
    pb::TxnRequest request;
    fill(request);
    s.add(2, HistoryCall::txn, 200, 210, request);
  };
  std::vector<std::pair<Script, std::string_view>> cases;
  const auto add = [&](std::string_view says) -> Script& { return cases.emplace_back(good(), says).first; };
  add("the value one is put twice").put(2, 200, 210, "x", "one", 5);
  add("a put without a value").put(2, 200, 210, "x", "", 5);
  add("a range without a key").get(2, 200, 210, "", 4, {});
  txn(add("deletes without a put beside it"), [](pb::TxnRequest& t) { t.add_success()->mutable_request_delete_range()->set_key("k"); });
  txn(add("that reads an old revision"), [](pb::TxnRequest& t) {
    t.add_success()->mutable_request_range()->set_key("k");
    t.mutable_success(0)->mutable_request_range()->set_revision(2);
  });
  txn(add("with an operation that is none"), [](pb::TxnRequest& t) { t.add_success(); });
  for (const auto& one : cases) CHECK(contains(verdict(one.first), one.second));
}

TEST_CASE("generated histories are right, and counted") {
  const History history = generate_history({{7, 10}, 3000, 8, 50});
  const base::Result<HistoryVerdict> checked = check_history(history);
  REQUIRE(checked);
  CHECK_EQ(checked->violation, "");
  CHECK_EQ(checked->counts.operations, 3000);
  CHECK(checked->counts.unknown > 50);
  CHECK(checked->counts.unknown_found > 10);
  CHECK(checked->counts.stale_reads > 50);
  CHECK_EQ(checked->counts.revisions, history.log.size());
  CHECK_EQ(checked->counts.acknowledged + checked->counts.unknown, 3000);
}

}  // namespace sim::etcd

// The oracle of the key-value service, fed good and bad histories.
#include "sim/etcd/kv_oracle.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "core/api/kv.pb.h"
#include "core/api/maintenance.pb.h"
#include "core/etcd/command.h"
#include "core/replica/command.h"
#include "sim/etcd/hash_model.h"
#include "sim/etcd/txn_model.h"

namespace sim::etcd {

namespace {

// A log that the test writes by hand.
struct KvOracleFixture {
  explicit KvOracleFixture(StaleReads stale_reads = StaleReads::anything) : oracle(findings, stale_reads) {}
  void commit(::etcd::CommandKind kind, const google::protobuf::MessageLite& message) {
    const std::string record = replica::encode_command({1, "", 0}, ::etcd::encode_command(kind, message));
    last = last.next();
    oracle.on_committed({{base::Term(1), last}, base::EntryKind::command, std::make_shared<const std::string>(record)});
  }
  Request send(std::uint32_t number, const char* text) { return oracle.send(0, number, *parse_operation(text)); }
  void commit_put(std::uint32_t number, const std::string& key) {
    etcdserverpb::PutRequest put;
    put.set_key(key);
    put.set_value(unique_value(0, number, 0, 0));
    commit(::etcd::CommandKind::put, put);
  }
  void answer_put(const Request& request, std::int64_t revision) {
    etcdserverpb::PutResponse put;
    put.mutable_header()->set_revision(revision);
    oracle.on_answer(request, put.SerializeAsString());
  }
  // Puts number `number` on `key`, committed and answered as it should be.
  void put(std::uint32_t number, const std::string& key) {
    const Request request = send(number, ("put " + key + " 0").c_str());
    commit_put(number, key);
    answer_put(request, oracle.model().revision());
  }
  etcdserverpb::RangeResponse right_range(const std::string& key, std::int64_t at) const {
    etcdserverpb::RangeResponse range;
    range.mutable_header()->set_revision(oracle.model().revision());
    const ModelRange expected = oracle.model().range(key, "", at, 0);
    range.set_count(expected.count);
    for (const ModelKeyValue& kv : expected.kvs) *range.add_kvs() = to_wire(kv);
    return range;
  }
  void compact(std::uint32_t number, const char* text) {
    const Request request = send(number, text);
    etcdserverpb::CompactionRequest compaction;
    REQUIRE(compaction.ParseFromString(request.wire.bytes));
    commit(::etcd::CommandKind::compact, compaction);
    etcdserverpb::CompactionResponse response;
    response.mutable_header()->set_revision(oracle.model().revision());
    oracle.on_answer(request, response.SerializeAsString());
  }
  // A key `a`, then the transaction, committed and answered as the model answers it, but for what `spoil` does.
  void txn(const char* text, void (*spoil)(etcdserverpb::TxnResponse&)) {
    put(1, "a");
    const Request request = send(2, text);
    etcdserverpb::TxnRequest txn;
    REQUIRE(txn.ParseFromString(request.wire.bytes));
    Model twin = oracle.model();
    etcdserverpb::TxnResponse response = *run_txn(twin, txn);
    commit(::etcd::CommandKind::txn, txn);
    response.mutable_header()->set_raft_term(7);
    spoil(response);
    oracle.on_answer(request, response.SerializeAsString());
  }
  bool is_clean() const { return findings.is_clean(); }

  Findings findings;
  KvOracle oracle;
  base::LogIndex last;
};

struct Spoiled {
  const char* name;
  void (*spoil)(etcdserverpb::TxnResponse&);
};

// The model's own answer to the transaction passes, and none of the spoiled ones does.
void check_txn_answers(const char* text, const std::vector<Spoiled>& cases) {
  KvOracleFixture right;
  right.txn(text, [](etcdserverpb::TxnResponse&) {});
  CHECK_MESSAGE(right.is_clean(), right.findings.verdict().message);
  for (const Spoiled& c : cases) {
    CAPTURE(c.name);
    KvOracleFixture f;
    f.txn(text, c.spoil);
    CHECK_FALSE(f.is_clean());
  }
}

}  // namespace

TEST_CASE("a right history passes") {
  KvOracleFixture f;
  f.put(1, "a");
  f.put(2, "a");
  f.oracle.on_answer(f.send(3, "get a"), f.right_range("a", 3).SerializeAsString());
  f.oracle.on_answer(f.send(4, "get a back=1"), f.right_range("a", 2).SerializeAsString());
  CHECK_MESSAGE(f.is_clean(), f.findings.verdict().message);
  CHECK_EQ(f.oracle.counts().acknowledged, 4);
}

TEST_CASE("an acknowledged put that the log does not hold is caught") {
  KvOracleFixture f;
  f.answer_put(f.send(1, "put a 0"), 1);
  CHECK_FALSE(f.is_clean());
}

TEST_CASE("a put acknowledged at another revision is caught") {
  KvOracleFixture f;
  const Request one = f.send(1, "put a 0");
  const Request two = f.send(2, "put a 0");
  f.commit_put(1, "a");
  f.commit_put(2, "a");
  f.answer_put(one, 3);
  f.answer_put(two, 3);
  CHECK_FALSE(f.is_clean());
}

TEST_CASE("a put that takes effect twice is caught, and one that nobody sent") {
  {
    KvOracleFixture f;
    f.put(1, "a");
    f.commit_put(1, "a");
    CHECK_FALSE(f.is_clean());
  }
  {
    KvOracleFixture f;
    f.commit_put(9, "a");
    CHECK_FALSE(f.is_clean());
  }
}

TEST_CASE("a stale read is caught, unless it asked for possibly stale data of one member of many") {
  struct Case { const char* what; StaleReads stale_reads; bool is_right; };
  const Case cases[] = {
      {"get a", StaleReads::anything, false},
      {"get a", StaleReads::nothing, false},
      {"get a serializable", StaleReads::anything, true},
      {"get a serializable", StaleReads::nothing, false},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    KvOracleFixture f(c.stale_reads);
    f.put(1, "a");
    const etcdserverpb::RangeResponse old = f.right_range("a", 2);
    f.put(2, "a");
    f.oracle.on_answer(f.send(3, c.what), old.SerializeAsString());
    CHECK_EQ(f.is_clean(), c.is_right);
  }
}

TEST_CASE("a read sent before a write was revealed may miss it") {
  KvOracleFixture f;
  f.put(1, "a");
  const Request early = f.send(2, "get a");
  const etcdserverpb::RangeResponse old = f.right_range("a", 2);
  f.put(3, "a");
  f.oracle.on_answer(early, old.SerializeAsString());
  CHECK(f.is_clean());
}

TEST_CASE("every field of a read's answer is compared") {
  struct Case { const char* name; void (*spoil)(etcdserverpb::RangeResponse&); };
  const Case cases[] = {
      {"value", [](etcdserverpb::RangeResponse& r) { r.mutable_kvs(0)->set_value("x"); }},
      {"create revision", [](etcdserverpb::RangeResponse& r) { r.mutable_kvs(0)->set_create_revision(9); }},
      {"mod revision", [](etcdserverpb::RangeResponse& r) { r.mutable_kvs(0)->set_mod_revision(1); }},
      {"version", [](etcdserverpb::RangeResponse& r) { r.mutable_kvs(0)->set_version(7); }},
      {"count", [](etcdserverpb::RangeResponse& r) { r.set_count(0); }},
      {"more", [](etcdserverpb::RangeResponse& r) { r.set_more(true); }},
      {"missing pair", [](etcdserverpb::RangeResponse& r) { r.clear_kvs(); }},
      {"extra pair", [](etcdserverpb::RangeResponse& r) { *r.add_kvs() = r.kvs(0); }},
      {"a revision of the future", [](etcdserverpb::RangeResponse& r) { r.mutable_header()->set_revision(99); }},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    KvOracleFixture f;
    f.put(1, "a");
    etcdserverpb::RangeResponse range = f.right_range("a", 2);
    c.spoil(range);
    f.oracle.on_answer(f.send(2, "get a"), range.SerializeAsString());
    CHECK_FALSE(f.is_clean());
  }
}

TEST_CASE("what became of a put without an answer is read from the log") {
  KvOracleFixture f;
  const Request lost = f.send(1, "put a 0");
  f.oracle.on_error(lost, {rpc::StatusCode::unavailable, "connection reset"});
  f.commit_put(1, "a");
  CHECK(f.is_clean());
  CHECK_EQ(f.oracle.counts().unknown, 1);
  CHECK_EQ(f.oracle.counts().resolved, 1);
}

TEST_CASE("refused means without effect, and errors that make no sense are caught") {
  {
    KvOracleFixture f;
    f.oracle.on_error(f.send(1, "put a 0"), {rpc::StatusCode::resource_exhausted, "too many requests"});
    CHECK(f.is_clean());
    f.commit_put(1, "a");
    CHECK_FALSE(f.is_clean());
  }
  {
    KvOracleFixture f;
    f.put(1, "a");
    f.oracle.on_error(f.send(2, "get a back=0"), {rpc::StatusCode::out_of_range, "a future revision"});
    CHECK_FALSE(f.is_clean());
  }
  {
    KvOracleFixture f;
    f.oracle.on_error(f.send(1, "get a"), {rpc::StatusCode::data_loss, "corrupt"});
    CHECK_FALSE(f.is_clean());
  }
}

TEST_CASE("a member that lags may call a revision one of the future, to who asked for whatever it has") {
  struct Case { const char* what; StaleReads stale_reads; bool is_right; };
  const Case cases[] = {
      {"get a back=0 serializable", StaleReads::anything, true},
      {"get a back=0 serializable", StaleReads::nothing, false},
      {"get a back=0", StaleReads::anything, false},
      {"hash back=0", StaleReads::anything, true},
      {"get a back=9 serializable", StaleReads::anything, false},  // revision 1 is nobody's future
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    KvOracleFixture f(c.stale_reads);
    f.put(1, "a");
    f.oracle.on_error(f.send(2, c.what), {rpc::StatusCode::out_of_range, "etcdserver: mvcc: required revision is a future revision"});
    CHECK_EQ(f.is_clean(), c.is_right);
  }
}

TEST_CASE("a transaction is as stale as its reads allow, and one without any is") {
  struct Case { const char* what; StaleReads stale_reads; bool is_right; };
  const Case cases[] = {
      {"txn [ ] [ ] [ ]", StaleReads::anything, true},
      {"txn [ ] [ ] [ ]", StaleReads::nothing, false},
      {"txn [ a version = 0 ] [ ] [ ]", StaleReads::anything, true},
      {"txn [ ] [ get b serializable ] [ get c serializable ]", StaleReads::anything, true},
      {"txn [ ] [ get b serializable ] [ get c ]", StaleReads::anything, false},
      {"txn [ ] [ get b ] [ ]", StaleReads::anything, false},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    KvOracleFixture f(c.stale_reads);
    f.put(1, "a");
    const Request request = f.send(2, c.what);
    etcdserverpb::TxnResponse txn;  // of revision 1, where nothing was
    txn.mutable_header()->set_revision(1);
    txn.set_succeeded(true);
    if (!request.operation.success.empty()) txn.add_responses()->mutable_response_range()->mutable_header()->set_revision(1);
    f.oracle.on_answer(request, txn.SerializeAsString());
    CHECK_EQ(f.is_clean(), c.is_right);
  }
}

TEST_CASE("whoever is asked to lead, nothing is said of keys") {
  KvOracleFixture f;
  f.oracle.on_answer(f.send(1, "move 2"), etcdserverpb::MoveLeaderResponse().SerializeAsString());
  f.oracle.on_error(f.send(2, "move 0"), {rpc::StatusCode::failed_precondition, "etcdserver: not leader"});
  CHECK(f.is_clean());
  CHECK_EQ(f.oracle.counts().acknowledged, 1);
  CHECK_EQ(f.oracle.counts().refused, 1);
}

TEST_CASE("a delete must say what it deleted") {
  KvOracleFixture f;
  f.put(1, "a");
  f.put(2, "b");
  const Request request = f.send(3, "delete a *");
  etcdserverpb::DeleteRangeRequest erase;
  erase.set_key("a");
  erase.set_range_end(std::string("\0", 1));
  f.commit(::etcd::CommandKind::delete_range, erase);
  etcdserverpb::DeleteRangeResponse response;
  response.mutable_header()->set_revision(4);
  SUBCASE("rightly") {
    response.set_deleted(2);
    f.oracle.on_answer(request, response.SerializeAsString());
    CHECK_MESSAGE(f.is_clean(), f.findings.verdict().message);
  }
  SUBCASE("one too few") {
    response.set_deleted(1);
    f.oracle.on_answer(request, response.SerializeAsString());
    CHECK_FALSE(f.is_clean());
  }
  SUBCASE("nothing, although there were keys at the revision it names") {
    response.mutable_header()->set_revision(3);
    f.oracle.on_answer(request, response.SerializeAsString());
    CHECK_FALSE(f.is_clean());
  }
}

TEST_CASE("a transaction must answer what the model answers at its place in the log") {
  const char* const text = "txn [ a version = 1 ] [ put b 0 ; get a ] [ get a ]";
  check_txn_answers(text, {
      {"the other path", [](etcdserverpb::TxnResponse& r) { r.set_succeeded(false); }},
      {"another revision", [](etcdserverpb::TxnResponse& r) { r.mutable_header()->set_revision(2); }},
      {"a missing answer", [](etcdserverpb::TxnResponse& r) { r.mutable_responses()->RemoveLast(); }},
      {"a wrong value", [](etcdserverpb::TxnResponse& r) {
         r.mutable_responses(1)->mutable_response_range()->mutable_kvs(0)->set_value("x");
       }},
  });
}

TEST_CASE("a transaction without a put must answer what one like it answers in the log") {
  const char* const text = "txn [ a version = 1 ] [ delete a ] [ get a ]";
  check_txn_answers(text, {
      {"the other path", [](etcdserverpb::TxnResponse& r) { r.set_succeeded(false); }},
      {"another revision", [](etcdserverpb::TxnResponse& r) { r.mutable_header()->set_revision(2); }},
      {"another count", [](etcdserverpb::TxnResponse& r) { r.mutable_responses(0)->mutable_response_delete_range()->set_deleted(2); }},
  });
  KvOracleFixture lost;  // acknowledged, and not in the log
  lost.put(1, "a");
  const Request request = lost.send(2, "txn [ ] [ delete a ] [ ]");
  etcdserverpb::TxnResponse response;
  response.mutable_header()->set_revision(3);
  lost.oracle.on_answer(request, response.SerializeAsString());
  CHECK_FALSE(lost.is_clean());
}

TEST_CASE("a transaction that took effect must not be refused, and one that was changed on its way is caught") {
  {
    KvOracleFixture f;
    const Request request = f.send(1, "txn [ ] [ put a 0 ] [ ]");
    etcdserverpb::TxnRequest txn;
    REQUIRE(txn.ParseFromString(request.wire.bytes));
    f.commit(::etcd::CommandKind::txn, txn);
    f.oracle.on_error(request, {rpc::StatusCode::out_of_range, "compacted"});
    CHECK_FALSE(f.is_clean());
  }
  {
    KvOracleFixture f;
    const Request request = f.send(1, "txn [ ] [ put a 0 ] [ put b 0 ]");
    etcdserverpb::TxnRequest txn;
    REQUIRE(txn.ParseFromString(request.wire.bytes));
    txn.clear_failure();
    f.commit(::etcd::CommandKind::txn, txn);
    CHECK_FALSE(f.is_clean());
  }
}

TEST_CASE("what was compacted may be refused, and nothing else; once that is known it must be") {
  const auto compacted = [](KvOracleFixture& f) {
    f.put(1, "a"), f.put(2, "a"), f.put(3, "a");  // 2, 3, 4
    f.compact(4, "compact 1");
    CHECK_MESSAGE(f.is_clean(), f.findings.verdict().message);
  };
  const rpc::Status refused = {rpc::StatusCode::out_of_range, "compacted"};
  struct Case { const char* what; bool is_answered; bool is_right; };
  const Case cases[] = {
      {"get a back=2", false, true}, {"get a back=2", true, false}, {"get a back=1", false, false}, {"get a back=1", true, true},
      {"compact 1", false, true},    {"compact 0", false, false},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    CAPTURE(c.is_answered);
    KvOracleFixture f;
    compacted(f);
    const Request request = f.send(5, c.what);
    if (c.is_answered) f.oracle.on_answer(request, f.right_range("a", request.wire.revision).SerializeAsString());
    else f.oracle.on_error(request, refused);
    CHECK_EQ(f.is_clean(), c.is_right);
  }
}

// `a` at the revisions 2, 3 and 4, compacted at 4; on the path of a that exists the transactions read revision 3 or 4.
TEST_CASE("a transaction is refused for what it reads, and not for what it would have read on another path") {
  struct Case { const char* what; bool is_answered; bool is_right; };
  const Case cases[] = {
      {"txn [ a version > 0 ] [ get a back=1 ] [ get a ]", false, true},
      {"txn [ a version > 0 ] [ get a ] [ get a back=1 ]", false, false},
      {"txn [ a version > 0 ] [ get a ] [ get a back=1 ]", true, true},
      {"txn [ a version > 0 ] [ get a back=1 ] [ get a ]", true, false},
      {"txn [ a version > 0 ] [ get a back=1 ; delete a ] [ get a ]", false, true},
      {"txn [ a version > 0 ] [ get a ; delete a ] [ get a back=1 ]", false, false},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    CAPTURE(c.is_answered);
    KvOracleFixture f;
    f.put(1, "a"), f.put(2, "a"), f.put(3, "a");
    const Request request = f.send(4, c.what);  // "back" is counted from the newest that was shown
    f.compact(5, "compact 0");
    etcdserverpb::TxnRequest txn;
    REQUIRE(txn.ParseFromString(request.wire.bytes));
    if (request.wire.is_write) f.commit(::etcd::CommandKind::txn, txn);
    if (c.is_answered) f.oracle.on_answer(f.send(6, c.what), read_txn(f.oracle.model(), txn, {4, -1})->SerializeAsString());
    else f.oracle.on_error(request, {rpc::StatusCode::out_of_range, "compacted"});
    CHECK_EQ(f.is_clean(), c.is_right);
  }
}

TEST_CASE("an answer at a revision shows what must have been compacted by then, however stale it may be") {
  for (const bool comes_before : {true, false}) {
    KvOracleFixture f;
    f.put(1, "a"), f.put(2, "a"), f.put(3, "a");  // 2, 3, 4
    const Request request = f.send(4, "get a back=2 serializable");
    const etcdserverpb::RangeResponse old = f.right_range("a", 2);
    if (comes_before) f.compact(5, "compact 1");
    f.put(6, "a");
    if (!comes_before) f.compact(5, "compact 1");
    etcdserverpb::RangeResponse now = old;
    now.mutable_header()->set_revision(5);
    f.oracle.on_answer(request, old.SerializeAsString());
    CHECK(f.is_clean());
    f.oracle.on_answer(request, now.SerializeAsString());
    CHECK_EQ(f.is_clean(), !comes_before);
  }
}

// a, b and c at the revisions 2, 3 and 4; the stream `stream a *` in two messages.
TEST_CASE("a stream is the read that its messages make up, and nothing else") {
  using Messages = std::vector<etcdserverpb::RangeStreamResponse>;
  struct Case { const char* name; void (*spoil)(Messages&); std::optional<rpc::StatusCode> error; bool is_right; };
  const Case cases[] = {
      {"whole", [](Messages&) {}, std::nullopt, true},
      {"a message missing in the middle", [](Messages& m) { m.erase(m.begin()); }, std::nullopt, false},
      {"without the last one", [](Messages& m) { m.pop_back(); }, std::nullopt, false},
      {"more behind the last one", [](Messages& m) { m.push_back(m.front()); }, std::nullopt, false},
      {"totals too early", [](Messages& m) { m[0].mutable_range_response()->set_count(3); }, std::nullopt, false},
      {"an empty one", [](Messages& m) { m[0].mutable_range_response()->clear_kvs(); }, std::nullopt, false},
      {"a wrong count", [](Messages& m) { m[1].mutable_range_response()->set_count(4); }, std::nullopt, false},
      {"broken off", [](Messages& m) { m.pop_back(); }, rpc::StatusCode::unavailable, true},
      {"broken off, and wrong before", [](Messages& m) {
         m.pop_back();
         m[0].mutable_range_response()->mutable_kvs()->DeleteSubrange(0, 1);
       }, rpc::StatusCode::unavailable, false},
      {"compacted, although nothing was", [](Messages& m) { m.pop_back(); }, rpc::StatusCode::out_of_range, false},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    KvOracleFixture f;
    f.put(1, "a"), f.put(2, "b"), f.put(3, "c");
    Messages messages(2);
    etcdserverpb::RangeResponse& first = *messages[0].mutable_range_response();
    etcdserverpb::RangeResponse& last = *messages[1].mutable_range_response();
    for (const char* key : {"a", "b"}) *first.add_kvs() = f.right_range(key, 4).kvs(0);
    last = f.right_range("c", 4);
    last.set_count(3);
    c.spoil(messages);
    Request request = f.send(4, "stream a *");
    for (const etcdserverpb::RangeStreamResponse& message : messages) f.oracle.on_part(request, message.SerializeAsString());
    if (c.error) f.oracle.on_error(request, {*c.error, "broken off"});
    else f.oracle.on_end(request);
    CHECK_MESSAGE(f.is_clean() == c.is_right, f.findings.verdict().message);
  }
}

TEST_CASE("a stream of the newest revision may be overtaken by a compaction once it has begun, and a read of it may not") {
  struct Case { const char* what; bool has_begun; };
  for (const Case& c : {Case{"stream a *", true}, Case{"stream a *", false}, Case{"get a *", false}}) {
    CAPTURE(c.what);
    KvOracleFixture f;
    f.put(1, "a");
    Request early = f.send(2, c.what);
    if (c.has_begun) {
      etcdserverpb::RangeStreamResponse message;
      *message.mutable_range_response()->add_kvs() = f.right_range("a", 2).kvs(0);
      f.oracle.on_part(early, message.SerializeAsString());
    }
    f.put(3, "a");
    f.compact(4, "compact 0");
    f.oracle.on_error(early, {rpc::StatusCode::out_of_range, "compacted"});
    CHECK_EQ(f.is_clean(), c.has_begun);
  }
}

TEST_CASE("HashKV is the number of the model, at the revision that was asked for and a compaction that there was") {
  struct Case { const char* name; std::int64_t header, revision, compacted; std::uint32_t changed; bool is_right; };
  const Case cases[] = {
      {"right", 4, 4, 3, 0, true},
      {"before the compaction, which the member may not know of", 4, 4, -1, 0, true},
      {"another number", 4, 4, 3, 1, false},
      {"a compaction that never was", 4, 4, 2, 0, false},
      {"a revision of the future", 4, 5, 3, 0, false},
      {"of another revision than asked for", 4, 3, 3, 0, false},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    KvOracleFixture f;
    f.put(1, "a"), f.put(2, "a"), f.put(3, "b");
    f.compact(4, "compact 1");
    etcdserverpb::HashKVResponse response;
    response.mutable_header()->set_revision(c.header);
    response.set_hash_revision(c.revision);
    response.set_compact_revision(c.compacted);
    response.set_hash(hash_kv(f.oracle.model(), std::min<std::int64_t>(c.revision, 4), c.compacted) + c.changed);
    f.oracle.on_answer(f.send(5, "hash back=0"), response.SerializeAsString());
    CHECK_MESSAGE(f.is_clean() == c.is_right, f.findings.verdict().message);
  }
}

namespace {

// Writes down what it hears.
struct Listener final : OperationListener {
  void on_asked(const OperationName& operation, std::string what) override { heard += std::to_string(operation.number) + " " + what + "\n"; }
  void on_ended(const OperationName& operation, OperationEnd end, std::string answer) override {
    heard += std::to_string(operation.number) + (end == OperationEnd::answered ? " = " : end == OperationEnd::refused ? " refused " : " open ") + answer + "\n";
  }
  std::string heard;
};

}  // namespace

TEST_CASE("whoever tells the story of a run hears what was asked and answered, and whose an entry is") {
  KvOracleFixture f;
  Listener listener;
  f.oracle.tell(listener);
  f.put(1, "a");
  CHECK_EQ(f.oracle.asked_by(base::LogIndex(1))->number, 1);
  // Nothing in a delete says whose it is but that somebody waits for one like it.
  const Request erase = f.send(2, "delete a");
  etcdserverpb::DeleteRangeRequest message;
  REQUIRE(message.ParseFromString(erase.wire.bytes));
  f.commit(::etcd::CommandKind::delete_range, message);
  CHECK_EQ(f.oracle.asked_by(base::LogIndex(2))->number, 2);
  f.oracle.on_error(erase, {rpc::StatusCode::unavailable, "nobody is there"});
  CHECK_FALSE(f.oracle.asked_by(base::LogIndex(2)));
  CHECK_FALSE(f.oracle.asked_by(base::LogIndex(3)));
  CHECK_EQ(f.oracle.newest_of(0)->number, 2);
  CHECK_FALSE(f.oracle.newest_of(1));
  CHECK_EQ(listener.heard, "1 put a 0\n1 = done, revision 2\n2 delete a\n2 open UNAVAILABLE: nobody is there\n");
}

TEST_CASE("a finding is about the operation that got the wrong answer") {
  KvOracleFixture f;
  const Request put = f.send(4, "put a 0");
  f.answer_put(put, 2);  // and the log does not hold it
  REQUIRE_FALSE(f.is_clean());
  REQUIRE(f.findings.subject().operation);
  CHECK_EQ(f.findings.subject().operation->number, 4);
}

}  // namespace sim::etcd

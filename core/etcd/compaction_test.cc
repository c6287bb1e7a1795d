#include "core/etcd/compact_operation.h"

#include <cstdint>
#include <string>
#include <vector>

#include "core/etcd/errors.h"
#include "core/etcd/test_server.h"

namespace etcd {

using testing::Answer;
using testing::TestServer;
using testing::text_of;
using namespace std::chrono_literals;

namespace {

Answer<etcdserverpb::CompactionResponse> compact(TestServer& test, std::int64_t revision, bool physical = false) {
  etcdserverpb::CompactionRequest request;
  request.set_revision(revision);
  request.set_physical(physical);
  return test.call<etcdserverpb::CompactionResponse>("/etcdserverpb.KV/Compact", request);
}

std::string text_of_status(const rpc::Status& status) {
  return status.code == rpc::StatusCode::ok ? "ok" : std::to_string(static_cast<int>(status.code)) + " " + status.message;
}

constexpr std::string_view kCompacted = "11 etcdserver: mvcc: required revision has been compacted";
constexpr std::string_view kFuture = "11 etcdserver: mvcc: required revision is a future revision";

// How many rows of the bucket `key` the files of a crashed member hold.
class StoredRows final : sqlite::RowVisitor, sqlite::BackendListener, io::Completion {
 public:
  explicit StoredRows(TestServer& test) : backend_(test.member.world(), sqlite::BackendOptions()) {
    backend_.open({base::StoreGeneration(1), base::LogIndex(0)}, base::LogIndex(1), *this, *this, *this);
    REQUIRE(test.sim.run_until([&] { return done_; }, 60s));
    done_ = false;
    backend_.close(*this);
    REQUIRE(test.sim.run_until([&] { return done_; }, 60s));
  }
  std::uint64_t count() const { return count_; }

 private:
  void on_row(const sqlite::RowView& row) override { count_ += row.bucket == sqlite::Bucket::key ? 1 : 0; }
  void on_durable(const base::StoreMark&) override {}
  void on_room() override {}
  void on_failed(const base::Error& error) override { FAIL(error.detail); }
  void complete(base::Status status) override {
    REQUIRE(status.has_value());
    done_ = true;
  }

  bool done_ = false;
  std::uint64_t count_ = 0;
  sqlite::Backend backend_;
};

// Kills the member at once and counts.
std::uint64_t rows_after_kill(TestServer& test) {
  test.crash(io::sim::CrashKind::process_kill);
  test.member.restart();
  return StoredRows(test).count();
}

}  // namespace

TEST_CASE("which compactions are refused, and what the others answer") {  // behaviour reference §2.5
  TestServer test;
  test.start();
  struct Case { std::string_view name; int puts; std::int64_t revision; std::string_view status; };
  constexpr Case cases[] = {
      {"negative, in a virgin store", 0, -1, kCompacted},
      {"the future", 0, 2, kFuture},
      {"nothing, once", 0, 0, "ok"},
      {"nothing, twice", 0, 0, kCompacted},
      {"the past", 4, 3, "ok"},
      {"the same again", 0, 3, kCompacted},
      {"before it", 0, 2, kCompacted},
      {"the present", 0, 5, "ok"},
      {"beyond it", 0, 6, kFuture},
  };
  std::int64_t revision = 1;
  for (const Case& c : cases) {
    CAPTURE(c.name);
    for (int i = 0; i < c.puts; ++i) REQUIRE_EQ(test.put("k", "v").body.header().revision(), ++revision);
    for (const bool physical : {false, true}) {
      const auto answer = compact(test, c.revision, physical);
      CHECK_EQ(text_of_status(answer.status), physical && c.status == "ok" ? kCompacted : c.status);
      if (!answer.ok()) continue;
      CHECK_EQ(answer.body.header().revision(), revision);
      CHECK_EQ(answer.body.header().member_id(), 0x8e9e05c52164694dU);
      CHECK_EQ(answer.body.header().cluster_id(), 0xcdf818194e3a8c32U);
      CHECK(answer.body.header().raft_term() > 0);
    }
  }
  test.stop();
}

TEST_CASE("history is readable from the compacted revision on, also after a restart") {
  TestServer test;
  test.start();
  test.put("a", "1");
  test.put("b", "2");
  test.put("a", "3");
  test.erase("b", "");
  REQUIRE(compact(test, 4, true).ok());
  for (int life = 0; life < 2; ++life) {
    CAPTURE(life);
    CHECK_EQ(text_of(test.get("a", "z", 4).body), "a=3@2/4v2 b=2@3/3v1");
    CHECK_EQ(text_of(test.get("a", "z").body), "a=3@2/4v2");
    CHECK_EQ(text_of_status(test.get("a", "z", 3).status), kCompacted);
    CHECK_EQ(text_of_status(compact(test, 4).status), kCompacted);
    if (life == 1) break;
    test.crash(io::sim::CrashKind::power_loss);
    test.member.restart();
    test.start();
  }
  test.stop();
}

TEST_CASE("a physical compaction is answered when the rows are gone from the files") {
  struct Case { std::string_view name; bool first_physical, second, all_gone; };
  constexpr Case cases[] = {
      {"not physical", false, false, false},
      {"physical", true, false, true},
      {"physical, of what was compacted just before", false, true, true},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    TestServer test;
    test.config.compaction_batch_limit = 10;
    test.start();
    for (int i = 0; i < 100; ++i) REQUIRE(test.put("k", std::to_string(i)).ok());
    test.sim.run_for(1s);
    const auto answer = compact(test, 101, c.first_physical);
    CHECK(answer.ok());
    CHECK_EQ(answer.body.header().revision(), 101);
    if (c.second) CHECK_EQ(text_of_status(compact(test, 101, true).status), kCompacted);
    const std::uint64_t rows = rows_after_kill(test);
    CHECK_EQ(rows == 1, c.all_gone);
  }
}

TEST_CASE("what a kill interrupts goes on after the next start") {
  TestServer test;
  test.config.compaction_batch_limit = 10;
  test.start();
  for (int i = 0; i < 100; ++i) REQUIRE(test.put("k", std::to_string(i)).ok());
  REQUIRE(compact(test, 101).ok());
  test.sim.run_for(60ms);  // some slices
  test.crash(io::sim::CrashKind::process_kill);
  test.member.restart();
  test.start();
  test.sim.run_for(5s);
  CHECK_EQ(text_of(test.get("k").body), "k=99@2/101v100");
  CHECK_EQ(rows_after_kill(test), 1);
}

TEST_CASE("puts go on while a physical compaction is under way, and a client may stop waiting for it") {
  TestServer test;
  test.config.compaction_batch_limit = 1;
  test.start();
  for (int i = 0; i < 100; ++i) REQUIRE(test.put("k", std::to_string(i)).ok());
  TestServer::Call waiting;
  TestServer::Call impatient;
  etcdserverpb::CompactionRequest request;
  request.set_revision(101);
  request.set_physical(true);
  test.channel->unary("/etcdserverpb.KV/Compact", request.SerializeAsString(), {}, waiting);
  rpc::CallOptions hurry;
  hurry.deadline = test.client.world().clock.now() + 100ms;
  test.channel->unary("/etcdserverpb.KV/Compact", request.SerializeAsString(), hurry, impatient);
  for (int i = 0; i < 20; ++i) {
    CHECK(test.put("k", "more").ok());
    CHECK(!waiting.status.has_value());
  }
  REQUIRE(test.sim.run_until([&] { return impatient.status.has_value(); }, 10s));
  CHECK(impatient.status->code == rpc::StatusCode::deadline_exceeded);
  CHECK(!waiting.status.has_value());
  REQUIRE(test.sim.run_until([&] { return waiting.status.has_value(); }, 10s));
  REQUIRE(waiting.status->code == rpc::StatusCode::ok);
  etcdserverpb::CompactionResponse response;
  REQUIRE(response.ParseFromString(waiting.message));
  CHECK_EQ(response.header().revision(), 121);  // as it stands when answered
  test.stop();
}

}  // namespace etcd

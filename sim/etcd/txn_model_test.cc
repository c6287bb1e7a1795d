#include "sim/etcd/txn_model.h"

#include <doctest/doctest.h>

#include <string>

#include "sim/etcd/wire_request.h"

namespace sim::etcd {

namespace {

struct TxnModelFixture {
  // k1 put twice (2, 3), k2 once (4)
  TxnModelFixture() { model.put("k1", "a"), model.put("k1", "b"), model.put("k2", "c"); }
  etcdserverpb::TxnRequest request(const std::string& text) const {
    etcdserverpb::TxnRequest txn;
    REQUIRE(txn.ParseFromString(make_request(0, 1, *parse_operation(text), model, model.revision()).bytes));
    return txn;
  }
  std::string run(const std::string& text) {
    const std::optional<etcdserverpb::TxnResponse> answer = run_txn(model, request(text));
    return answer ? answer->ShortDebugString() : "refused";
  }
  Model model;
};

}  // namespace

TEST_CASE("compares look at what was there before the transaction") {
  struct Case { const char* compare; bool holds; };
  const Case cases[] = {
      {"k1 version = 2", true},  {"k1 version > 2", false}, {"k1 create = 2", true}, {"k1 mod = seen", true},   {"k1 mod != seen", false},
      {"k1 value = seen", true}, {"k9 value != seen", false}, {"k9 version = 0", true}, {"k1 * version > 0", true}, {"k1 * version > 1", false},
      {"k8 * mod = 0", true},    {"k1 mod < 4", true},
  };
  for (const Case& c : cases) {
    CAPTURE(c.compare);
    TxnModelFixture f;
    const std::string answer = f.run(std::string("txn [ ") + c.compare + " ] [ get k2 count ] [ put k5 0 ]");
    CHECK_EQ(answer.find("succeeded: true") != std::string::npos, c.holds);
    CHECK_EQ(f.model.revision(), c.holds ? 4 : 5);
  }
}

TEST_CASE("changes share one revision, and what follows them sees them") {
  TxnModelFixture f;
  const std::string answer = f.run("txn [ ] [ get k1 count ; put k3 0 ; get k1 * count ; delete k1 ; txn [ k3 version = 0 ] [ put k4 0 ] [ ] ] [ ]");
  CHECK_EQ(f.model.revision(), 5);
  CHECK_EQ(answer,
           "header { revision: 5 } succeeded: true "
           "responses { response_range { header { revision: 4 } count: 1 } } "
           "responses { response_put { header { revision: 5 } } } "
           "responses { response_range { header { revision: 5 } count: 3 } } "
           "responses { response_delete_range { header { revision: 5 } deleted: 1 } } "
           "responses { response_txn { header { } succeeded: true responses { response_put { header { revision: 5 } } } } }");
}

TEST_CASE("a path that names an unreadable revision changes nothing") {
  TxnModelFixture f;
  REQUIRE(f.model.compact(3));
  CHECK_EQ(f.run("txn [ ] [ put k3 0 ; get k1 back=2 ] [ ]"), "refused");
  CHECK_EQ(f.model.revision(), 4);
  CHECK_NE(f.run("txn [ ] [ put k3 0 ; get k1 back=1 ] [ ]"), "refused");
  CHECK_NE(f.run("txn [ k1 version > 9 ] [ get k1 back=3 ] [ put k3 0 ]"), "refused");
}

TEST_CASE("a compaction is refused at or below the one before, and beyond the newest revision") {
  TxnModelFixture f;
  CHECK_FALSE(f.model.compact(5));
  CHECK(f.model.compact(4));
  CHECK_FALSE(f.model.compact(4));
  CHECK_EQ(f.model.compacted(), 4);
}

}  // namespace sim::etcd

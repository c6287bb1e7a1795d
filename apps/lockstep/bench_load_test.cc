#include "apps/lockstep/bench_load.h"

#include <doctest/doctest.h>

#include <ostream>
#include <set>

using namespace lockstep;

namespace {

LoadOptions options(LoadKind kind) {
  LoadOptions out;
  out.kind = kind;
  out.key_space = 100;
  out.key_bytes = 6;
  out.value_bytes = 20;
  return out;
}

template <typename Message>
Message request(Load& load, const Operation& operation, std::uint64_t number) {
  Message message;
  REQUIRE(message.ParseFromString(std::string(load.encode(operation, number))));
  return message;
}

}  // namespace

TEST_CASE("a put carries a key of the key space and a value of the asked size") {
  Load load(options(LoadKind::put));
  std::set<std::string> keys;
  std::set<std::string> values;
  for (std::uint64_t number = 0; number < 1000; ++number) {
    const Operation operation = load.operation(number);
    const auto put = request<etcdserverpb::PutRequest>(load, operation, number);
    CHECK_EQ(put.key().size(), 6);
    CHECK_EQ(put.value().size(), 20);
    keys.insert(put.key());
    values.insert(put.value());
  }
  CHECK_EQ(keys.size(), 100);  // of a thousand draws; true of this seed
  CHECK_EQ(*keys.begin(), "000000");
  CHECK_EQ(*keys.rbegin(), "000099");
  CHECK_GT(values.size(), 800);
}

TEST_CASE("sequential keys go round") {
  LoadOptions sequential = options(LoadKind::put);
  sequential.sequential = true;
  const Load load(sequential);
  CHECK_EQ(load.operation(0).key, 0);
  CHECK_EQ(load.operation(99).key, 99);
  CHECK_EQ(load.operation(100).key, 0);
}

TEST_CASE("two loads of one seed are equal, and of two seeds are not") {
  LoadOptions other = options(LoadKind::put);
  other.seed = 2;
  const Load a(options(LoadKind::put)), b(options(LoadKind::put)), c(other);
  int different = 0;
  for (std::uint64_t number = 0; number < 100; ++number) {
    CHECK_EQ(a.operation(number).key, b.operation(number).key);
    if (a.operation(number).key != c.operation(number).key) ++different;
  }
  CHECK_GT(different, 80);
}

TEST_CASE("a mixed load has about as many reads as it should") {
  struct Case { unsigned percent; int least, most; };
  constexpr Case cases[] = {{0, 0, 0}, {30, 2700, 3300}, {100, 10000, 10000}};
  for (const Case& c : cases) {
    CAPTURE(c.percent);
    LoadOptions mixed = options(LoadKind::mixed);
    mixed.read_percent = c.percent;
    const Load load(mixed);
    int reads = 0;
    for (std::uint64_t number = 0; number < 10000; ++number) {
      if (load.operation(number).kind == OperationKind::range) ++reads;
    }
    CHECK_GE(reads, c.least);
    CHECK_LE(reads, c.most);
  }
}

TEST_CASE("a transaction compares with what the last answer said of its key") {
  Load load(options(LoadKind::txn));
  const Operation operation{OperationKind::txn, 7};
  auto txn = request<etcdserverpb::TxnRequest>(load, operation, 1);
  REQUIRE_EQ(txn.compare_size(), 1);
  CHECK_EQ(txn.compare(0).target(), etcdserverpb::Compare::MOD);
  CHECK_EQ(txn.compare(0).key(), "000007");
  CHECK_EQ(txn.compare(0).mod_revision(), 0);
  CHECK_EQ(txn.success(0).request_put().key(), "000007");
  CHECK_EQ(txn.failure(0).request_range().key(), "000007");

  etcdserverpb::TxnResponse answer;
  answer.mutable_header()->set_revision(12);
  answer.set_succeeded(true);
  answer.add_responses()->mutable_response_put();
  load.on_answer(operation, answer.SerializeAsString());
  CHECK_EQ(request<etcdserverpb::TxnRequest>(load, operation, 2).compare(0).mod_revision(), 12);
  CHECK_EQ(load.counts().other_branch, 0);

  answer.set_succeeded(false);
  answer.mutable_responses(0)->mutable_response_range()->add_kvs()->set_mod_revision(9);
  load.on_answer(operation, answer.SerializeAsString());
  CHECK_EQ(request<etcdserverpb::TxnRequest>(load, operation, 3).compare(0).mod_revision(), 9);
  CHECK_EQ(load.counts().other_branch, 1);
}

TEST_CASE("a range that finds nothing, and bytes that are no answer, are counted") {
  Load load(options(LoadKind::range));
  const Operation operation = load.operation(0);
  etcdserverpb::RangeResponse answer;
  load.on_answer(operation, answer.SerializeAsString());
  answer.add_kvs()->set_key("k");
  load.on_answer(operation, answer.SerializeAsString());
  load.on_answer(operation, "\xff\xff");
  CHECK_EQ(load.counts().found_nothing, 1);
  CHECK_EQ(load.counts().malformed, 1);
}

#include "property_tests/differential/shrink.h"

#include <doctest/doctest.h>

#include "property_tests/differential/build.h"
#include "property_tests/differential/generator.h"

namespace property_tests::differential {

namespace {

// Fails as a list would that has a put of "b" and, somewhere behind it, a txn that deletes something from "b" on.
class PutThenDelete final : public StillFails {
 public:
  bool operator()(const std::vector<Step>& steps) override {
    ++questions;
    bool has_put = false;
    for (const Step& step : steps) {
      if (const auto* put = std::get_if<etcdserverpb::PutRequest>(&step.request.body)) has_put = has_put || put->key() == "b";
      const auto* txn = std::get_if<etcdserverpb::TxnRequest>(&step.request.body);
      if (txn == nullptr || !has_put) continue;
      for (const etcdserverpb::RequestOp& op : txn->success()) {
        if (op.request_delete_range().key() == "b") return true;
      }
    }
    return false;
  }
  std::size_t questions = 0;
};

std::vector<Step> drawn(std::size_t count) {
  Generator generator(7, 0, {std::begin(kKinds), std::end(kKinds)});
  std::vector<Step> steps;
  while (steps.size() < count) steps.push_back(generator.next());
  return steps;
}

std::vector<std::string> texts(const std::vector<Step>& steps) {
  std::vector<std::string> out;
  for (const Step& step : steps) out.push_back(to_text(step.request));
  return out;
}

}  // namespace

TEST_CASE("of hundreds of requests the two that matter are left, without what does not matter") {
  std::vector<Step> steps = drawn(300);
  etcdserverpb::PutRequest keeps = put("b", "value");
  keeps.set_prev_kv(true);
  steps.push_back({request(Kind::put, keeps), {}});
  const std::vector<Step> more = drawn(100);
  steps.insert(steps.end(), more.begin(), more.end());
  etcdserverpb::TxnRequest last = txn({op(put("a")), op(erase("b", "c")), op(range("x"))}, {op(range("y"))});
  *last.add_compare() = version_is("a", 1);
  steps.push_back({request(last), {}});

  PutThenDelete fails;
  REQUIRE(fails(steps));
  const std::vector<std::string> shortest = texts(shrink(std::move(steps), fails, 1000));
  CHECK_EQ(shortest, std::vector<std::string>{"put { key: \"b\" }", "txn { success { request_delete_range { key: \"b\" } } }"});
}

TEST_CASE("shrinking asks no more often than allowed, and what it returns still fails") {
  std::vector<Step> steps = drawn(200);
  steps.push_back({request(Kind::put, put("b")), {}});
  steps.push_back({request(txn({op(erase("b"))})), {}});
  PutThenDelete fails;
  const std::vector<Step> shortest = shrink(std::move(steps), fails, 10);
  CHECK_EQ(fails.questions, 10);
  CHECK(fails(shortest));
}

TEST_CASE("a request is made simpler in every one of its parts, and never by nothing") {
  etcdserverpb::TxnRequest nested = txn({op(put("k", "v"))});
  *nested.add_compare() = version_is("k", 1);
  const Request whole = request(txn({op(range("a", "b")), op(nested)}));
  std::vector<std::string> seen;
  for (const Request& each : simpler(whole)) {
    CHECK(to_text(each) != to_text(whole));
    seen.push_back(to_text(each));
  }
  const std::string no_value = to_text(request(txn({op(range("a", "b")), [&] {
                                                      etcdserverpb::TxnRequest without = nested;
                                                      without.mutable_success(0)->mutable_request_put()->clear_value();
                                                      return op(without);
                                                    }()})));
  CHECK(std::find(seen.begin(), seen.end(), no_value) != seen.end());
  CHECK(simpler(request(Kind::range, etcdserverpb::RangeRequest())).empty());
}

}  // namespace property_tests::differential

#include "core/etcd/compare.h"

#include <doctest/doctest.h>

#include <string>

#include "core/etcd/test_machine.h"

namespace etcd {
namespace {

using etcdserverpb::Compare;
using testing::MachineFixture;
using testing::put_of;
using testing::txn_of;

bool holds(MachineFixture& test, const Compare& compare) {
  const base::Result<bool> one = etcd::holds(test.machine().store(), compare);
  REQUIRE(one.has_value());
  return *one;
}

// a: created 2, modified 4, version 2, "m". b: 3, 3, 1, "". c was deleted.
void fill_compared(MachineFixture& test) {
  test.put(put_of("a", "k"));
  test.put(put_of("b", ""));
  test.put(put_of("a", "m"));
  test.txn(": put c=x");
  test.txn(": del c");
}

TEST_CASE("every target with every result") {  // behaviour reference §3.2
  MachineFixture test;
  fill_compared(test);
  struct Case {
    std::string_view stored;  // target and key
    std::string_view below, same, above;
  };
  constexpr Case cases[] = {
      {"v(a)", "1", "2", "3"},   {"c(a)", "1", "2", "3"},       {"m(a)", "3", "4", "5"},
      {"val(a)", "ka", "m", "z"}, {"lease(a)", "-1", "0", "1"}, {"val(a)", "", "m", "m0"},
      {"v(c)", "-1", "0", "1"},  {"c(nothing)", "-1", "0", "1"}, {"m(nothing)", "-1", "0", "1"},
      {"lease(nothing)", "-1", "0", "1"}, {"v(x..z)", "-1", "0", "1"}, {"v(z..a)", "-1", "0", "1"},
  };
  for (const Case& c : cases) {
    struct Operand { std::string_view text; int order; };  // of what is stored, seen from it
    for (const Operand operand : {Operand{c.below, 1}, Operand{c.same, 0}, Operand{c.above, -1}}) {
      const auto result = [&](std::string_view op) {
        const std::string text = "? " + std::string(c.stored) + std::string(op) + std::string(operand.text);
        CAPTURE(text);
        return holds(test, txn_of(text).compare(0));
      };
      CAPTURE(c.stored);
      CAPTURE(operand.text);
      CHECK_EQ(result("="), operand.order == 0);
      CHECK_EQ(result("!="), operand.order != 0);
      CHECK_EQ(result(">"), operand.order > 0);
      CHECK_EQ(result("<"), operand.order < 0);
    }
  }
}

TEST_CASE("ranges: every key must do, and no key is a missing key") {  // §3.2
  MachineFixture test;
  fill_compared(test);
  struct Case { std::string_view compare; bool expected; };
  constexpr Case cases[] = {
      {"v(a..c)>0", true},       {"v(a..c)>1", false},     {"v(a..\\0)>0", true},      {"v(b..\\0)<2", true},
      {"val(a..c)!=m", false},   {"val(b..c)=", true},     {"val(a..c)<z", true},      {"c(a..z)<4", true},
      {"m(a..z)>2", true},       {"m(a..z)>3", false},     {"lease(a..z)=0", true},    {"v(c..d)=0", true},
      {"val(x..z)=", false},     {"val(x..z)!=y", false},  {"val(nothing)!=x", false}, {"val(nothing)=", false},
      {"val(c)<z", false},       {"val(nothing)>", false},
  };
  for (const Case& c : cases) {
    CAPTURE(c.compare);
    CHECK_EQ(holds(test, txn_of("? " + std::string(c.compare)).compare(0)), c.expected);
  }
}

TEST_CASE("operands of another kind, and numbers that nobody knows") {  // §3.2, §2.5
  MachineFixture test;
  fill_compared(test);
  Compare compare;
  compare.set_key("b");
  compare.set_target(Compare::VALUE);
  CHECK(holds(test, compare));  // no operand: empty
  compare.set_version(7);
  CHECK(holds(test, compare));
  compare.set_key("a");
  CHECK(!holds(test, compare));
  compare.set_target(Compare::CREATE);
  compare.set_result(Compare::GREATER);
  CHECK(holds(test, compare));  // 2 > 0, whatever version is asked for
  compare.set_result(Compare::EQUAL);
  CHECK(!holds(test, compare));
  compare.set_target(static_cast<Compare::CompareTarget>(9));
  CHECK(holds(test, compare));
  compare.set_key("nothing");
  CHECK(holds(test, compare));
  compare.set_result(Compare::NOT_EQUAL);
  CHECK(!holds(test, compare));
  compare.set_target(Compare::VERSION);
  compare.set_result(static_cast<Compare::CompareResult>(-1));
  CHECK(holds(test, compare));
  compare.set_target(Compare::VALUE);
  CHECK(!holds(test, compare));  // of no value nothing is true
  compare.set_key("a");
  CHECK(holds(test, compare));
}

}  // namespace
}  // namespace etcd

#include "sim/verdict.h"

#include <doctest/doctest.h>

namespace sim {

namespace {

Verdict safety(std::string message) { return {VerdictKind::safety, "an oracle", std::move(message)}; }

}  // namespace

TEST_CASE("names and numbers do not make another failure") {
  CHECK_EQ(shape_of(safety("member m2 came back with a log that ends at 3:17, but index 21 was committed")),
           "member # came back with a log that ends at #, but index # was committed");
  CHECK(is_alike(safety("client 3, operation 17 (get k2 * limit=3): revision 12 is not 13"),
                 safety("client 1, operation 8 (txn [ a (b) ] [ ]): revision 7 is not 1234567")));
  CHECK(is_alike(safety("member 7fe05dc177f3d1ec has 2 votes"), safety("member 2d8acd1c6af7f3bc has 1 votes")));
}

TEST_CASE("other words, another oracle and another kind do") {
  const Verdict one = safety("member m1 is not ready");
  CHECK_FALSE(is_alike(one, safety("member m1 is not there")));
  CHECK_FALSE(is_alike(one, {VerdictKind::liveness, "an oracle", one.message}));
  CHECK_FALSE(is_alike(one, {VerdictKind::safety, "another", one.message}));
}

TEST_CASE("assertions are alike by every word of what they asked for") {
  const auto crash = [](std::string message) { return Verdict{VerdictKind::crash, "process", std::move(message)}; };
  const Verdict one = crash("the code under test ended itself: Aborted: ../core/raft/log.cc:40: ASSERT(log_.contains(id1))");
  CHECK(is_alike(one, one));
  CHECK_FALSE(is_alike(one, crash("the code under test ended itself: Aborted: ../core/raft/log.cc:40: ASSERT(log_.contains(id2))")));
  CHECK_FALSE(is_alike(one, crash("the code under test ended itself: Aborted")));
  CHECK(is_alike(crash("ended itself: ==7==ERROR: AddressSanitizer: heap-use-after-free on address 0x17"),
                 crash("ended itself: ==8==ERROR: AddressSanitizer: heap-use-after-free on address 0x18")));
  CHECK_FALSE(is_alike(safety("ASSERT(a)"), safety("ASSERT(a) b")));
  CHECK(is_alike(safety("ASSERT(a)"), safety("ASSERT(b)")));
}

TEST_CASE("a message may end anywhere") {
  CHECK_EQ(shape_of(safety("")), "");
  CHECK_EQ(shape_of(safety("a (b 1")), "a (");
  CHECK_EQ(shape_of(safety(") 1 ) x")), ") # ) x");
}

}  // namespace sim

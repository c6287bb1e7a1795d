// The oracles of the log and the state: each is fed a good run and the runs that it exists to catch.
#include <doctest/doctest.h>

#include "sim/committed_log.h"
#include "sim/durability_oracle.h"
#include "sim/state_oracle.h"

namespace sim {

namespace {

constexpr std::string_view kMember = "m1";

base::EntryId id(std::uint64_t term, std::uint64_t index) { return {base::Term(term), base::LogIndex(index)}; }
base::Hash128 hash(std::uint64_t value) { return {value, value}; }

// A disk whose durable bytes the test decides.
class FakeTruth final : public Truth {
 public:
  std::string durable_bytes(std::string_view, std::string_view, std::uint64_t offset, std::uint64_t size) const override {
    return bytes.substr(std::min<std::uint64_t>(offset, bytes.size()), size);
  }
  std::string bytes;
};

template <typename Judge>
void say(Judge& oracle, const io::Event& event) {
  oracle.on_event(kMember, event);
}

}  // namespace

TEST_CASE("durability: committed with the bytes on the disk is fine, a byte less is not") {
  struct Case { const char* name; const char* durable; bool good; };
  const Case cases[] = {{"all there", "....batch", true}, {"nothing", "", false}, {"torn", "....batc", false}, {"old", "....BATCH", false}};
  for (const Case& c : cases) {
    CAPTURE(c.name);
    FakeTruth truth;
    Findings findings;
    DurabilityOracle oracle(truth, findings);
    say(oracle, io::WroteEntries{"wal/1.log", 4, "batch", id(1, 1), id(1, 2)});
    truth.bytes = c.durable;
    say(oracle, io::Committed{id(1, 1)});
    CHECK_EQ(findings.is_clean(), c.good);
    if (c.good) CHECK_EQ(oracle.checked_count(), 1);
  }
}

TEST_CASE("durability: an entry that was never written is not committed") {
  FakeTruth truth;
  Findings findings;
  DurabilityOracle oracle(truth, findings);
  say(oracle, io::Appended{id(1, 1), base::EntryKind::command, "a"});
  say(oracle, io::Committed{id(1, 1)});
  CHECK_FALSE(findings.is_clean());
}

TEST_CASE("durability: an entry that was written again counts where it stands last") {
  FakeTruth truth;
  Findings findings;
  DurabilityOracle oracle(truth, findings);
  truth.bytes = "old!new!";
  say(oracle, io::WroteEntries{"wal/1.log", 0, "old!", id(1, 1), id(1, 1)});
  say(oracle, io::WroteEntries{"wal/1.log", 4, "NEW!", id(2, 1), id(2, 1)});
  say(oracle, io::Committed{id(2, 1)});
  CHECK_FALSE(findings.is_clean());
}

TEST_CASE("committed entries: the ledger catches a log that forgets or changes what was committed") {
  Findings findings;
  CommittedLog log(findings, nullptr);
  log.on_start(kMember);
  for (std::uint64_t i = 1; i <= 3; ++i) say(log, io::Appended{id(1, i), base::EntryKind::command, "a"});
  for (std::uint64_t i = 1; i <= 3; ++i) say(log, io::Committed{id(1, i)});
  REQUIRE(findings.is_clean());
  CHECK_EQ(log.last_index(), base::LogIndex(3));
  log.on_start(kMember);

  SUBCASE("coming back whole is fine") {
    say(log, io::Recovered{base::LogIndex(1), id(1, 3), {base::StoreGeneration(1), base::LogIndex(1)}, {}});
    say(log, io::Committed{id(1, 2)});
    say(log, io::Committed{id(1, 3)});
    CHECK(findings.is_clean());
  }
  SUBCASE("a shorter log is not") {
    say(log, io::Recovered{base::LogIndex(1), id(1, 2), {base::StoreGeneration(1), base::LogIndex(1)}, {}});
    CHECK_FALSE(findings.is_clean());
  }
  SUBCASE("another entry in its place is not") {
    say(log, io::Recovered{base::LogIndex(1), id(2, 3), {base::StoreGeneration(1), base::LogIndex(1)}, {}});
    CHECK_FALSE(findings.is_clean());
  }
  SUBCASE("nor is the same entry with other bytes") {
    say(log, io::Recovered{base::LogIndex(1), id(1, 3), {base::StoreGeneration(1), base::LogIndex(2)}, {}});
    say(log, io::Appended{id(1, 3), base::EntryKind::command, "b"});
    say(log, io::Committed{id(1, 3)});
    CHECK_FALSE(findings.is_clean());
  }
  SUBCASE("nor a gap") {
    say(log, io::Recovered{base::LogIndex(1), id(1, 3), {base::StoreGeneration(1), base::LogIndex(1)}, {}});
    say(log, io::Committed{id(1, 3)});
    CHECK_FALSE(findings.is_clean());
  }
  SUBCASE("nor the commit of what was never appended") {
    say(log, io::Recovered{base::LogIndex(1), id(1, 3), {base::StoreGeneration(1), base::LogIndex(3)}, {}});
    say(log, io::Committed{id(1, 4)});
    CHECK_FALSE(findings.is_clean());
  }
}

TEST_CASE("state hash: applied again must mean the same, and a store must hold what it says") {
  Findings findings;
  StateOracle oracle(findings);
  oracle.on_start(kMember);
  for (std::uint64_t i = 1; i <= 3; ++i) say(oracle, io::Applied{id(1, i), hash(i), hash(100 + i)});
  say(oracle, io::StoreDurable{{base::StoreGeneration(1), base::LogIndex(2)}});
  REQUIRE(findings.is_clean());
  oracle.on_start(kMember);
  const auto recovered = [](std::uint64_t applied, std::uint64_t state) {
    return io::Recovered{base::LogIndex(1), id(1, 3), {base::StoreGeneration(1), base::LogIndex(applied)}, hash(state)};
  };

  SUBCASE("the store as promised, and the rest applied again") {
    say(oracle, recovered(2, 102));
    say(oracle, io::Applied{id(1, 3), hash(3), hash(103)});
    CHECK(findings.is_clean());
  }
  SUBCASE("below the durable mark") {
    say(oracle, recovered(1, 101));
    CHECK_FALSE(findings.is_clean());
  }
  SUBCASE("rows of another index") {
    say(oracle, recovered(2, 103));
    CHECK_FALSE(findings.is_clean());
  }
  SUBCASE("an index that nobody reached") {
    say(oracle, recovered(4, 104));
    CHECK_FALSE(findings.is_clean());
  }
  SUBCASE("another effect the second time") {
    say(oracle, recovered(2, 102));
    say(oracle, io::Applied{id(1, 3), hash(4), hash(103)});
    CHECK_FALSE(findings.is_clean());
  }
  SUBCASE("an entry applied twice") {
    say(oracle, recovered(2, 102));
    say(oracle, io::Applied{id(1, 2), hash(2), hash(102)});
    CHECK_FALSE(findings.is_clean());
  }
  SUBCASE("a mark beyond what was applied") {
    say(oracle, recovered(2, 102));
    say(oracle, io::StoreDurable{{base::StoreGeneration(1), base::LogIndex(3)}});
    CHECK_FALSE(findings.is_clean());
  }
}

}  // namespace sim

#include "apps/examples/bank/oracle.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "core/replica/command.h"

namespace bank {

namespace {

// A log of what two clients, with sessions 1 and 2, have done so far:
//   3 open a   4 open b   5 deposit a 20   6 transfer a b 5
struct OracleFixture {
  OracleFixture() {
    commit("session");
    commit("session");
    commit("1 1 open a");
    commit("1 2 open b");
    commit("1 3 deposit a 20");
    commit("2 1 transfer a b 5");
  }
  void commit(std::string_view command) {
    const base::EntryId id{base::Term(1), base::LogIndex(++last)};
    auto record = std::make_shared<const std::string>(replica::encode_command({last, {}, 0}, command));
    oracle.on_committed({id, base::EntryKind::command, std::move(record)});
  }
  Question ask(std::string_view request) { return oracle.on_asking(0, false, request); }
  Question ask_to_read(std::string_view accounts) { return oracle.on_asking(0, true, accounts); }
  bool accuses(std::string_view text) const {
    INFO(findings.verdict().message);
    CHECK_EQ(findings.verdict().kind, sim::VerdictKind::safety);
    CHECK_EQ(findings.verdict().oracle, "bank");
    return findings.verdict().message.find(text) != std::string::npos;
  }

  std::uint64_t last = 0;
  sim::Findings findings;
  BankOracle oracle{findings};
};

}  // namespace

TEST_CASE("answers as the log has them are right") {
  OracleFixture f;
  f.oracle.on_answer(f.ask("1 1 open a"), "ok 3 a 0");
  const Question read = f.ask_to_read("");
  f.oracle.on_answer(f.oracle.on_asking(1, false, "2 1 transfer a b 5"), "ok 6 a 15 b 5");
  f.oracle.on_answer(read, "ok 4 a 0 b 0");  // asked before the transfer was answered
  f.oracle.on_answer(f.ask_to_read("b a"), "ok 6 b 5 a 15");
  f.oracle.on_answer(f.ask_to_read("c"), "no account is called c");
  const Question transfer = f.ask("1 4 transfer b a 6");
  f.commit("1 4 transfer b a 6");
  f.commit("1 4 transfer b a 6");
  f.oracle.on_answer(transfer, "no: b has 5, which is less than 6");
  f.oracle.on_left("m1", "ok 5 a 20 b 0");
  f.oracle.on_left("m2", "ok 8 a 15 b 5");
  CHECK_MESSAGE(f.findings.is_clean(), f.findings.verdict().message);
  CHECK_EQ(f.oracle.counts().sent, 6);
  CHECK_EQ(f.oracle.counts().acknowledged, 4);
  CHECK_EQ(f.oracle.counts().refused, 2);
  CHECK_EQ(f.oracle.counts().repeated, 1);
}

TEST_CASE("a write that was answered and is not in the log is lost") {
  OracleFixture f;
  f.oracle.on_answer(f.ask("1 4 deposit a 5"), "ok 7 a 20");
  CHECK(f.accuses("is not in the committed log"));
}

TEST_CASE("a write that takes effect twice is seen by its answer") {
  OracleFixture f;
  f.commit("2 1 transfer a b 5");
  f.oracle.on_answer(f.ask("1 1 open a"), "ok 3 a 0");
  f.oracle.on_answer(f.oracle.on_asking(1, false, "2 1 transfer a b 5"), "ok 7 a 10 b 10");
  CHECK(f.accuses("was answered `ok 7 a 10 b 10`; the log says `ok 6 a 15 b 5`"));
}

TEST_CASE("what had to be refused was not, or the other way round") {
  {
    OracleFixture f;
    const Question question = f.ask("1 4 transfer a b 16");
    f.commit("1 4 transfer a b 16");
    f.oracle.on_answer(question, "ok 7 a 0 b 21");
    CHECK(f.accuses("the log says that it is refused"));
  }
  OracleFixture f;
  const Question question = f.ask("1 4 transfer a b 15");
  f.commit("1 4 transfer a b 15");
  f.oracle.on_answer(question, "no: a has 15, which is less than 15");
  CHECK(f.accuses("the log says `ok 7 a 0 b 20`"));
}

TEST_CASE("a write does not take effect before what was known when it was asked") {
  OracleFixture f;
  f.oracle.on_answer(f.ask_to_read(""), "ok 6 a 15 b 5");
  f.oracle.on_answer(f.ask("1 3 deposit a 20"), "ok 5 a 20");
  CHECK(f.accuses("took effect before it was asked: index 6 was known then"));
}

TEST_CASE("a read shows what anybody was told before it was asked, whether it names accounts or not") {
  for (const std::string_view accounts : {"", "b"}) {
    CAPTURE(accounts);
    OracleFixture f;
    f.oracle.on_answer(f.oracle.on_asking(1, false, "2 1 transfer a b 5"), "ok 6 a 15 b 5");
    f.oracle.on_answer(f.ask_to_read(accounts), accounts.empty() ? "ok 5 a 20 b 0" : "ok 5 b 0");
    CHECK(f.accuses("index 6 was known before it was asked"));
  }
}

TEST_CASE("reads do not go back either") {
  OracleFixture f;
  f.oracle.on_answer(f.ask_to_read("b"), "ok 6 b 5");
  f.oracle.on_answer(f.ask_to_read("b"), "ok 5 b 0");
  CHECK(f.accuses("index 6 was known before it was asked"));
}

TEST_CASE("a read shows nothing that is not committed") {
  OracleFixture f;
  f.oracle.on_answer(f.ask_to_read("b"), "ok 7 b 5");
  CHECK(f.accuses("nothing is committed behind 6"));
}

TEST_CASE("a read shows the balances of its index") {
  OracleFixture f;
  f.oracle.on_answer(f.ask_to_read("a"), "ok 6 a 20");
  CHECK(f.accuses("was answered `ok 6 a 20`; the log says `ok 6 a 15`"));
}

TEST_CASE("an account that was there does not go missing, and none appears") {
  {
    OracleFixture f;
    f.oracle.on_answer(f.ask("1 1 open a"), "ok 3 a 0");
    f.oracle.on_answer(f.ask_to_read("a"), "no account is called a");
    CHECK(f.accuses("they were there at index 3"));
  }
  OracleFixture f;
  f.oracle.on_answer(f.ask_to_read("c"), "ok 6 c 0");
  CHECK(f.accuses("the log says `ok 6 c (missing)`"));
}

TEST_CASE("money that was made or lost shows in a read of all accounts") {
  OracleFixture f;
  f.oracle.on_answer(f.ask_to_read(""), "ok 6 a 20 b 5");
  CHECK(f.accuses("adds up to 25; deposited were 20"));
}

TEST_CASE("money in the wrong account shows too") {
  OracleFixture f;
  f.oracle.on_answer(f.ask_to_read(""), "ok 6 a 5 b 15");
  CHECK(f.accuses("differs from what the log says"));
}

TEST_CASE("a session belongs to one client, and was begun") {
  {
    OracleFixture f;
    static_cast<void>(f.oracle.on_asking(0, false, "1 4 open c"));
    static_cast<void>(f.oracle.on_asking(1, false, "1 1 open c"));
    CHECK(f.accuses("was given to two clients"));
  }
  {
    OracleFixture f;
    static_cast<void>(f.oracle.on_asking(0, false, "7 1 open c"));
    CHECK(f.accuses("and nobody began it"));
  }
  OracleFixture f;
  f.commit("9 1 open c");
  CHECK(f.accuses("names a session that nobody began"));
}

TEST_CASE("the numbers of a session are told apart") {
  {
    OracleFixture f;
    f.commit("1 3 deposit a 21");
    CHECK(f.accuses("two writes are numbered alike"));
  }
  OracleFixture f;
  f.commit("1 5 deposit a 1");
  f.commit("1 4 deposit a 1");
  CHECK(f.accuses("is new behind"));
}

TEST_CASE("what a member left on its disk is a state of the log") {
  {
    OracleFixture f;
    f.oracle.on_left("m1", "ok 7 a 15 b 5");
    CHECK(f.accuses("which nobody has committed"));
  }
  OracleFixture f;
  f.oracle.on_left("m1", "ok 5 a 15 b 5");
  CHECK(f.accuses("what member m1 left on its disk, at index 5, differs"));
}

}  // namespace bank

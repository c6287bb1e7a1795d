#include "apps/examples/bank/bank.h"

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <string_view>

#include "io/sim/simulation.h"
#include "property_tests/property.h"

namespace bank {

using namespace std::chrono_literals;

namespace {

struct Fixture : replica::StateMachineListener, io::Completion {
  Fixture() { open(); }
  virtual ~Fixture() = default;
  void open() {
    bank.reset();
    bank = std::make_unique<Bank>(node.world(), 0);
    is_open = false;
    bank->open({base::StoreGeneration(1), durable.applied}, base::LogIndex(1), *this, *this);
    REQUIRE(sim.run_until([&] { return is_open; }, 1s));
  }
  std::string write(std::string_view request) {
    std::string answer;
    REQUIRE(bank->apply({{base::Term(1), bank->applied().next()}, {}, request}, &answer));
    return answer;
  }
  void complete(base::Status status) override {
    REQUIRE(status);
    is_open = true;
  }
  void on_durable(const base::StoreMark& mark) override { durable = mark; }
  void on_room() override {}
  void on_failed(const base::Error& error) override { FAIL(error.detail); }

  io::sim::Simulation sim{1};
  io::sim::Node& node = sim.add_node("m1");
  base::StoreMark durable;
  bool is_open = false;
  std::unique_ptr<Bank> bank;
};

// With a session called 1, and twenty in one of two accounts.
struct TwoAccounts final : Fixture {
  TwoAccounts() {
    REQUIRE_EQ(write("session"), "ok 1");
    REQUIRE_EQ(write("1 1 open alice"), "ok 2 alice 0");
    REQUIRE_EQ(write("1 2 open bob"), "ok 3 bob 0");
    REQUIRE_EQ(write("1 3 deposit alice 20"), "ok 4 alice 20");
  }
};

}  // namespace

TEST_CASE("money moves between accounts") {
  TwoAccounts f;
  CHECK_EQ(f.write("1 4 transfer alice bob 5"), "ok 5 alice 15 bob 5");
  CHECK_EQ(f.bank->read("alice"), "ok 5 alice 15");
  CHECK_EQ(f.bank->read("bob alice"), "ok 5 bob 5 alice 15");
  CHECK_EQ(f.bank->read(""), "ok 5 alice 15 bob 5");
  CHECK_EQ(f.bank->read("carol"), "no account is called carol");
  CHECK_EQ(f.write("1 5 open alice"), "ok 6 alice 15");
  CHECK_EQ(f.write("1 6 transfer alice alice 15"), "ok 7 alice 15 alice 15");
}

TEST_CASE("a transfer that would overdraw is refused, and moves nothing") {
  TwoAccounts f;
  CHECK_EQ(f.write("1 4 transfer alice bob 21"), "no: alice has 20, which is less than 21");
  CHECK_EQ(f.write("1 5 transfer bob alice 1"), "no: bob has 0, which is less than 1");
  CHECK_EQ(f.bank->read(""), "ok 6 alice 20 bob 0");
  CHECK_EQ(f.write("1 6 transfer alice bob 20"), "ok 7 alice 0 bob 20");
}

TEST_CASE("a write that comes again takes effect once, and gets the answer that it got") {
  TwoAccounts f;
  CHECK_EQ(f.write("1 4 transfer alice bob 5"), "ok 5 alice 15 bob 5");
  CHECK_EQ(f.write("1 4 transfer alice bob 5"), "ok 5 alice 15 bob 5");
  CHECK_EQ(f.write("session"), "ok 7");
  CHECK_EQ(f.write("7 1 transfer alice bob 15"), "ok 8 alice 0 bob 20");
  CHECK_EQ(f.write("1 4 transfer alice bob 5"), "ok 5 alice 15 bob 5");
  CHECK_EQ(f.write("1 5 transfer alice bob 5"), "no: alice has 0, which is less than 5");
  CHECK_EQ(f.write("7 2 deposit alice 5"), "ok 11 alice 5");
  CHECK_EQ(f.write("1 5 transfer alice bob 5"), "no: alice has 0, which is less than 5");  // a refusal is an answer too
  CHECK_EQ(f.write("1 4 transfer alice bob 5"), "no request may come after a later one");
  CHECK_EQ(f.bank->read(""), "ok 13 alice 5 bob 20");
}

TEST_CASE("what cannot be understood is refused, and changes nothing") {
  TwoAccounts f;
  constexpr std::string_view garbage[] = {
      "", "session now", "1 4", "1 4 open", "1 4 open carol dave", "1 4 deposit alice", "1 4 deposit alice 0", "1 4 deposit alice -1",
      "1 4 deposit alice 1x", "1 4 deposit alice 18446744073709551616", "1 4 deposit alice bob 1", "1 4 transfer alice bob",
      "1 4 transfer alice 5", "1 4 transfer alice bob carol 5", "1 4 deposit carol 5", "1 4 transfer carol alice 5",
      "1 4 transfer alice carol 5", "2 4 deposit alice 5", "x 4 deposit alice 5", "1 0 deposit alice 5", "1 x deposit alice 5",
      "1 4 steal alice 5"};
  for (const std::string_view each : garbage) {
    CAPTURE(each);
    CHECK(f.write(each).starts_with("no"));
    CHECK(f.bank->read("").ends_with(" alice 20 bob 0"));
  }
}

TEST_CASE("there is no more money than fits into a balance") {
  TwoAccounts f;
  CHECK_EQ(f.write("1 4 deposit bob 18446744073709551595"), "ok 5 bob 18446744073709551595");
  CHECK_EQ(f.write("1 5 deposit bob 1"), "no: there is not so much money");
  CHECK_EQ(f.write("1 6 transfer alice bob 20"), "ok 7 alice 0 bob 18446744073709551615");
}

TEST_CASE("the state is bounded: the oldest session is forgotten, and told so; accounts are not") {
  TwoAccounts f;
  for (int i = 0; i < 999; ++i) REQUIRE(f.write("session").starts_with("ok"));
  CHECK_EQ(f.write("1 3 deposit alice 20"), "ok 4 alice 20");
  const std::string newest = f.write("session").substr(3);
  CHECK_EQ(f.write("1 4 deposit alice 5"), "no session is called 1, or it was too long ago: begin another");
  for (int i = 1; i <= 998; ++i) REQUIRE(f.write(newest + " " + std::to_string(i) + " open a" + std::to_string(i)).starts_with("ok"));
  CHECK_EQ(f.write(newest + " 999 open carol"), "no more accounts are opened");
  CHECK(f.write(newest + " 1000 open alice").ends_with("alice 20"));
}

TEST_CASE("the state comes back from its file as it was") {
  TwoAccounts f;
  CHECK_EQ(f.write("1 4 transfer alice bob 5"), "ok 5 alice 15 bob 5");
  CHECK_EQ(f.write("session"), "ok 6");
  const base::Hash128 before = f.bank->state_hash();
  f.bank->write();
  REQUIRE(f.sim.run_until([&] { return f.durable.applied == base::LogIndex(6); }, 1s));
  f.open();
  CHECK_EQ(f.bank->state_hash(), before);
  CHECK_EQ(f.bank->read(""), "ok 6 alice 15 bob 5");
  CHECK_EQ(f.write("1 4 transfer alice bob 5"), "ok 5 alice 15 bob 5");
  CHECK_EQ(f.write("6 1 transfer alice bob 5"), "ok 8 alice 10 bob 10");
}

TEST_CASE("a snapshot takes the place of the whole state: a session that it does not know is forgotten") {
  TwoAccounts behind;
  TwoAccounts ahead;
  for (int i = 0; i < 1000; ++i) REQUIRE(ahead.write("session").starts_with("ok"));
  std::string state;
  REQUIRE_FALSE(*(*ahead.bank->take_snapshot())->read(1U << 20U, state));
  const base::StoreMark mark{base::StoreGeneration(2), ahead.bank->applied()};
  const auto done = [&](auto&& ask) {
    behind.is_open = false;
    ask();
    REQUIRE(behind.sim.run_until([&] { return behind.is_open; }, 1s));
  };
  std::unique_ptr<replica::SnapshotSink> sink = behind.bank->receive_snapshot(mark);
  done([&] { sink->take(state, behind); });
  done([&] { sink->end(behind); });
  sink.reset();
  done([&] { behind.bank->install(mark, behind); });
  CHECK_EQ(behind.bank->state_hash(), ahead.bank->state_hash());
  CHECK_EQ(behind.write("1 3 deposit alice 20"), ahead.write("1 3 deposit alice 20"));
}

// Property: whatever is asked for, there is as much money as was deposited.
// Method: few accounts and small amounts, so that transfers are refused and repeated; deposits are added up from their answers.
TEST_CASE("money is neither made nor lost") {
  property_tests::property("money is neither made nor lost", [] {
    Fixture f;
    RC_ASSERT(f.write("session") == "ok 1");
    std::uint64_t deposited = 0;
    std::set<std::string> seen;
    const auto account = [] { return *rc::gen::element<std::string>("a", "b", "c"); };
    std::uint64_t number = 0;
    const int count = *rc::gen::inRange(1, 60);
    for (int i = 0; i < count; ++i) {
      if (*rc::gen::inRange(0, 4) != 0 || number == 0) ++number;  // or the last one again, perhaps with another text
      const std::string head = "1 " + std::to_string(number) + " ";
      const int amount = *rc::gen::inRange(1, 9);
      std::string request;
      switch (*rc::gen::inRange(0, 4)) {
        case 0: request = "open " + account(); break;
        case 1: request = "deposit " + account() + " " + std::to_string(amount); break;
        default: {
          const std::string from = account();
          const std::string to = account();
          request = "transfer " + from + " " + to + " " + std::to_string(amount);
        }
      }
      const std::string answer = f.write(head + request);
      const bool is_new = seen.insert(head).second;
      if (is_new && request.starts_with("deposit") && answer.starts_with("ok")) deposited += static_cast<std::uint64_t>(amount);
    }
    std::istringstream words(f.bank->read(""));
    std::string word;
    std::uint64_t balance = 0;
    std::uint64_t all = 0;
    words >> word >> word;
    while (words >> word >> balance) all += balance;
    RC_ASSERT(all == deposited);
  });
}

}  // namespace bank

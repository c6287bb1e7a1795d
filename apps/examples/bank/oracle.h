// apps/examples/bank/oracle.h: who judges a bank.
//
// A second, dumber bank applies the committed log. What clients were told has to be what it says: a write took effect once, behind
// everything that its client could have known of when it first asked; a read shows the accounts at one log index, not older than
// what anybody had been told by then. So real time is respected (Herlihy and Wing, "Linearizability", 1990). And on each
// way there is as much money as was deposited.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/committed_log.h"
#include "sim/verdict.h"

namespace bank {

struct Counts {
  std::uint64_t sent = 0;
  std::uint64_t acknowledged = 0;  // writes and reads that were done
  std::uint64_t refused = 0;       // and those that were not
  std::uint64_t repeated = 0;      // committed writes that had been committed before
};

// What a client asks, over all its attempts.
struct Question {
  bool is_read = false;
  std::string request;
  std::uint64_t known = 0;  // the highest log index that anybody had been told when it was first asked
  std::optional<sim::OperationName> name = {};  // of what it is a part of, for whoever tells of a wrong answer
};

class BankOracle final : public sim::CommittedListener {
 public:
  static constexpr std::string_view kName = "bank";
  explicit BankOracle(sim::Findings& findings) : findings_(findings) {}

  Question on_asking(std::uint32_t client, bool is_read, std::string_view request);
  void on_answer(const Question& question, std::string_view answer);
  void on_committed(const base::Entry& entry) override;
  // The state that a member left behind on its disk, as it would answer a read of all accounts.
  void on_left(std::string_view member, std::string_view answer);

  const Counts& counts() const { return counts_; }

 private:
  using Words = std::vector<std::string>;
  struct State {
    std::map<std::string, std::uint64_t> balances;
    std::uint64_t deposited = 0;
  };
  struct Write {
    std::uint64_t index = 0;  // at which it took effect
    std::string request;
    std::string answer;       // empty: refused
  };
  using Key = std::pair<std::uint64_t, std::uint64_t>;  // session and number

  static Words words_of(std::string_view text);
  static Key key_of(const Words& request);
  const State& state_at(std::uint64_t index) const;
  std::string apply(const Words& request, std::uint64_t index, State& state) const;
  void judge_write(const Question& question, std::string_view answer);
  void judge_read(const Question& question, std::string_view answer);
  void judge_accounts(const std::string& what, const Words& answer);
  void accuse(std::string what) { findings_.safety(kName, std::move(what), sim::Subject{judged_, {}, {}, {}}); }

  sim::Findings& findings_;
  Counts counts_;
  std::optional<sim::OperationName> judged_;  // whose answer is looked at
  std::uint64_t known_ = 0;      // the highest log index that anybody has been told
  std::uint64_t committed_ = 0;  // the log's last
  std::map<std::uint64_t, State> states_ = {{0, {}}};  // by the index that made each
  std::set<std::uint64_t> sessions_;
  std::map<std::uint64_t, std::uint32_t> users_;  // of sessions: the client
  std::map<Key, Write> writes_;
};

}  // namespace bank

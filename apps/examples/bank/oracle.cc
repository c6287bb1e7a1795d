#include "apps/examples/bank/oracle.h"

#include <algorithm>
#include <iterator>
#include <sstream>

#include "core/replica/command.h"

namespace bank {

namespace {

std::uint64_t number_in(const std::string& word) {
  std::istringstream in(word);
  std::uint64_t number = 0;
  in >> number;
  return number;
}

std::string quoted(std::string_view text) { return "`" + std::string(text) + "`"; }

}  // namespace

BankOracle::Words BankOracle::words_of(std::string_view text) {
  std::istringstream in{std::string(text)};
  return {std::istream_iterator<std::string>(in), std::istream_iterator<std::string>()};
}

BankOracle::Key BankOracle::key_of(const Words& request) { return {number_in(request[0]), number_in(request[1])}; }

const BankOracle::State& BankOracle::state_at(std::uint64_t index) const { return std::prev(states_.upper_bound(index))->second; }

// --- the log ----------------------------------------------------------------------------------------

void BankOracle::on_committed(const base::Entry& entry) {
  committed_ = entry.id.index.value();
  if (entry.kind != base::EntryKind::command) return;
  const base::Result<replica::DecodedCommand> command = replica::decode_command(entry.bytes());
  if (!command) return accuse("the command at index " + base::to_text(entry.id.index) + " cannot be read: " + command.error().detail);
  const Words request = words_of(command->bytes);
  if (request == Words{"session"}) {
    sessions_.insert(committed_);
    return;
  }
  const Key key = key_of(request);
  const auto found = writes_.find(key);
  if (found != writes_.end()) {
    ++counts_.repeated;
    if (found->second.request == command->bytes) return;
    return accuse("two writes are numbered alike: " + quoted(found->second.request) + " and " + quoted(command->bytes));
  }
  if (!sessions_.contains(key.first)) return accuse(quoted(command->bytes) + " names a session that nobody began");
  // A client numbers what it asks, and asks the next when it has an answer: what comes late comes again.
  const auto next = writes_.upper_bound(key);
  if (next != writes_.end() && next->first.first == key.first) {
    return accuse(quoted(command->bytes) + " is new behind " + quoted(next->second.request));
  }
  State state = std::prev(states_.end())->second;
  std::string answer = apply(request, committed_, state);
  if (!answer.empty()) states_[committed_] = std::move(state);
  writes_[key] = {committed_, std::string(command->bytes), std::move(answer)};
}

// The answer; empty when it is refused, and the state has not changed.
std::string BankOracle::apply(const Words& request, std::uint64_t index, State& state) const {
  const std::string& what = request[2];
  const Words names(request.begin() + 3, what == "open" ? request.end() : std::prev(request.end()));
  const std::uint64_t amount = number_in(request.back());
  if (what == "open") {
    state.balances.emplace(names[0], 0);
  } else {
    for (const std::string& name : names) {
      if (!state.balances.contains(name)) return {};
    }
    if (what == "deposit") {
      state.deposited += amount;
    } else {
      if (state.balances[names[0]] < amount) return {};
      state.balances[names[0]] -= amount;
    }
    state.balances[names.back()] += amount;
  }
  std::string answer = "ok " + std::to_string(index);
  for (const std::string& name : names) answer += " " + name + " " + std::to_string(state.balances[name]);
  return answer;
}

// --- the clients ------------------------------------------------------------------------------------

Question BankOracle::on_asking(std::uint32_t client, bool is_read, std::string_view request) {
  ++counts_.sent;
  if (!is_read && request != "session") {
    const std::uint64_t session = key_of(words_of(request)).first;
    const std::string what = "session " + std::to_string(session);
    if (!sessions_.contains(session)) accuse(what + " was given to client " + std::to_string(client) + ", and nobody began it");
    const std::uint32_t user = users_.emplace(session, client).first->second;
    if (user != client) accuse(what + " was given to two clients");
  }
  return {is_read, std::string(request), known_};
}

void BankOracle::on_answer(const Question& question, std::string_view answer) {
  ++(answer.starts_with("ok ") ? counts_.acknowledged : counts_.refused);
  judged_ = question.name;
  if (question.is_read) judge_read(question, answer);
  else judge_write(question, answer);
  judged_.reset();
}

void BankOracle::judge_write(const Question& question, std::string_view answer) {
  const auto found = writes_.find(key_of(words_of(question.request)));
  if (found == writes_.end()) {
    return accuse(quoted(question.request) + " was answered " + quoted(answer) + ", and is not in the committed log");
  }
  const Write& write = found->second;
  const std::string where = quoted(question.request) + ", at index " + std::to_string(write.index) + ", ";
  const bool is_right = write.answer.empty() ? answer.starts_with("no") : answer == write.answer;
  const std::string expected = write.answer.empty() ? "that it is refused" : quoted(write.answer);
  if (!is_right) accuse(where + "was answered " + quoted(answer) + "; the log says " + expected);
  if (write.index <= question.known) {
    accuse(where + "took effect before it was asked: index " + std::to_string(question.known) + " was known then");
  }
  known_ = std::max(known_, write.index);
}

void BankOracle::judge_read(const Question& question, std::string_view answer) {
  const Words words = words_of(answer);
  const Words names = words_of(question.request);
  const std::string what = "a read of " + (names.empty() ? "all accounts" : quoted(question.request));
  if (words.size() < 2 || words[0] != "ok") {
    // It names no index. An account is never closed, so it must have been missing at the oldest state that the read may show.
    for (const std::string& name : names) {
      if (!state_at(question.known).balances.contains(name)) return;
    }
    return accuse(what + " was answered " + quoted(answer) + ", and they were there at index " + std::to_string(question.known));
  }
  const std::uint64_t index = number_in(words[1]);
  const std::string shown = what + " was answered with the state of index " + words[1];
  if (index < question.known) accuse(shown + "; index " + std::to_string(question.known) + " was known before it was asked");
  if (index > committed_) return accuse(shown + ", and nothing is committed behind " + std::to_string(committed_));
  known_ = std::max(known_, index);
  if (names.empty()) return judge_accounts(what, words);
  const State& state = state_at(index);
  std::string expected = "ok " + words[1];
  for (const std::string& name : names) {
    const auto found = state.balances.find(name);
    expected += " " + name + " " + (found == state.balances.end() ? "(missing)" : std::to_string(found->second));
  }
  if (answer != expected) accuse(what + " was answered " + quoted(answer) + "; the log says " + quoted(expected));
}

// `ok INDEX ACCOUNT BALANCE …`, of all accounts.
void BankOracle::judge_accounts(const std::string& what, const Words& answer) {
  const std::uint64_t index = number_in(answer[1]);
  const State& state = state_at(index);
  std::map<std::string, std::uint64_t> balances;
  std::uint64_t all = 0;
  for (std::size_t i = 2; i + 1 < answer.size(); i += 2) {
    balances[answer[i]] = number_in(answer[i + 1]);
    all += balances[answer[i]];
  }
  const std::string where = what + ", at index " + answer[1] + ", ";
  if (all != state.deposited) accuse(where + "adds up to " + std::to_string(all) + "; deposited were " + std::to_string(state.deposited));
  if (balances != state.balances) accuse(where + "differs from what the log says");
}

void BankOracle::on_left(std::string_view member, std::string_view answer) {
  const Words words = words_of(answer);
  const std::string what = "what member " + std::string(member) + " left on its disk";
  if (number_in(words[1]) > committed_) return accuse(what + " is of index " + words[1] + ", which nobody has committed");
  judge_accounts(what, words);
}

}  // namespace bank

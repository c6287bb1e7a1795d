#include "apps/examples/bank/bank.h"

#include <charconv>
#include <iterator>
#include <sstream>

#include "core/base/codec.h"

namespace bank {

namespace {

// The whole state is hashed with every command, and written as one file.
constexpr std::size_t kAccountsMax = 1000;
constexpr std::size_t kSessionsMax = 1000;

std::vector<std::string> words_of(std::string_view text) {
  std::istringstream in{std::string(text)};
  return {std::istream_iterator<std::string>(in), std::istream_iterator<std::string>()};
}

// 0 for what is no number: nothing is numbered 0, and nobody moves nothing.
std::uint64_t number_of(const std::string& word) {
  std::uint64_t number = 0;
  const char* const end = word.data() + word.size();
  const std::from_chars_result parsed = std::from_chars(word.data(), end, number);
  return parsed.ec == std::errc() && parsed.ptr == end ? number : 0;
}

}  // namespace

std::string Bank::apply_command(const replica::Command& command) {
  const Words words = words_of(command.bytes);
  if (words == Words{"session"}) {
    sessions_[command.id.index.value()] = {};
    if (sessions_.size() > kSessionsMax) sessions_.erase(sessions_.begin());
    return tell(command.id.index, {});
  }
  if (words.size() < 4) return "no request is like this";
  const auto found = sessions_.find(number_of(words[0]));
  if (found == sessions_.end()) return "no session is called " + words[0] + ", or it was too long ago: begin another";
  Session& session = found->second;
  const std::uint64_t number = number_of(words[1]);
  if (number == 0 || number < session.number) return "no request may come after a later one";
  if (number > session.number) session = {number, perform(command.id.index, words)};
  return session.answer;
}

std::string Bank::perform(base::LogIndex index, const Words& words) {
  const std::string& what = words[2];
  if (what == "open" && words.size() == 4) {
    if (accounts_.size() >= kAccountsMax && !accounts_.contains(words[3])) return "no more accounts are opened";
    accounts_.emplace(words[3], 0);
    return tell(index, {words[3]});
  }
  const bool is_transfer = what == "transfer" && words.size() == 6;
  const std::uint64_t amount = number_of(words.back());
  if (amount == 0 || !(is_transfer || (what == "deposit" && words.size() == 5))) return "no request is like this";
  const Words names(words.begin() + 3, words.end() - 1);
  for (const std::string& name : names) {
    if (!accounts_.contains(name)) return "no account is called " + name;
  }
  if (is_transfer) {
    std::uint64_t& from = accounts_[names[0]];
    if (from < amount) return "no: " + names[0] + " has " + std::to_string(from) + ", which is less than " + std::to_string(amount);
    from -= amount;
  } else {
    std::uint64_t all = 0;
    for (const auto& account : accounts_) all += account.second;
    if (amount > UINT64_MAX - all) return "no: there is not so much money";  // hence no balance overflows
  }
  accounts_[names.back()] += amount;
  return tell(index, names);
}

std::string Bank::read(std::string_view request) const {
  Words names = words_of(request);
  for (const std::string& name : names) {
    if (!accounts_.contains(name)) return "no account is called " + name;
  }
  if (names.empty()) {
    for (const auto& account : accounts_) names.push_back(account.first);
  }
  return tell(applied(), names);
}

std::string Bank::tell(base::LogIndex index, const Words& accounts) const {
  std::string answer = "ok " + base::to_text(index);
  for (const std::string& name : accounts) answer += " " + name + " " + std::to_string(accounts_.at(name));
  return answer;
}

std::string Bank::encode_state() const {
  std::string state;
  base::ByteWriter out(state);
  out.u64(accounts_.size());
  for (const auto& account : accounts_) {
    out.bytes(account.first);
    out.u64(account.second);
  }
  for (const auto& session : sessions_) {
    out.u64(session.first);
    out.u64(session.second.number);
    out.bytes(session.second.answer);
  }
  return state;
}

bool Bank::decode_state(std::string_view bytes) {
  accounts_.clear();
  sessions_.clear();
  base::ByteReader in(bytes);
  for (std::uint64_t left = in.u64(); left > 0 && in.ok(); --left) {
    const std::string name(in.bytes());
    accounts_[name] = in.u64();
  }
  while (in.ok() && !in.at_end()) {
    Session& session = sessions_[in.u64()];
    session.number = in.u64();
    session.answer = in.bytes();
  }
  return in.ok() || bytes.empty();
}

}  // namespace bank

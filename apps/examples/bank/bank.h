// apps/examples/bank/bank.h: accounts, and the money that moves between them: a tenant of core/replica.
//
// A request is words with a space between them; amounts are whole numbers.
//
//   /bank.Bank/Write   session                                  begins a session; the answer's INDEX is its name
//                      SESSION NUMBER open ACCOUNT              to open an account again is no mistake
//                      SESSION NUMBER deposit ACCOUNT AMOUNT
//                      SESSION NUMBER transfer FROM TO AMOUNT
//   /bank.Bank/Read    ACCOUNT…                                 no name: all accounts
//
// NUMBER grows with every request of a session. One that comes again with the number of the newest has taken effect already, and gets
// the answer that was given then (Raft thesis §6.3). So a client that hears nothing asks again, of any member.
//
// The answer is `ok INDEX`, then `ACCOUNT BALANCE` for each account concerned, as it stood behind that log index; or
// `no WHY`, and nothing has changed.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/peer/plain_server.h"
#include "core/replica/file_machine.h"

namespace bank {

inline constexpr std::string_view kService = "bank.Bank";
inline constexpr std::size_t kRequestBytesMax = 256;  // the state holds an answer to each session, with words of the request

class Bank final : public replica::FileMachine, public peer::PlainReader {
 public:
  using FileMachine::FileMachine;
  std::string read(std::string_view request) const override;

 private:
  using Words = std::vector<std::string>;
  struct Session {
    std::uint64_t number = 0;  // of its newest request
    std::string answer;        // to that
  };

  std::string apply_command(const replica::Command& command) override;
  std::string encode_state() const override;
  bool decode_state(std::string_view bytes) override;

  std::string perform(base::LogIndex index, const Words& words);
  std::string tell(base::LogIndex index, const Words& accounts) const;

  std::map<std::string, std::uint64_t> accounts_;
  std::map<std::uint64_t, Session> sessions_;  // by name: the log index at which each began
};

}  // namespace bank

#include "sim/oracles.h"

#include <utility>

namespace sim {

Oracles::Oracles(const Truth& truth, std::vector<std::string> voters, base::Duration election_timeout, Findings& findings,
                 CommittedListener* listener)
    : logs_(findings),
      committed_(logs_, static_cast<std::uint32_t>(voters.size()), findings, listener),
      durability_(truth, logs_, voters, findings),
      raft_(logs_, committed_, findings),
      state_(findings),
      timer_(truth, election_timeout, findings),
      votes_(truth, std::move(voters), findings),
      all_{&logs_, &committed_, &durability_, &raft_, &state_, &timer_, &votes_} {}

void Oracles::on_start(std::string_view member) {
  for (Oracle* oracle : all_) oracle->on_start(member);
}

void Oracles::on_event(std::string_view member, const io::Event& event) {
  for (Oracle* oracle : all_) oracle->on_event(member, event);
}

void Oracles::on_crash(std::string_view member) {
  for (Oracle* oracle : all_) oracle->on_crash(member);
}

void Oracles::at_end() {
  for (Oracle* oracle : all_) oracle->at_end();
}

}  // namespace sim

#include "sim/oracles.h"

#include <utility>

namespace sim {

Oracles::Oracles(const Truth& truth, Founders founders, base::Duration election_timeout, bool may_be_spoilt, Findings& findings,
                 CommittedListener* listener)
    : logs_(findings),
      configurations_(logs_, std::move(founders), findings),
      committed_(logs_, configurations_, findings, listener),
      changes_(configurations_, committed_, findings),
      ledger_(truth, logs_, configurations_, committed_, findings, may_be_spoilt),
      durability_(truth, logs_, configurations_, findings),
      raft_(logs_, committed_, findings),
      state_(findings),
      timer_(truth, election_timeout, findings),
      votes_(truth, configurations_, findings),
      all_{&logs_, &configurations_, &ledger_, &committed_, &changes_, &durability_, &raft_, &state_, &timer_, &votes_} {}

void Oracles::on_start(std::string_view member) {
  for (Oracle* oracle : all_) oracle->on_start(member);
}

void Oracles::on_event(std::string_view member, const io::Event& event) {
  for (Oracle* oracle : all_) {
    oracle->on_event(member, event);
    if (oracle != &ledger_) continue;
    const auto* recovered = std::get_if<io::Recovered>(&event);
    if (recovered != nullptr && ledger_.has_forgotten(member)) durability_.on_forgotten(member, recovered->last);
  }
  if (std::holds_alternative<io::SnapshotBegun>(event)) ++snapshots_.begun;
  else if (const auto* ended = std::get_if<io::SnapshotEnded>(&event)) ++(ended->is_complete ? snapshots_.complete : snapshots_.broken_off);
  else if (std::holds_alternative<io::Installed>(event)) ++snapshots_.installed;
}

void Oracles::on_store_spoilt(std::string_view member) {
  ledger_.on_store_spoilt(member);
  state_.on_rot(member);
}

void Oracles::on_turn_end() {
  raft_.on_turn_end();
  changes_.on_turn_end();
}

void Oracles::on_wipe(std::string_view member) {
  for (Oracle* oracle : all_) oracle->on_wipe(member);
}

void Oracles::on_crash(std::string_view member) {
  for (Oracle* oracle : all_) oracle->on_crash(member);
}

void Oracles::at_end() {
  for (Oracle* oracle : all_) oracle->at_end();
}

}  // namespace sim

// sim/configuration_oracle.h: the group changes one step at a time, and everybody knows to what (Raft §6, thesis §4).
//
//   one at a time   whoever proposes a change has committed the one before it, and an entry of its own term first (Ongaro's
//                   erratum of 2015): else two changes could have majorities that do not meet
//   a step          voters change by way of a joint configuration, of the old and the new ones, which leads where it said
//   one truth       what a snapshot says of the group, and what a log says that lost its beginning, is what was in force there
//   an end          a joint configuration is left
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sim/committed_log.h"
#include "sim/configurations.h"
#include "sim/oracle.h"

namespace sim {

class ConfigurationOracle final : public Oracle {
 public:
  static constexpr std::string_view kName = "changes of the group";
  // All references outlive the oracle. `configurations` and `committed` hear of each event first.
  ConfigurationOracle(const Configurations& configurations, const CommittedLog& committed, Findings& findings)
      : configurations_(configurations), committed_(committed), findings_(findings) {}

  void on_event(std::string_view member, const io::Event& event) override;
  // What a member has committed it may say after what it appended.
  void on_turn_end();
  void at_end() override;

 private:
  struct Proposed {
    std::string member;
    base::EntryId id;
    const Configurations::Change* before = nullptr;
  };

  enum class Source : std::uint8_t { snapshot, own_log };

  void on_appended(std::string_view member, base::EntryId id);
  void on_told(std::string_view member, base::LogIndex index, std::string_view told, Source source);
  void judge(const Proposed& proposed);

  const Configurations& configurations_;
  const CommittedLog& committed_;
  Findings& findings_;
  std::set<base::EntryId> seen_;
  std::vector<Proposed> proposed_;  // in the turn that is running
};

}  // namespace sim

// sim/durability_oracle.h: a promise never before its durability.
//
// At the instant at which a member calls an entry committed, the bytes of the log write that carried it are
// compared with the durable bytes of the simulated disk.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "core/base/ids.h"
#include "sim/oracle.h"

namespace sim {

class DurabilityOracle final : public Oracle {
 public:
  static constexpr std::string_view kName = "durability";
  // Both outlive the oracle.
  DurabilityOracle(const Truth& truth, Findings& findings) : truth_(truth), findings_(findings) {}

  void on_event(std::string_view member, const io::Event& event) override;
  std::uint64_t checked_count() const { return checked_count_; }

 private:
  struct Write {  // one batch, shared by its entries
    std::string file;
    std::uint64_t offset = 0;
    std::string bytes;
    bool is_proven = false;  // found durable once; what is durable stays so
  };
  struct Place {
    base::Term term;
    std::shared_ptr<Write> write;  // null while it is only in memory
  };
  using Places = std::map<base::LogIndex, Place>;

  void on_wrote(Places& places, const io::WroteEntries& wrote);
  void on_committed(std::string_view member, Places& places, base::EntryId id);

  const Truth& truth_;
  Findings& findings_;
  std::map<std::string, Places, std::less<>> members_;
  std::uint64_t checked_count_ = 0;
};

}  // namespace sim

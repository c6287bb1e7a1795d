// apps/examples/bank/teller.h: what the bank's part of a simulated run is called, for `bank_sim report`.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "apps/examples/bank/bank.h"
#include "apps/examples/bank/oracle.h"
#include "sim/teller.h"

namespace bank {

class BankTeller final : public sim::Teller {
 public:
  void tell(sim::OperationListener& listener) override { listener_ = &listener; }
  sim::OperationListener* listener() const { return listener_; }  // null: nobody wants to know

  // Requests and answers are text; a read says which accounts it is about, or nothing.
  std::string message_words(std::string_view path, bool is_answer, std::string_view message) const override {
    const bool is_read = path == "/" + std::string(kService) + "/Read";
    return (is_read && !is_answer ? "read " : "") + std::string(message);
  }
  std::string state_words(base::LogIndex) const override { return {}; }
  std::optional<sim::OperationName> asked_by(base::LogIndex) const override { return std::nullopt; }
  std::string_view promise(std::string_view oracle) const override {
    if (oracle != BankOracle::kName) return {};
    return "a write takes effect once, whoever reads sees everything that anybody had been told, and there is as much money as was deposited";
  }

 private:
  sim::OperationListener* listener_ = nullptr;
};

}  // namespace bank

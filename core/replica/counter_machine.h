// core/replica/counter_machine.h: a tenant for tests: it adds the sizes of commands.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/replica/file_machine.h"

namespace replica::testing {

class CounterMachine final : public FileMachine {
 public:
  explicit CounterMachine(const io::World& world, std::uint64_t write_after_bytes = 0) : FileMachine(world, write_after_bytes) {}
  std::uint64_t sum() const { return sum_; }

 private:
  std::string apply_command(const Command& command) override {
    sum_ += command.bytes.size();
    return std::to_string(sum_);
  }
  std::string encode_state() const override { return std::to_string(sum_); }
  bool decode_state(std::string_view bytes) override {
    sum_ = bytes.empty() ? 0 : std::stoull(std::string(bytes));
    return true;
  }

  std::uint64_t sum_ = 0;
};

}  // namespace replica::testing

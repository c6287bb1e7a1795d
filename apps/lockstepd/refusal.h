// apps/lockstepd/refusal.h: why the daemon does not start, and with which exit code (behaviour reference §11.6).
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace lockstepd {

enum class ExitCode : int {
  success = 0,
  failed = 1,      // a stray argument, values that contradict each other, a member that cannot start
  bad_syntax = 2,  // an unknown flag, or a value that is not of its flag's kind
};

struct Refusal {
  ExitCode exit_code;
  std::string text;  // one line that says what to do
};

template <typename T>
class [[nodiscard]] Parsed : public tl::expected<T, Refusal> {
 public:
  using tl::expected<T, Refusal>::expected;
};

inline tl::unexpected<Refusal> refuse(ExitCode exit_code, std::string text) {
  return tl::unexpected<Refusal>(Refusal{exit_code, std::move(text)});
}

}  // namespace lockstepd

// sim/verdict.h: how a run ended.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sim {

enum class VerdictKind : std::uint8_t {
  pass,
  safety,    // something promised was broken
  liveness,  // no progress although everything had healed
  crash,     // our code stopped itself: an assertion, or a signal
  refused,   // a member would not start, and the rules allow that
};
std::string_view to_text(VerdictKind kind);

struct Verdict {
  VerdictKind kind = VerdictKind::pass;
  std::string oracle;   // who found it; empty for a pass
  std::string message;  // one sentence for a newcomer
  bool is_failure() const { return kind != VerdictKind::pass && kind != VerdictKind::refused; }
};

// The message without what differs from one run to the next: names and numbers are `#`, what stands in parentheses is `…`. Two
// failures with the same kind, oracle and shape are most likely one mistake.
std::string shape_of(const Verdict& verdict);
bool is_alike(const Verdict& a, const Verdict& b);

// Collects what the oracles find. The first finding is the verdict: later ones are usually its consequences.
class Findings {
 public:
  void report(VerdictKind kind, std::string_view oracle, std::string message) {
    if (verdict_.kind != VerdictKind::pass) return;
    verdict_ = {kind, std::string(oracle), std::move(message)};
  }
  void safety(std::string_view oracle, std::string message) { report(VerdictKind::safety, oracle, std::move(message)); }
  bool is_clean() const { return verdict_.kind == VerdictKind::pass; }
  const Verdict& verdict() const { return verdict_; }

 private:
  Verdict verdict_;
};

}  // namespace sim

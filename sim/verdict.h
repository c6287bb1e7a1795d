// sim/verdict.h: how a run ended.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/ids.h"

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

// The message without what differs from one run to the next: names and numbers are `#`, what stands in parentheses is `…`; the words of
// an assertion stay as they are. Two failures with the same kind, oracle and shape are most likely one mistake.
std::string shape_of(const Verdict& verdict);
bool is_alike(const Verdict& a, const Verdict& b);

// Whose operation: its client, and its number there.
struct OperationName {
  std::uint32_t client = 0;
  std::uint32_t number = 0;
  friend constexpr auto operator<=>(const OperationName&, const OperationName&) = default;
};

// What a finding is about, as far as somebody knows.
struct Subject {
  std::optional<OperationName> operation = {};
  std::string member = {};
  base::LogIndex index = {};
  std::optional<OperationName> witness = {};  // whose answer shows that the other one is wrong
};

// Collects what the oracles find. The first finding is the verdict: later ones are usually its consequences.
class Findings {
 public:
  void report(VerdictKind kind, std::string_view oracle, std::string message, Subject subject = {}) {
    if (verdict_.kind != VerdictKind::pass || (kind == VerdictKind::liveness && is_progress_excused_)) return;
    verdict_ = {kind, std::string(oracle), std::move(message)};
    subject_ = std::move(subject);
  }
  void safety(std::string_view oracle, std::string message, Subject subject = {}) {
    report(VerdictKind::safety, oracle, std::move(message), std::move(subject));
  }
  // Of the finding that there is: it came of what this member said, about this index of its log. Whoever reported it knew better.
  void on_said_by(std::string_view member, base::LogIndex index) {
    if (!subject_.member.empty()) return;
    subject_.member = member;
    subject_.index = index;
  }
  // The group cannot recover, and need not (Ledger).
  void excuse_progress() { is_progress_excused_ = true; }
  bool is_progress_excused() const { return is_progress_excused_; }
  bool is_clean() const { return verdict_.kind == VerdictKind::pass; }
  const Verdict& verdict() const { return verdict_; }
  const Subject& subject() const { return subject_; }

 private:
  Verdict verdict_;
  Subject subject_;
  bool is_progress_excused_ = false;
};

}  // namespace sim

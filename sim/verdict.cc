#include "sim/verdict.h"

#include <algorithm>

#include "core/base/assert.h"

namespace sim {

namespace {

// Wide enough for names, ids in hexadecimal and `term:index`.
bool is_of_word(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':'; }
constexpr std::string_view kAssertion = "ASSERT(";  // as core/base/assert.cc writes it

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

std::string_view to_text(VerdictKind kind) {
  switch (kind) {
    case VerdictKind::pass: return "pass";
    case VerdictKind::safety: return "safety";
    case VerdictKind::liveness: return "liveness";
    case VerdictKind::crash: return "crash";
    case VerdictKind::refused: return "refused";
  }
  ASSERT(false && "a verdict outside the enumeration");
  return {};
}

std::string shape_of(const Verdict& verdict) {
  std::string shape;
  // Of an assertion every word counts, those in parentheses too.
  const std::size_t assertion = verdict.kind == VerdictKind::crash ? verdict.message.find(kAssertion) : std::string::npos;
  const std::string text = verdict.message.substr(0, assertion);
  int depth = 0;
  for (auto at = text.begin(); at != text.end();) {
    const auto end = std::find_if_not(at, text.end(), is_of_word);
    if (end == at) {
      if (*at == ')' && depth > 0 && --depth == 0) shape += "…";
      if (depth == 0) shape += *at;
      if (*at == '(') ++depth;
      ++at;
      continue;
    }
    if (depth == 0 && std::any_of(at, end, is_digit)) shape += '#';
    else if (depth == 0) shape.append(at, end);
    at = end;
  }
  if (assertion != std::string::npos) shape += verdict.message.substr(assertion);
  return shape;
}

bool is_alike(const Verdict& a, const Verdict& b) { return a.kind == b.kind && a.oracle == b.oracle && shape_of(a) == shape_of(b); }

}  // namespace sim

#include "sim/etcd/change.h"

#include <algorithm>
#include <array>
#include <vector>

namespace sim::etcd {

namespace {

constexpr std::string_view kWord = "member ";
constexpr std::array<std::string_view, kGroupChangeCount> kNames = {"voter", "learner", "promote", "remove", "replace", "update"};
constexpr std::uint32_t kTwoOperatorsPerMillion = 300'000;
constexpr std::uint64_t kChangesMax = 14;  // of one operator

}  // namespace

std::string_view name_of(GroupChange change) { return kNames[static_cast<std::size_t>(change)]; }

std::string to_text(GroupChange change) { return std::string(kWord) + std::string(name_of(change)); }

std::optional<GroupChange> parse_change(std::string_view text) {
  if (text.substr(0, kWord.size()) != kWord) return std::nullopt;
  const auto found = std::find(kNames.begin(), kNames.end(), text.substr(kWord.size()));
  if (found == kNames.end()) return std::nullopt;
  return static_cast<GroupChange>(found - kNames.begin());
}

void draw_changes(io::sim::Decisions& decisions, base::Duration until, Plan& plan) {
  // A seed that only grows or only shrinks soon has nothing left to do: each has all kinds, but some more often.
  std::array<std::uint64_t, kGroupChangeCount> shares{};
  std::uint64_t sum = 0;
  for (std::uint64_t kind = 0; kind < kGroupChangeCount; ++kind) sum += shares[kind] = 1 + decisions.below("plan-change-share", {kind}, 4);
  const std::uint64_t operators = decisions.happens("plan-two-operators", {}, kTwoOperatorsPerMillion) ? 2 : 1;
  for (std::uint64_t operator_number = 0; operator_number < operators; ++operator_number) {
    std::vector<Operation> own;
    const std::uint64_t count = 3 + decisions.below("plan-changes", {operator_number}, kChangesMax - 2);
    for (std::uint64_t number = 0; number < count; ++number) {
      std::uint64_t place = decisions.below("plan-change", {operator_number, number}, sum);
      std::size_t kind = 0;
      while (place >= shares[kind]) place -= shares[kind++];
      const base::Duration at = decisions.between("plan-change-at", {operator_number, number}, std::chrono::milliseconds(500), until);
      own.push_back({plan.clients, static_cast<std::uint32_t>(number), at, to_text(static_cast<GroupChange>(kind))});
    }
    std::sort(own.begin(), own.end(), [](const Operation& a, const Operation& b) { return a.at != b.at ? a.at < b.at : a.number < b.number; });
    plan.operations.insert(plan.operations.end(), own.begin(), own.end());
    ++plan.clients;
  }
}

}  // namespace sim::etcd

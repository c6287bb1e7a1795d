#include "property_tests/serializability/tiny.h"

#include <algorithm>
#include <sstream>

namespace tiny {

namespace {

bool holds(const Compare& compare, const std::optional<Pair>& pair) {
  if (!pair && compare.target == Target::value) return false;
  const Pair there = pair.value_or(Pair());
  std::int64_t stored = 0;
  switch (compare.target) {
    case Target::version: stored = there.version; break;
    case Target::create: stored = there.create; break;
    case Target::mod: stored = there.mod; break;
    case Target::value: stored = there.value; break;
  }
  switch (compare.relation) {
    case Relation::equal: return stored == compare.operand;
    case Relation::greater: return stored > compare.operand;
    case Relation::less: return stored < compare.operand;
    case Relation::not_equal: return stored != compare.operand;
  }
  return false;
}

}  // namespace

std::optional<Answer> Store::perform(const Operation& operation, std::int64_t at, std::optional<LogEntry>& changes) {
  changes.reset();
  if (operation.asked > at) return std::nullopt;
  Answer answer;
  State now = state(at);
  answer.succeeded = std::all_of(operation.compares.begin(), operation.compares.end(),
                                 [&](const Compare& one) { return holds(one, now[static_cast<std::size_t>(one.key)]); });
  bool has_changed = false;
  for (const Step& step : answer.succeeded ? operation.then : operation.otherwise) {
    StepAnswer& out = answer.steps.emplace_back();
    const State& read = operation.asked > 0 ? state(operation.asked) : now;
    for (int key = step.first; key <= step.last; ++key) {
      const auto slot = static_cast<std::size_t>(key);
      if (step.what == What::get) {
        if (read[slot]) out.found.push_back({key, *read[slot]});
        if (read[slot]) ++out.count;
        continue;
      }
      if (now[slot] && step.prev) out.found.push_back({key, *now[slot]});
      if (step.what == What::erase) {
        if (now[slot]) ++out.count;
        has_changed = has_changed || now[slot].has_value();
        now[slot].reset();
        continue;
      }
      has_changed = true;
      const std::int64_t next = at + 1;
      now[slot] = now[slot] ? Pair{step.value, now[slot]->create, next, now[slot]->version + 1} : Pair{step.value, next, next, 1};
    }
    out.revision = has_changed ? at + 1 : at;
  }
  answer.revision = has_changed ? at + 1 : at;
  if (!has_changed) return answer;
  LogEntry entry;
  entry.revision = at + 1;
  entry.count = std::count_if(now.begin(), now.end(), [](const std::optional<Pair>& one) { return one.has_value(); });
  for (int key = 0; key < kKeys; ++key) {
    const std::optional<Pair>& before = state(at)[static_cast<std::size_t>(key)];
    const std::optional<Pair>& after = now[static_cast<std::size_t>(key)];
    if (after && !(after == before)) entry.puts.push_back({key, *after});
    if (before && !after) entry.deletes.push_back(key);
  }
  changes = std::move(entry);
  states_.push_back(std::move(now));
  return answer;
}

std::string to_text(const History& history) {
  std::ostringstream out;
  const auto name = [](int key) { return static_cast<char>("abcm"[key]); };
  const auto pair = [&](const Found& one) {
    std::ostringstream text;
    text << name(one.key) << "=" << one.pair.value << "(" << one.pair.create << "," << one.pair.mod << "," << one.pair.version << ")";
    return text.str();
  };
  const auto steps = [&](const std::vector<Step>& all) {
    std::string text;
    for (const Step& step : all) {
      text += step.what == What::put ? " put " : step.what == What::get ? " get " : " delete ";
      text += std::string(1, name(step.first)) + ".." + name(step.last) + (step.what == What::put ? "=" + std::to_string(step.value) : "") +
              (step.prev ? " prev;" : ";");
    }
    return text;
  };
  out << "begins at " << history.first << ":";
  for (int key = 0; key < kKeys; ++key) {
    if (history.base[static_cast<std::size_t>(key)]) out << " " << pair({key, *history.base[static_cast<std::size_t>(key)]});
  }
  out << "\n";
  constexpr const char* kEnds[] = {"answered", "timed out", "never", "too many", "future", "compacted", "not allowed"};
  constexpr const char* kTargets[] = {"version", "create", "mod", "value"};
  constexpr const char* kRelations[] = {"=", ">", "<", "!="};
  for (const Operation& one : history.operations) {
    out << "client " << one.client << " [" << one.start << ", " << one.end << "]";
    for (const Compare& c : one.compares) {
      out << " if " << name(c.key) << " " << kTargets[static_cast<int>(c.target)] << kRelations[static_cast<int>(c.relation)] << c.operand;
    }
    out << steps(one.then);
    if (!one.otherwise.empty()) out << " else" << steps(one.otherwise);
    if (one.may_be_stale) out << " stale";
    if (one.asked != 0) out << " at " << one.asked;
    out << ": " << kEnds[static_cast<int>(one.how)];
    if (one.how == End::answered) {
      out << " at " << one.answer.revision << (one.answer.succeeded ? "" : " else");
      for (const StepAnswer& step : one.answer.steps) {
        out << " {rev " << step.revision << " count " << step.count;
        for (const Found& found : step.found) out << " " << pair(found);
        out << "}";
      }
    }
    out << "\n";
  }
  for (const LogEntry& entry : history.log) {
    out << "log " << entry.revision << ":";
    for (const Found& put : entry.puts) out << " " << pair(put);
    for (const int key : entry.deletes) out << " delete " << name(key);
    out << " (" << entry.count << " keys)\n";
  }
  return out.str();
}

}  // namespace tiny

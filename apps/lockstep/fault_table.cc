#include "apps/lockstep/fault_table.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "sim/catalogue.h"

namespace lockstep {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kBegin = "<!-- written by `lockstep faults` -->\n";
constexpr std::string_view kEnd = "<!-- end of what it writes -->\n";
constexpr std::string_view kNoBug = "none yet";

io::sim::FaultKind kind_at(std::size_t number) { return static_cast<io::sim::FaultKind>(number); }

// Those that are found only with this kind, as the last cell of its row.
std::string bugs_of(std::string_view kind, const std::vector<Bug>& bugs) {
  std::string out;
  for (const Bug& bug : bugs) {
    if (bug.fault == kind) out += (out.empty() ? "`" : ", `") + bug.name + "`";
  }
  return out.empty() ? std::string(kNoBug) : out;
}

std::vector<std::string> cells_of(std::string_view row) {
  std::vector<std::string> cells;
  for (std::size_t begin = row.find("| "); begin != std::string_view::npos && begin + 2 < row.size();) {
    const std::size_t end = row.find(" |", begin + 1);
    if (end == std::string_view::npos) break;
    cells.emplace_back(row.substr(begin + 2, end - begin - 2));
    begin = end + 1;
  }
  return cells;
}

struct Marks {
  std::size_t begin = 0;  // behind the first
  std::size_t end = 0;    // where the second begins
};
std::optional<Marks> marks_of(std::string_view document) {
  const std::size_t begin = document.find(kBegin);
  if (begin == std::string_view::npos) return std::nullopt;
  const std::size_t end = document.find(kEnd, begin);
  if (end == std::string_view::npos) return std::nullopt;
  return Marks{begin + kBegin.size(), end};
}

}  // namespace

std::optional<Batch> batch_of(std::string_view summary) {
  const Json json = Json::parse(summary.begin(), summary.end(), nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded() || !json.is_object() || !json.contains("faults") || !json.contains("scenario")) return std::nullopt;
  if (json.contains("without") && !json["without"].empty()) return std::nullopt;
  Batch batch;
  batch.scenario = json["scenario"];
  batch.first_seed = json["first_seed"];
  batch.last_seed = json["last_seed"];
  batch.faults = json["faults"].get<std::map<std::string, std::uint64_t>>();
  return batch;
}

std::vector<Batch> joined(const std::vector<Batch>& batches) {
  std::vector<Batch> out;
  for (const Batch& batch : batches) {
    if (out.empty() || out.back().scenario != batch.scenario || out.back().last_seed + 1 != batch.first_seed) {
      out.push_back(batch);
      continue;
    }
    out.back().last_seed = batch.last_seed;
    for (const auto& fault : batch.faults) out.back().faults[fault.first] += fault.second;
  }
  return out;
}

std::string fault_table(const std::vector<Batch>& batches, const std::vector<Bug>& bugs) {
  std::string out = "Counted over ";
  for (const Batch& batch : batches) {
    out += (&batch == &batches.front() ? "" : ", ") + std::string("seeds ") + std::to_string(batch.first_seed) + ".." +
           std::to_string(batch.last_seed) + " of *" + batch.scenario + "*";
  }
  out += ".\n\n| kind | what happens |";
  std::string rule = "| --- | --- |";
  for (const Batch& batch : batches) {
    out += " " + batch.scenario + " |";
    rule += " --- |";
  }
  out += " found only with it |\n" + rule + " --- |\n";
  for (std::size_t number = 0; number < io::sim::kFaultKindCount; ++number) {
    const std::string kind(io::sim::to_text(kind_at(number)));
    out += "| " + kind + " | " + std::string(sim::describe(kind_at(number))) + " |";
    for (const Batch& batch : batches) {
      const auto count = batch.faults.find(kind);
      out += " " + std::to_string(count == batch.faults.end() ? 0 : count->second) + " |";
    }
    out += " " + bugs_of(kind, bugs) + " |\n";
  }
  return out;
}

std::optional<std::string> with_table(std::string_view document, std::string_view table) {
  const std::optional<Marks> marks = marks_of(document);
  if (!marks) return std::nullopt;
  return std::string(document.substr(0, marks->begin)) + std::string(table) + std::string(document.substr(marks->end));
}

std::vector<std::string> objections(std::string_view document, const std::vector<Bug>& bugs) {
  std::vector<std::string> out;
  const auto fault_name_is_known = [&](const Bug& bug) { return bug.fault.empty() || sim::fault_named(bug.fault); };
  for (const Bug& bug : bugs) {
    if (!fault_name_is_known(bug)) out.push_back("the patch " + bug.name + " names a fault that is none: " + bug.fault);
  }
  const std::optional<Marks> marks = marks_of(document);
  if (!marks) {
    out.push_back("the document has no marks for the table");
    return out;
  }
  std::map<std::string, std::vector<std::string>> rows;
  std::string_view text = document.substr(marks->begin, marks->end - marks->begin);
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::vector<std::string> cells = cells_of(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (cells.size() < 3 || cells[0] == "kind" || cells[0] == "---") continue;
    if (!sim::fault_named(cells[0])) out.push_back("the table has a kind that is none: " + cells[0]);
    rows[cells[0]] = std::move(cells);
  }
  for (std::size_t number = 0; number < io::sim::kFaultKindCount; ++number) {
    const std::string kind(io::sim::to_text(kind_at(number)));
    const auto row = rows.find(kind);
    if (row == rows.end()) {
      out.push_back("the table lacks " + kind);
      continue;
    }
    if (row->second[1] != sim::describe(kind_at(number))) out.push_back("the table has other words for " + kind);
    const std::string wanted = bugs_of(kind, bugs);
    if (row->second.back() != wanted) out.push_back("the table has " + row->second.back() + " for " + kind + ", and the patches say " + wanted);
  }
  return out;
}

}  // namespace lockstep

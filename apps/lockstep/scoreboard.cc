#include "apps/lockstep/scoreboard.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>

namespace lockstep {

namespace {

using Json = nlohmann::ordered_json;

constexpr double kInVain = std::numeric_limits<double>::infinity();

Json to_json(const std::optional<Sighting>& sighting) {
  if (!sighting) return nullptr;
  return {{"oracle", sighting->oracle},
          {"seed", sighting->seed},
          {"cpu_seconds", sighting->cpu_seconds},
          {"simulated_seconds", sighting->simulated_seconds},
          {"runs", sighting->runs}};
}

std::optional<Sighting> sighting_of(const Json& json) {
  if (!json.is_object()) return std::nullopt;
  return Sighting{json.value("oracle", ""), json.value("seed", std::uint64_t{0}), json.value("cpu_seconds", 0.0),
                  json.value("simulated_seconds", 0.0), json.value("runs", std::uint64_t{0})};
}

// With so many digits behind the point.
std::string number_text(double number, int digits) {
  if (number == kInVain) return "-";
  const double least = std::pow(10.0, -digits);
  char text[32];
  std::snprintf(text, sizeof text, "%s%.*f", number < least / 2 ? "< " : "", number < least / 2 ? digits + 1 : digits, number < least / 2 ? least / 2 : number);
  return text;
}

// The lower one of two.
double median_of(std::vector<double> numbers) {
  std::sort(numbers.begin(), numbers.end());
  return numbers[(numbers.size() - 1) / 2];
}

std::string row_of(const std::vector<const Search*>& searches) {
  const Search& one = *searches.front();
  const std::string head = "| " + one.bug + " | " + one.from + " | " + one.scenario + " | " + one.oracle + " | ";
  std::vector<double> costs, hours, seeds;
  std::map<std::string, int> faster;
  std::size_t found = 0;
  for (const Search* const search : searches) {
    if (!search->trouble.empty()) return head + search->trouble + " | | | | | |\n";
    costs.push_back(search->found ? search->found->cpu_seconds : kInVain);
    hours.push_back(search->found ? search->found->simulated_seconds / 3600 : kInVain);
    seeds.push_back(search->found ? static_cast<double>(search->found->runs) : kInVain);
    if (search->found) ++found;
    if (search->first && search->first->oracle != search->oracle) ++faster[search->first->oracle];
  }
  std::string others;
  for (const auto& other : faster) others += (others.empty() ? "" : ", ") + other.first + " " + std::to_string(other.second);
  return head + std::to_string(found) + " of " + std::to_string(searches.size()) + " | " +
         number_text(median_of(costs), 1) + " | " + number_text(*std::max_element(costs.begin(), costs.end()), 1) + " | " +
         number_text(median_of(hours), 2) + " | " + number_text(median_of(seeds), 0) + " | " + others + " |\n";
}

}  // namespace

std::string to_line(const Search& search) {
  const Json json{{"bug", search.bug},     {"patch", search.patch},     {"scenario", search.scenario}, {"oracle", search.oracle},
                  {"base", search.base},   {"trouble", search.trouble}, {"runs", search.runs},         {"cpu_seconds", search.cpu_seconds},
                  {"found", to_json(search.found)}, {"first", to_json(search.first)}};
  return json.dump();
}

std::optional<Search> from_line(std::string_view line) {
  const Json json = Json::parse(line, nullptr, false);
  if (!json.is_object() || !json.contains("bug")) return std::nullopt;
  Search search;
  search.bug = json.value("bug", "");
  search.patch = json.value("patch", "");
  search.scenario = json.value("scenario", "");
  search.oracle = json.value("oracle", "");
  search.base = json.value("base", std::uint64_t{0});
  search.trouble = json.value("trouble", "");
  search.runs = json.value("runs", std::uint64_t{0});
  search.cpu_seconds = json.value("cpu_seconds", 0.0);
  if (json.contains("found")) search.found = sighting_of(json["found"]);
  if (json.contains("first")) search.first = sighting_of(json["first"]);
  return search;
}

const Search* find(const std::vector<Search>& searches, std::string_view bug, std::string_view patch, std::uint64_t base) {
  const auto found = std::find_if(searches.begin(), searches.end(), [&](const Search& one) {
    return one.bug == bug && one.patch == patch && one.base == base && one.trouble.empty();
  });
  return found == searches.end() ? nullptr : &*found;
}

std::string table(const std::vector<Search>& searches) {
  std::map<std::string, std::vector<const Search*>> by_bug;
  for (const Search& search : searches) by_bug[search.bug].push_back(&search);
  std::string out = "| planted mistake | from | scenario | oracle | found | median CPU-s | most | simulated h | seeds | first seen by another |\n"
                    "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n";
  for (const auto& one : by_bug) out += row_of(one.second);
  return out;
}

}  // namespace lockstep

#include "apps/lockstep/planted_bugs.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <system_error>
#include <utility>

#include "core/base/hash.h"

namespace lockstep {

namespace {

namespace fs = std::filesystem;

// Of the lines before the patch itself.
std::string field(std::string_view text, const std::string& name) {
  text = text.substr(0, text.find("\ndiff "));
  const std::string begin = name + ": ";
  const std::size_t at = text.substr(0, begin.size()) == begin ? 0 : text.find("\n" + begin);
  if (at == std::string_view::npos) return {};
  const std::size_t value = at + begin.size() + (at == 0 ? 0 : 1);
  return std::string(text.substr(value, text.find('\n', value) - value));
}

}  // namespace

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

Bug bug_of(const fs::path& patch, std::string_view text) {
  Bug bug;
  bug.name = patch.stem().string();
  bug.patch = patch;
  bug.hash = base::to_text(base::hash128(text));
  bug.oracle = field(text, "Oracle");
  bug.from = field(text, "Issue");
  bug.fault = field(text, "Fault");
  if (std::string scenario = field(text, "Scenario"); !scenario.empty()) bug.scenario = std::move(scenario);
  return bug;
}

std::vector<Bug> find_bugs(const fs::path& source, const std::vector<std::string>& wanted) {
  std::vector<Bug> bugs;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(source / "sim" / "bugs", error)) {
    if (entry.path().extension() != ".patch") continue;
    const std::string name = entry.path().stem().string();
    if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), name) == wanted.end()) continue;
    bugs.push_back(bug_of(fs::absolute(entry.path()), read_file(entry.path())));
  }
  std::sort(bugs.begin(), bugs.end(), [](const Bug& a, const Bug& b) { return a.name < b.name; });
  return bugs;
}

}  // namespace lockstep

// lockstep bugs: plants one small mistake after the other and counts what it takes to find each.
//
// Each `sim/bugs/NAME.patch` begins with lines `Bug:`, `Issue:`, `Oracle:`, and `Scenario:` unless that is single. The tree is copied, patched and
// built out of place; production code carries no switches for this.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "apps/lockstep/commands.h"

namespace lockstep {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

struct Bug {
  std::string name;
  fs::path patch;
  std::string what;
  std::string oracle;  // that should catch it
  std::string scenario = "single";
};

std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') out += "'\\''";
    else out.push_back(c);
  }
  return out + "'";
}

bool shell(const std::string& command, const fs::path& log) {
  return std::system(("{ " + command + "; } >>" + quoted(log.string()) + " 2>&1").c_str()) == 0;
}

std::string field(const std::string& text, const std::string& name) {
  const std::size_t at = text.find(name + ": ");
  if (at == std::string::npos) return {};
  const std::size_t begin = at + name.size() + 2;
  return text.substr(begin, text.find('\n', begin) - begin);
}

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<Bug> find_bugs(const fs::path& source, const std::vector<std::string>& wanted) {
  std::vector<Bug> bugs;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(source / "sim" / "bugs", error)) {
    if (entry.path().extension() != ".patch") continue;
    Bug bug;
    bug.name = entry.path().stem().string();
    if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), bug.name) == wanted.end()) continue;
    bug.patch = fs::absolute(entry.path());
    const std::string text = read_file(entry.path());
    bug.what = field(text, "Bug");
    bug.oracle = field(text, "Oracle");
    if (const std::string scenario = field(text, "Scenario"); !scenario.empty()) bug.scenario = scenario;
    bugs.push_back(std::move(bug));
  }
  std::sort(bugs.begin(), bugs.end(), [](const Bug& a, const Bug& b) { return a.name < b.name; });
  return bugs;
}

class Workshop {
 public:
  Workshop(const Arguments& arguments, const fs::path& source, const fs::path& work)
      : arguments_(arguments), source_(source), tree_(work / "source"), build_(work / "build"), log_(work / "log") {
    fs::create_directories(tree_);
    fs::create_directories(work / "traces");
    traces_ = work / "traces";
  }

  bool set_up() {
    // Only what differs, and with the time of now. With its own time a file that an earlier call had patched, built and put
    // back would look older than the object that was built of it, and the mistake would stay in.
    if (!shell("cd " + quoted(source_.string()) + " && git ls-files -z | xargs -0 sh -c 'for f; do cmp -s \"$f\" \"$0/$f\" || cp --parents \"$f\" \"$0\" || exit 1; done' " +
                   quoted(fs::absolute(tree_).string()), log_)) {
      return false;
    }
    if (fs::exists(build_ / "build.ninja")) return true;
    return shell("meson setup " + quoted(build_.string()) + " " + quoted(tree_.string()), log_);
  }

  // One row of the scoreboard.
  Json try_bug(const Bug& bug) {
    Json row{{"name", bug.name}, {"bug", bug.what}, {"oracle", bug.oracle}};
    const std::string patch = "patch -p1 -d " + quoted(tree_.string()) + " <" + quoted(bug.patch.string());
    if (!shell(patch, log_)) {
      row["result"] = "the patch no longer applies";
      return row;
    }
    const bool is_built = shell("ninja -C " + quoted(build_.string()) + " apps/lockstep/lockstep", log_);
    if (is_built) search(bug, row);
    else row["result"] = "does not build";
    if (!shell("patch -R -p1 -d " + quoted(tree_.string()) + " <" + quoted(bug.patch.string()), log_)) {
      row["result"] = "the patch cannot be taken back";
    }
    return row;
  }

 private:
  void search(const Bug& bug, Json& row) {
    const fs::path out = build_ / "bug.json";
    const std::string seeds = std::to_string(arguments_.seeds.first) + ".." + std::to_string(arguments_.seeds.last);
    static_cast<void>(std::system((quoted((build_ / "apps/lockstep/lockstep").string()) + " sim --scenario " + quoted(bug.scenario) +
                                   " --seeds " + seeds + " --jobs " + std::to_string(arguments_.jobs) +
                                   " --stop-at-failure --json --traces " + quoted(traces_.string()) + " >" + quoted(out.string()) +
                                   " 2>>" + quoted(log_.string())).c_str()));
    const Json summary = Json::parse(read_file(out), nullptr, false);
    if (summary.is_discarded()) {
      row["result"] = "the simulator did not answer";
    } else if (summary["failures"].empty()) {
      row["result"] = "not found";
      row["runs"] = summary["runs"];
      row["cpu_seconds"] = summary["cpu_seconds"];
    } else {
      const Json& first = summary["failures"][0];
      const std::string caught_by = first["oracle"];
      row["result"] = caught_by == row["oracle"] ? "found" : "found by another oracle";
      row["caught_by"] = caught_by;
      row["verdict"] = first["verdict"];
      row["seed"] = first["seed"];
      row["runs"] = summary["runs"];
      row["cpu_seconds"] = first["cpu_seconds_until"];
      row["message"] = first["message"];
      row["trace"] = first["trace"];
    }
  }

  const Arguments& arguments_;
  const fs::path source_;
  const fs::path tree_;
  const fs::path build_;
  const fs::path log_;
  fs::path traces_;
};

}  // namespace

int run_bugs(const Arguments& given) {
  Arguments arguments = given;
  if (arguments.seeds.last == arguments.seeds.first) arguments.seeds.last = arguments.seeds.first + 199;
  const std::vector<Bug> bugs = find_bugs(arguments.source, arguments.files);
  if (bugs.empty() || (!arguments.files.empty() && bugs.size() != arguments.files.size())) {
    std::fprintf(stderr, "lockstep: %s/sim/bugs has no such patch\n", arguments.source.c_str());
    return 2;
  }
  Workshop workshop(arguments, fs::absolute(arguments.source), fs::absolute(arguments.work));
  if (!workshop.set_up()) {
    std::fprintf(stderr, "lockstep: the tree cannot be copied or configured; %s/log says why\n", arguments.work.c_str());
    return 2;
  }
  Json rows = Json::array();
  std::size_t found = 0;
  for (const Bug& bug : bugs) {
    Json row = workshop.try_bug(bug);
    const std::string result = row["result"];
    if (result.rfind("found", 0) == 0) ++found;
    if (!arguments.json) {
      std::printf("%-36s %s", bug.name.c_str(), result.c_str());
      if (row.contains("seed")) {
        std::printf(" (%s) with seed %llu after %llu runs and %.1f CPU-s", std::string(row["caught_by"]).c_str(),
                    static_cast<unsigned long long>(row["seed"]), static_cast<unsigned long long>(row["runs"]), double(row["cpu_seconds"]));
      }
      std::printf("\n");
      std::fflush(stdout);
    }
    rows.push_back(std::move(row));
  }
  if (arguments.json) std::printf("%s\n", rows.dump(1).c_str());
  else std::printf("%zu of %zu planted bugs found\n", found, bugs.size());
  return found == bugs.size() ? 0 : 1;
}

}  // namespace lockstep

// lockstep bugs: plants one small mistake after the other and counts what it takes to find each.
//
// The tree is copied, patched and built out of place; production code carries no switches for this. With `--bases N` each is searched for
// N times, from seeds that have nothing in common, and what was done is kept in the working directory: an evening's work can be broken off.
// With `--without-fault` those that say that they need a kind of fault are searched for where it does not happen: none may be found.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "apps/lockstep/commands.h"
#include "apps/lockstep/planted_bugs.h"
#include "apps/lockstep/scoreboard.h"

namespace lockstep {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

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

class Workshop {
 public:
  Workshop(const Arguments& arguments, const fs::path& source, const fs::path& work)
      : arguments_(arguments), source_(source), tree_(work / "source"), build_(tree_ / "build"), log_(work / "log") {
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

  // Applies the patch and builds; empty, or what was in the way. Then clean_up(), whatever came of it.
  std::string plant(const Bug& bug) {
    const std::string patch = "patch -p1 -d " + quoted(tree_.string()) + " <" + quoted(bug.patch.string());
    is_planted_ = shell(patch, log_);
    if (!is_planted_) return "the patch no longer applies";
    return shell("ninja -C " + quoted(build_.string()) + " apps/lockstep/lockstep", log_) ? "" : "does not build";
  }

  // False: the tree is not what it was.
  bool clean_up(const Bug& bug) {
    return !is_planted_ || shell("patch -R -p1 -d " + quoted(tree_.string()) + " <" + quoted(bug.patch.string()), log_);
  }

  // `without`: a kind of fault that is not to happen, or empty.
  void search(Search& search, runs::Seeds seeds, const std::string& without) const {
    const fs::path out = build_ / "bug.json";
    static_cast<void>(std::system((quoted((build_ / "apps/lockstep/lockstep").string()) + " sim --scenario " + lockstep::quoted(search.scenario) +
                                   " --seeds " + std::to_string(seeds.first) + ".." + std::to_string(seeds.last) + " --jobs " +
                                   std::to_string(arguments_.jobs) + " --until-oracle " + lockstep::quoted(search.oracle) + " --cpu-limit " +
                                   std::to_string(arguments_.cpu_seconds_max) + (without.empty() ? "" : " --without " + without) + " --json --traces " + quoted(traces_.string()) + " >" +
                                   quoted(out.string()) + " 2>>" + quoted(log_.string())).c_str()));
    const Json summary = Json::parse(read_file(out), nullptr, false);
    if (summary.is_discarded()) {
      search.trouble = "the simulator did not answer";
      return;
    }
    search.runs = summary["runs"];
    search.cpu_seconds = summary["cpu_seconds"];
    for (const Json& failure : summary["failures"]) {
      const Sighting sighting{failure["oracle"], failure["seed"], failure["cpu_seconds_until"], failure["simulated_seconds_until"],
                              failure["runs_until"]};
      if (!search.first) search.first = sighting;
      if (!search.found && sighting.oracle == search.oracle) search.found = sighting;
    }
  }

 private:
  const Arguments& arguments_;
  const fs::path source_;
  const fs::path tree_;
  const fs::path build_;
  const fs::path log_;
  fs::path traces_;
  bool is_planted_ = false;
};

// The searches that were done before, and those of now.
class Results {
 public:
  explicit Results(fs::path file) : file_(std::move(file)) {
    std::ifstream lines(file_);
    for (std::string line; std::getline(lines, line);) {
      if (std::optional<Search> search = from_line(line)) searches_.push_back(std::move(*search));
    }
  }

  bool has(const Search& search) const { return find(searches_, search.bug, search.patch, search.base) != nullptr; }
  void add(const Search& search) {
    searches_.push_back(search);
    std::ofstream(file_, std::ios::app) << to_line(search) << "\n";
  }
  // Of these bugs as they are now.
  std::vector<Search> of(const std::vector<Search>& wanted) const {
    std::vector<Search> out;
    for (const Search& one : wanted) {
      const auto last = std::find_if(searches_.rbegin(), searches_.rend(), [&](const Search& done) {
        return done.bug == one.bug && done.patch == one.patch && done.base == one.base;
      });
      if (last == searches_.rend()) continue;
      out.push_back(*last);
      out.back().from = one.from;
    }
    return out;
  }

 private:
  const fs::path file_;
  std::vector<Search> searches_;
};

void tell(const Search& search) {
  std::printf("%-36s base %llu: ", search.bug.c_str(), static_cast<unsigned long long>(search.base));
  const auto say = [](const char* what, const Sighting& sighting) {
    std::printf("%s (%s) with seed %llu after %.1f CPU-s", what, sighting.oracle.c_str(), static_cast<unsigned long long>(sighting.seed),
                sighting.cpu_seconds);
  };
  if (!search.trouble.empty()) std::printf("%s", search.trouble.c_str());
  else if (search.found) say("found", *search.found);
  else if (search.first) say("found by another oracle", *search.first);
  else std::printf("not found in %.1f CPU-s", search.cpu_seconds);
  std::printf("\n");
  std::fflush(stdout);
}

// Far enough apart that no two searches share a seed.
runs::Seeds seeds_of(std::uint64_t base, const runs::Seeds& given) {
  constexpr std::uint64_t kSeedsOfBase = 100'000;
  return base == 0 ? given : runs::Seeds{base * kSeedsOfBase + 1, (base + 1) * kSeedsOfBase};
}

std::vector<Search> searches_for(const Bug& bug, std::uint64_t bases) {
  std::vector<Search> searches;
  for (std::uint64_t base = bases == 0 ? 0 : 1; base <= bases; ++base) {
    Search search;
    search.bug = bug.name;
    search.patch = bug.hash;
    search.from = bug.from;
    search.scenario = bug.scenario;
    search.oracle = bug.oracle;
    search.base = base;
    searches.push_back(std::move(search));
  }
  return searches;
}

// What is not done yet, each with what came of it. False: no other bug can be tried.
bool try_bug(Workshop& workshop, const Bug& bug, const Arguments& arguments, std::vector<Search> searches, Results& results) {
  searches.erase(std::remove_if(searches.begin(), searches.end(), [&](const Search& one) { return results.has(one); }), searches.end());
  if (searches.empty()) return true;
  const std::string trouble = workshop.plant(bug);
  for (Search& search : searches) {
    search.trouble = trouble;
    if (trouble.empty()) workshop.search(search, seeds_of(search.base, arguments.seeds), arguments.without_fault ? bug.fault : std::string());
    results.add(search);
    if (!arguments.json) tell(search);
  }
  return workshop.clean_up(bug);
}

}  // namespace

int run_bugs(const Arguments& given) {
  Arguments arguments = given;
  if (arguments.seeds.last == arguments.seeds.first) arguments.seeds.last = arguments.seeds.first + 199;
  std::vector<Bug> bugs = find_bugs(arguments.source, arguments.files);
  if (arguments.without_fault) {
    bugs.erase(std::remove_if(bugs.begin(), bugs.end(), [](const Bug& bug) { return bug.fault.empty(); }), bugs.end());
  }
  if (bugs.empty() || (!arguments.files.empty() && bugs.size() != arguments.files.size())) {
    std::fprintf(stderr, "lockstep: %s/sim/bugs has no such patch%s\n", arguments.source.c_str(), arguments.without_fault ? ", or it needs no fault" : "");
    return 2;
  }
  Workshop workshop(arguments, fs::absolute(arguments.source), fs::absolute(arguments.work));
  if (!workshop.set_up()) {
    std::fprintf(stderr, "lockstep: the tree cannot be copied or configured; %s/log says why\n", arguments.work.c_str());
    return 2;
  }
  Results results(arguments.bases > 0 && !arguments.without_fault ? fs::path(arguments.work) / "searches.jsonl" : fs::path("/dev/null"));
  std::vector<Search> wanted;
  for (const Bug& bug : bugs) {
    const std::vector<Search> searches = searches_for(bug, arguments.bases);
    if (!try_bug(workshop, bug, arguments, searches, results)) {
      std::fprintf(stderr, "lockstep: the patch %s cannot be taken back\n", bug.name.c_str());
      return 2;
    }
    wanted.insert(wanted.end(), searches.begin(), searches.end());
  }
  const std::vector<Search> done = results.of(wanted);
  const auto found = std::count_if(done.begin(), done.end(), [&](const Search& one) { return arguments.without_fault ? one.found.has_value() : one.first.has_value(); });
  if (arguments.json) {
    Json rows = Json::array();
    for (const Search& search : done) rows.push_back(Json::parse(to_line(search)));
    std::printf("%s\n", rows.dump(1).c_str());
  } else {
    std::printf("%s%lld of %zu searches found what they were for\n", table(done).c_str(), static_cast<long long>(found), wanted.size());
  }
  return static_cast<std::size_t>(found) == (arguments.without_fault ? 0 : wanted.size()) ? 0 : 1;
}

}  // namespace lockstep

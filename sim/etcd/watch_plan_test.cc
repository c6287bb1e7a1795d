#include "sim/etcd/watch_plan.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "sim/etcd/cluster.h"
#include "sim/etcd/membership.h"
#include "sim/etcd/single.h"
#include "sim/tenant.h"

namespace sim::etcd {

namespace {

WatchLine watch_line(std::string_view text) {
  const base::Result<std::optional<WatchLine>> line = parse_watch_line(text);
  REQUIRE(line);
  REQUIRE(line->has_value());
  return **line;
}

}  // namespace

TEST_CASE("what a watching client does can be written and read") {
  for (const char* text : {"watch new k1", "watch new k1 k5", "watch new k1 *", "watch new * *", "watch new k1 prev noput nodelete fragment progress id=3 from=-10",
                           "watch new k1 k2 from=0", "watch new * * progress from=+12", "watch cancel 3", "watch progress", "watch pause 500", "watch move"}) {
    CAPTURE(text);
    CHECK_EQ(to_text(watch_line(text)), text);
  }
  const WatchLine line = watch_line("watch new * k5 nodelete from=+7");
  CHECK_EQ(line.key, std::string(1, '\0'));
  CHECK_EQ(line.range_end, "k5");
  CHECK(line.no_deletes);
  CHECK_FALSE(line.no_puts);
  CHECK_EQ(line.from, 7);
  CHECK_EQ(watch_line("watch pause 1500").lasting, std::chrono::milliseconds(1500));
}

TEST_CASE("what only looks like it is refused, and what does not is somebody else's") {
  for (const char* text : {"watch", "watch new", "watch old k1", "watch new k1 k2 k3", "watch new k1 id=0", "watch new k1 id=", "watch new k1 from=x", "watch cancel",
                           "watch cancel k1", "watch cancel -1", "watch progress 3", "watch pause", "watch pause -1", "watch pause 1000001", "watch move 2"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_watch_line(text));
  }
  for (const char* text : {"get k1", "member voter", "watching k1", ""}) {
    CAPTURE(text);
    REQUIRE(parse_watch_line(text));
    CHECK_FALSE(parse_watch_line(text)->has_value());
  }
}

TEST_CASE("most seeds have clients that watch, behind all others, in all ways and only while things go wrong") {
  for (const auto& make : {make_cluster, make_membership, make_single}) {
    const std::unique_ptr<Scenario> scenario = make();
    CAPTURE(scenario->name());
    constexpr int kSeeds = 200;
    int watched = 0;
    std::set<std::string> words;
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
      CAPTURE(seed);
      const Plan plan = scenario->draw_plan(seed);
      REQUIRE_EQ(contradiction(plan), "");
      bool has_watcher = false;
      for (const Operation& operation : plan.operations) {
        const base::Result<std::optional<WatchLine>> line = parse_watch_line(operation.what);
        REQUIRE(line);
        if (!line->has_value()) {
          REQUIRE_MESSAGE(!has_watcher, "clients that watch come last");
          continue;
        }
        has_watcher = true;
        REQUIRE_LE(operation.at, plan.faults_until);
        std::string_view rest = operation.what;
        while (!rest.empty()) {
          const std::size_t end = std::min(rest.find(' '), rest.size());
          const std::string_view word = rest.substr(0, end);
          words.emplace(word.substr(0, word.find('=') == word.npos ? word.size() : word.find('=') + 1));
          rest.remove_prefix(std::min(end + 1, rest.size()));
        }
      }
      if (has_watcher) ++watched;
    }
    CHECK_GT(watched, kSeeds / 2);
    CHECK_LT(watched, kSeeds);
    for (const char* word : {"new", "cancel", "progress", "pause", "move", "prev", "noput", "nodelete", "fragment", "id=", "from=", "*"}) {
      CAPTURE(word);
      CHECK_EQ(words.count(word), 1);
    }
  }
}

}  // namespace sim::etcd

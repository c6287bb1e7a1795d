// What a report's page holds, from a story that is made up.
#include "apps/runs/report_data.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "apps/runs/report_page.h"

namespace runs {

namespace {

using Json = nlohmann::json;

// Two members and a client whose second request gets a wrong answer, ten seconds after the beginning.
struct ReportFixture {
  ReportFixture() {
    trace.plan.scenario = "made up";
    trace.plan.seed = 7;
    trace.plan.members = 2;
    sim::Action crash;
    crash.at = std::chrono::seconds(2);
    crash.lasting = std::chrono::seconds(1);
    sim::Action late = crash;
    late.at = std::chrono::seconds(11);
    trace.plan.actions = {crash, late};
    trace.plan.rates = {{"disk.slow", 3}, {"disk.hung", 0}};
    outcome.verdict = {sim::VerdictKind::safety, "an oracle", "the answer </script><script>alert(1)</script> is wrong"};
    story.lanes = {{"m1", true}, {"m2", true}, {"c0", false}};
    story.end = {std::chrono::seconds(10), 5000};
    story.subject = {sim::OperationName{0, 1}, "m2", base::LogIndex(9), sim::OperationName{0, 0}};
    story.promise = "answers are right";
    event(std::chrono::seconds(1), 10, sim::StoryKind::started);
    for (std::uint64_t i = 1; i <= 800; ++i) event(std::chrono::milliseconds(10 * i), 10 + i, sim::StoryKind::applied);
    story.messages.push_back({2, 0, sim::MessageKind::request, sim::MessageFate::read, {std::chrono::seconds(3), 300}, {std::chrono::seconds(4), 310}, {}, "early"});
    story.messages.push_back({0, 1, sim::MessageKind::vote, sim::MessageFate::lost, {std::chrono::seconds(3), 301}, {std::chrono::seconds(3), 302}, base::Term(2), "vote"});
    story.messages.push_back({2, 0, sim::MessageKind::request, sim::MessageFate::under_way, {std::chrono::seconds(9), 900}, {}, {}, "late"});
    story.operations.push_back({{0, 0}, "put a", {std::chrono::seconds(3), 300}, {std::chrono::seconds(4), 310}, sim::OperationEnd::answered, "done"});
    story.operations.push_back({{0, 1}, "get <a>", {std::chrono::seconds(9), 900}, {}, sim::OperationEnd::unknown, ""});
  }
  void event(base::Duration at, std::uint64_t turn, sim::StoryKind kind) {
    story.events.push_back({{at, turn}, 0, kind, {base::Term(1), base::LogIndex(turn)}, sim::kNoLane, "revision " + std::to_string(turn)});
  }
  std::string text(const ReportLimits& limits = {}) const {
    return report_json({"tool", "build 1", "it's.trace.json", trace, outcome, story, "| term | meaning |\n| --- | --- |\n| quorum | a majority |\nno row\n"}, limits);
  }

  sim::Trace trace;
  sim::Outcome outcome;
  sim::Story story;
};

std::size_t count_of(const Json& json, const char* kind) {
  std::size_t count = 0;
  for (const Json& event : json["events"]) count += json["kinds"][event[3].get<std::size_t>()] == kind ? 1 : 0;
  return count;
}

}  // namespace

TEST_CASE("the data of a page say what was found, about which operation, and everything else that happened") {
  const Json json = Json::parse(ReportFixture().text());
  CHECK_EQ(json["verdict"]["promise"], "answers are right");
  CHECK_EQ(json["subject"]["operation"], Json::array({0, 1}));
  CHECK_EQ(json["subject"]["witness"], Json::array({0, 0}));
  CHECK_EQ(json["subject"]["lane"], 1);
  CHECK_EQ(json["subject"]["index"], 9);
  CHECK_EQ(json["end"], Json::array({10'000'000'000, 5000}));
  CHECK_EQ(json["lanes"].size(), 3);
  CHECK_EQ(json["events"].size(), 801);
  CHECK_EQ(json["messages"].size(), 3);
  REQUIRE_EQ(json["operations"].size(), 2);
  CHECK_EQ(json["texts"][json["operations"][1][2].get<std::size_t>()], "get <a>");
  CHECK_EQ(json["operations"][1][5], -1);  // no answer
  CHECK_EQ(json["detail_from"], 0);
  REQUIRE_EQ(json["schedule"]["actions"].size(), 2);
  CHECK_EQ(json["schedule"]["actions"][0], Json::array({2'000'000'000, "m1 loses its power, and is back 1.000 s later", true}));
  CHECK_EQ(json["schedule"]["actions"][1][2], false);
  CHECK_EQ(json["schedule"]["rates"].size(), 1);
  CHECK_EQ(json["glossary"], Json::array({Json::array({"quorum", "a majority"})}));
}

TEST_CASE("no text in the data ends the element in which it stands, and each comes back as it was") {
  const std::string text = ReportFixture().text();
  CHECK_EQ(text.find('<'), std::string::npos);
  CHECK_EQ(Json::parse(text)["verdict"]["message"], "the answer </script><script>alert(1)</script> is wrong");
  const std::string page = report_page("<b> & title", text);
  CHECK_NE(page.find("<title>&lt;b> &amp; title</title>"), std::string::npos);
  CHECK_EQ(page.find("alert(1)</script>"), std::string::npos);
  CHECK_EQ(page.find("{{"), std::string::npos);
  for (const char* outside : {"http://", "https://", "src=", "@import"}) CHECK_MESSAGE(page.find(outside) == std::string::npos, outside);
}

TEST_CASE("bytes that are no text do no harm") {
  ReportFixture f;
  f.story.operations[0].answer = "caf\xc3 \xff";
  CHECK_NE(Json::parse(f.text())["texts"].dump().find("caf"), std::string::npos);
}

TEST_CASE("what does not fit is told in less detail, the end last of all") {
  const ReportFixture f;
  ReportLimits limits;
  limits.bytes_max = 14'000;
  const std::string text = f.text(limits);
  CHECK_LE(text.size(), limits.bytes_max);
  const Json json = Json::parse(text);
  const std::int64_t from = json["detail_from"];
  CHECK_GT(from, 5'000'000'000);
  CHECK_LT(from, 9'500'000'000);
  CHECK_EQ(count_of(json, "started"), 1);
  // One in each second before that, and all since.
  CHECK_LT(count_of(json, "applied"), 400);
  CHECK_GT(count_of(json, "applied"), 10);
  CHECK_EQ(json["messages"].size(), 2);  // the vote, and what was under way at the end
  CHECK_EQ(json["operations"].size(), 2);
  CHECK_EQ(json["told"]["events"], 801);
}

}  // namespace runs

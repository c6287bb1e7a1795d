#include "apps/runs/report_data.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "sim/words.h"

namespace runs {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kTextBytesMax = 400;
constexpr base::Duration kThinnedTo = std::chrono::seconds(1);
// How long before the end everything is told, the longest that fits.
constexpr base::Duration kWindows[] = {
    std::chrono::hours(10),      std::chrono::seconds(60),        std::chrono::seconds(30),       std::chrono::seconds(15),
    std::chrono::seconds(8),     std::chrono::seconds(4),         std::chrono::seconds(2),        std::chrono::seconds(1),
    std::chrono::milliseconds(500), std::chrono::milliseconds(250), std::chrono::milliseconds(100), std::chrono::milliseconds(0),
};

// What is told of the whole run, whatever the window.
bool is_of_the_picture(sim::StoryKind kind) {
  using sim::StoryKind;
  constexpr StoryKind kKinds[] = {StoryKind::started, StoryKind::ready, StoryKind::crashed, StoryKind::stopped, StoryKind::retired, StoryKind::wiped,
                                  StoryKind::recovered, StoryKind::part, StoryKind::vote, StoryKind::group, StoryKind::log_replaced, StoryKind::installed,
                                  StoryKind::snapshot_begun, StoryKind::snapshot_ended};
  return std::find(std::begin(kKinds), std::end(kKinds), kind) != std::end(kKinds);
}

// Texts by number: many of them come again and again.
class Texts {
 public:
  std::size_t number_of(const std::string& text) {
    const auto [found, is_new] = numbers_.emplace(text, numbers_.size());
    if (is_new) json_.push_back(text.size() <= kTextBytesMax ? text : text.substr(0, kTextBytesMax) + "…");
    return found->second;
  }
  Json take() { return std::move(json_); }

 private:
  std::map<std::string, std::size_t> numbers_;
  Json json_ = Json::array();
};

Json names_of(std::size_t count, std::string_view (*name)(std::size_t)) {
  Json out = Json::array();
  for (std::size_t i = 0; i < count; ++i) out.push_back(name(i));
  return out;
}

// The rows of the glossary's tables.
Json glossary_of(std::string_view page) {
  Json out = Json::array();
  while (!page.empty()) {
    const std::string_view line = page.substr(0, page.find('\n'));
    page.remove_prefix(std::min(page.size(), line.size() + 1));
    const std::size_t middle = line.find(" | ");
    if (!line.starts_with("| ") || !line.ends_with(" |") || middle == std::string_view::npos || line.starts_with("| term |") || line.starts_with("| ---")) continue;
    if (line.size() < middle + 5) continue;
    out.push_back({line.substr(2, middle - 2), line.substr(middle + 3, line.size() - middle - 5)});
  }
  return out;
}

Json schedule_of(const sim::Plan& plan, base::Duration end) {
  Json out;
  out["members"] = plan.members;
  out["learners"] = plan.learners;
  out["spares"] = plan.spares;
  out["clients"] = plan.clients;
  out["operations"] = plan.operations.size();
  out["faults_until"] = plan.faults_until.count();
  out["duration"] = plan.duration.count();
  out["rates"] = Json::array();
  for (const auto& rate : plan.rates) {
    if (rate.second > 0) out["rates"].push_back(sim::rate_words(rate.first, rate.second));
  }
  out["actions"] = Json::array();
  for (const sim::Action& action : plan.actions) out["actions"].push_back({action.at.count(), sim::to_words(action), action.at <= end});
  out["broken"] = Json::array();
  for (const sim::Broken& broken : plan.broken) out["broken"].push_back(sim::to_words(broken));
  return out;
}

Json operations_of(const sim::Story& story, Texts& texts) {
  Json out = Json::array();
  for (const sim::StoryOperation& one : story.operations) {
    const bool has_ended = one.ended.turn > 0;
    out.push_back({one.name.client, one.name.number, texts.number_of(one.what), one.asked.at.count(), one.asked.turn, has_ended ? one.ended.at.count() : -1,
                   one.ended.turn, static_cast<int>(one.end), texts.number_of(one.answer)});
  }
  return out;
}

Json events_of(const sim::Story& story, base::Duration from, Texts& texts) {
  // Of what is thinned, the last of each second.
  std::map<std::tuple<std::int64_t, std::uint32_t, sim::StoryKind>, std::size_t> last;
  for (std::size_t i = 0; i < story.events.size(); ++i) {
    const sim::StoryEvent& event = story.events[i];
    if (event.when.at >= from || is_of_the_picture(event.kind) || event.kind == sim::StoryKind::log_line) continue;
    last[{event.when.at / kThinnedTo, event.lane, event.kind}] = i;
  }
  std::set<std::size_t> kept;
  for (const auto& one : last) kept.insert(one.second);
  Json out = Json::array();
  for (std::size_t i = 0; i < story.events.size(); ++i) {
    const sim::StoryEvent& event = story.events[i];
    if (event.when.at < from && !is_of_the_picture(event.kind) && !kept.contains(i)) continue;
    out.push_back({event.when.at.count(), event.when.turn, event.lane, static_cast<int>(event.kind), event.entry.term.value(), event.entry.index.value(),
                   event.other, texts.number_of(event.text)});
  }
  return out;
}

Json messages_of(const sim::Story& story, base::Duration from, Texts& texts) {
  Json out = Json::array();
  for (const sim::StoryMessage& one : story.messages) {
    const base::Duration ended = one.fate == sim::MessageFate::under_way ? story.end.at : one.ended.at;
    if (ended < from && one.kind != sim::MessageKind::vote) continue;
    out.push_back({one.from, one.to, static_cast<int>(one.kind), static_cast<int>(one.fate), one.sent.at.count(), one.sent.turn, one.ended.at.count(),
                   one.ended.turn, one.term.value(), texts.number_of(one.text)});
  }
  return out;
}

Json subject_of(const sim::Story& story) {
  const sim::Subject& subject = story.subject;
  Json out;
  const auto name = [](const std::optional<sim::OperationName>& operation) {
    return operation ? Json::array({operation->client, operation->number}) : Json();
  };
  out["operation"] = name(subject.operation);
  out["witness"] = name(subject.witness);
  out["lane"] = -1;
  for (std::size_t lane = 0; lane < story.lanes.size(); ++lane) {
    if (story.lanes[lane].name == subject.member) out["lane"] = lane;
  }
  out["index"] = subject.index.value();
  return out;
}

// Nothing in it ends the element in which it stands.
std::string embedded(const Json& json) {
  std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (c == '<') out += "\\u003c";
    else out += c;
  }
  return out;
}

Json everything(const ReportInput& input, base::Duration window) {
  const sim::Story& story = input.story;
  const sim::Verdict& verdict = input.outcome.verdict;
  const base::Duration from = std::max(base::Duration::zero(), story.end.at - window);
  Texts texts;
  Json json;
  json["scenario"] = input.trace.plan.scenario;
  json["seed"] = input.trace.plan.seed;
  json["program"] = input.program;
  json["build"] = input.build;
  json["trace"] = input.trace_path;
  json["verdict"] = {{"kind", sim::to_text(verdict.kind)}, {"oracle", verdict.oracle}, {"message", verdict.message}, {"promise", story.promise}};
  json["recorded"] = {{"is_same", input.outcome.digest == input.trace.digest},
                      {"digest", base::to_text(input.outcome.digest)},
                      {"message", input.trace.verdict.message}};
  json["end"] = {story.end.at.count(), story.end.turn};
  json["subject"] = subject_of(story);
  json["detail_from"] = from.count();
  json["told"] = {{"events", story.events.size()}, {"messages", story.messages.size()}};
  json["lanes"] = Json::array();
  for (const sim::StoryLane& lane : story.lanes) json["lanes"].push_back({lane.name, lane.is_member});
  json["kinds"] = names_of(sim::kStoryKindCount, [](std::size_t i) { return sim::to_text(static_cast<sim::StoryKind>(i)); });
  json["message_kinds"] = names_of(sim::kMessageKindCount, [](std::size_t i) { return sim::to_text(static_cast<sim::MessageKind>(i)); });
  json["events"] = events_of(story, from, texts);
  json["messages"] = messages_of(story, from, texts);
  json["faults"] = Json::array();
  for (const sim::StoryFault& fault : story.faults) {
    json["faults"].push_back({fault.begin.count(), fault.end.count(), fault.lanes, fault.kind, fault.text});
  }
  json["operations"] = operations_of(story, texts);
  json["schedule"] = schedule_of(input.trace.plan, story.end.at);
  json["glossary"] = glossary_of(input.glossary);
  json["texts"] = texts.take();
  return json;
}

}  // namespace

std::string report_json(const ReportInput& input, const ReportLimits& limits) {
  std::string out;
  for (const base::Duration window : kWindows) {
    out = embedded(everything(input, window));
    if (out.size() <= limits.bytes_max) break;
  }
  return out;
}

}  // namespace runs

#include "sim/recorder.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "core/base/overloaded.h"
#include "sim/words.h"

namespace sim {

namespace {

std::string_view part_text(io::Part part) {
  switch (part) {
    case io::Part::follower: return "follower";
    case io::Part::candidate: return "candidate";
    case io::Part::leader: return "leader";
  }
  return {};
}

// Shown at its beginning; what it leaves is shown otherwise.
constexpr base::Duration kInstant{};

base::Duration lasting_of(const Action& action) {
  const bool is_instant = action.kind == ActionKind::wall_jump || spoils_a_disk(action.kind) || action.kind == ActionKind::reset_links;
  return is_instant ? kInstant : action.lasting;
}

// Of a network: those who notice. Members come first among the lanes, and clients follow.
std::vector<std::uint32_t> lanes_of(const Action& action, std::uint32_t members) {
  std::vector<std::uint32_t> lanes = {action.member};
  lanes.insert(lanes.end(), action.others.begin(), action.others.end());
  if (action.kind == ActionKind::cut_link) lanes.push_back(members + action.client);
  return lanes;
}

}  // namespace

Recorder::Recorder(io::sim::Simulation& sim, Teller* teller) : sim_(sim), teller_(teller), conversations_(*this, teller) {
  sim_.network().set_wire_listener(&conversations_);
  if (teller_ != nullptr) teller_->tell(*this);
}

void Recorder::add_machine(io::sim::Node& node, bool is_member) {
  const auto lane = static_cast<std::uint32_t>(nodes_.size());
  nodes_.push_back(&node);
  log_lines_.push_back(0);
  lane_by_key_[node.host().key()] = lane;
  conversations_.add_machine(node.name(), is_member);
  story_.lanes.push_back({node.name(), is_member});
}

std::int32_t Recorder::lane_of(base::MemberId id) const {
  const auto found = lane_by_id_.find(id);
  return found == lane_by_id_.end() ? kNoLane : static_cast<std::int32_t>(found->second);
}

void Recorder::add(std::uint32_t lane, StoryKind kind, base::EntryId entry, std::int32_t other, std::string text) {
  story_.events.push_back({now(), lane, kind, entry, other, std::move(text)});
}

void Recorder::on_event(std::uint32_t member, const io::Event& event) {
  const auto of_index = [](base::LogIndex index) { return base::EntryId{base::Term(), index}; };
  std::visit(
      base::Overloaded{
          [&](const io::Appended& e) { add(member, StoryKind::appended, e.id); },
          [&](const io::WroteEntries& e) { add(member, StoryKind::written, e.last); },
          [&](const io::WroteVote& e) { add(member, StoryKind::vote, {e.term, {}}, lane_of(e.voted_for), "on its way to the disk"); },
          [&](const io::WroteStart&) {},
          [&](const io::LogSynced& e) { add(member, StoryKind::log_synced, of_index(e.last)); },
          [&](const io::Committed& e) { add(member, StoryKind::committed, e.id); },
          [&](const io::PartTaken& e) {
            lane_by_id_[e.self] = member;
            add(member, StoryKind::part, {e.term, {}}, lane_of(e.leader), std::string(part_text(e.part)));
          },
          [&](const io::VoteGiven& e) { add(member, StoryKind::vote, {e.term, {}}, lane_of(e.to), "given"); },
          [&](const io::Applied& e) {
            add(member, StoryKind::applied, e.id, kNoLane, teller_ == nullptr ? std::string() : teller_->state_words(e.id.index));
          },
          [&](const io::StoreDurable& e) { add(member, StoryKind::store_durable, of_index(e.mark.applied)); },
          [&](const io::Recovered& e) {
            lane_by_id_[e.self] = member;
            add(member, StoryKind::recovered, e.last);
            if (e.first_kept > base::LogIndex(1)) add(member, StoryKind::log_truncated, of_index(e.first_kept.previous()));
            add(member, StoryKind::store_durable, of_index(e.store.applied));
            add(member, StoryKind::applied, of_index(e.store.applied), kNoLane,
                teller_ == nullptr ? std::string() : teller_->state_words(e.store.applied));
          },
          [&](const io::LogTruncated& e) { add(member, StoryKind::log_truncated, of_index(e.through)); },
          [&](const io::LogReplaced& e) { add(member, StoryKind::log_replaced, e.last); },
          [&](const io::Installed& e) {
            add(member, StoryKind::installed, e.last, kNoLane, teller_ == nullptr ? std::string() : teller_->state_words(e.last.index));
          },
          [&](const io::AppendAnswered&) {},  // a message of its own
          [&](const io::SnapshotRefused& e) {
            add(member, StoryKind::log_line, e.last, lane_of(e.from), "refuses a snapshot: " + std::string(e.why));
          },
          [&](const io::SnapshotBegun& e) { add(member, StoryKind::snapshot_begun, e.last, lane_of(e.to)); },
          [&](const io::SnapshotEnded& e) {
            add(member, StoryKind::snapshot_ended, {}, lane_of(e.to), e.is_complete ? "complete" : "broken off");
          },
          [&](const io::Stopped& e) { add(member, StoryKind::log_line, {}, kNoLane, "stops: " + std::string(e.reason)); },
      },
      event);
}

void Recorder::on_process(std::uint32_t member, StoryKind what, std::string text) { add(member, what, {}, kNoLane, std::move(text)); }

void Recorder::on_action(const Action& action, std::uint32_t members) {
  const base::Duration begin = sim_.now().since_start();
  story_.faults.push_back({begin, begin + lasting_of(action), lanes_of(action, members), std::string(to_text(action.kind)), to_words(action)});
}

void Recorder::on_broken(const Broken& broken) {
  story_.faults.push_back({sim_.now().since_start(), base::Duration::max(), {broken.member}, std::string(to_text(broken.ailment)), to_words(broken)});
}

void Recorder::on_calm() {
  for (StoryFault& fault : story_.faults) fault.end = std::min(fault.end, sim_.now().since_start());
}

void Recorder::on_turn_end() {
  // The turn has been counted, so it is the last one.
  const io::sim::Turn& last = sim_.turns().last();
  const StoryMoment when{last.at.since_start(), last.number};
  const auto found = lane_by_key_.find(last.node);
  const std::uint32_t lane = found == lane_by_key_.end() ? 0 : found->second;
  const io::sim::FaultCounters& counters = sim_.counters();
  for (std::size_t i = 0; i < io::sim::kFaultKindCount; ++i) {
    const auto kind = static_cast<io::sim::FaultKind>(i);
    const std::uint64_t more = counters[kind] - counted_[kind];
    if (more == 0) continue;
    counted_.count(kind, more);
    // What no machine's turn met is a crash, which is told otherwise, or a dial that nobody answers.
    if (found == lane_by_key_.end()) continue;
    story_.events.push_back({when, lane, StoryKind::fault, {}, kNoLane, std::string(io::sim::to_text(kind))});
  }
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const std::vector<io::sim::LogLine>& log = nodes_[i]->observation().log;
    for (; log_lines_[i] < log.size(); ++log_lines_[i]) {
      const io::sim::LogLine& line = log[log_lines_[i]];
      story_.events.push_back({when, static_cast<std::uint32_t>(i), StoryKind::log_line, {}, kNoLane, line.text});
    }
  }
}

void Recorder::on_asked(const OperationName& operation, std::string what) {
  open_[operation] = story_.operations.size();
  story_.operations.push_back({operation, std::move(what), now(), {}, OperationEnd::unknown, {}});
}

void Recorder::on_ended(const OperationName& operation, OperationEnd end, std::string answer) {
  const auto found = open_.find(operation);
  if (found == open_.end()) return;
  StoryOperation& told = story_.operations[found->second];
  told.ended = now();
  told.end = end;
  told.answer = std::move(answer);
  open_.erase(found);
}

// Who begins does not know the others yet, and calls them by their ids.
void Recorder::name_members() {
  for (StoryEvent& event : story_.events) {
    if (event.kind != StoryKind::group) continue;
    for (const auto& [id, lane] : lane_by_id_) {
      const std::string text = base::to_text(id);
      const std::size_t at = event.text.find(text);
      if (at != std::string::npos) event.text.replace(at, text.size(), story_.lanes[lane].name);
    }
  }
}

Story Recorder::take(const Verdict& verdict, const Subject& subject) {
  name_members();
  story_.messages = conversations_.take();
  story_.end = {sim_.now().since_start(), sim_.turns().count()};
  story_.subject = subject;
  if (!story_.subject.operation && teller_ != nullptr && subject.index != base::LogIndex()) story_.subject.operation = teller_->asked_by(subject.index);
  story_.promise = promise_of(verdict.oracle);
  if (story_.promise.empty() && teller_ != nullptr) story_.promise = teller_->promise(verdict.oracle);
  for (StoryFault& fault : story_.faults) fault.end = std::min(fault.end, story_.end.at);
  return std::move(story_);
}

}  // namespace sim

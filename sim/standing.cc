#include "sim/standing.h"

#include <algorithm>

#include "core/base/assert.h"
#include "sim/words.h"

namespace sim {

namespace {

// What was in memory only.
void forget(MemberStanding& member) {
  member.is_ready = false;
  member.part.clear();
  member.leader = kNoLane;
  member.committed = member.applied = {};
  member.holds.clear();
  member.snapshots_to.clear();
  member.last.index = std::min(member.last.index, member.durable);
}

void end(MemberStanding& member, std::string why) {
  member.is_up = false;
  member.why = std::move(why);
  forget(member);
}

void hold(MemberStanding& member, const StoryEvent& event) {
  member.applied = event.entry.index;
  if (!event.text.empty()) member.holds = event.text;
}

void fold(MemberStanding& member, const StoryEvent& event) {
  const base::LogIndex index = event.entry.index;
  switch (event.kind) {
    case StoryKind::started:
      member.is_up = true;
      member.is_ready = false;
      return;
    case StoryKind::ready: member.is_ready = true; return;
    case StoryKind::crashed:
    case StoryKind::stopped: return end(member, event.text);
    case StoryKind::retired: return end(member, "removed from the group");
    case StoryKind::wiped:
      member = {};
      member.why = "an empty disk";
      return;
    case StoryKind::recovered:
      member.last = event.entry;
      member.durable = index;
      member.term = std::max(member.term, event.entry.term);
      return;
    case StoryKind::part:
      member.part = event.text;
      member.term = event.entry.term;
      member.leader = event.other;
      return;
    case StoryKind::vote:
      member.voted_for = event.other;
      member.vote_term = event.entry.term;
      member.term = std::max(member.term, event.entry.term);
      return;
    case StoryKind::appended:
      member.last = event.entry;
      member.durable = std::min(member.durable, index.previous());
      return;
    case StoryKind::log_synced: member.durable = index; return;
    case StoryKind::committed: member.committed = index; return;
    case StoryKind::applied: return hold(member, event);
    case StoryKind::store_durable: member.store_durable = index; return;
    case StoryKind::log_truncated: member.first = index.next(); return;
    case StoryKind::log_replaced:
      member.last = event.entry;
      member.first = index.next();
      member.committed = std::max(member.committed, index);
      return;
    case StoryKind::installed:
      member.store_durable = index;
      member.durable = std::max(member.durable, index);
      return hold(member, event);
    case StoryKind::snapshot_begun: member.snapshots_to.push_back(event.other); return;
    case StoryKind::snapshot_ended:
      member.snapshots_to.erase(std::remove(member.snapshots_to.begin(), member.snapshots_to.end(), event.other), member.snapshots_to.end());
      return;
    case StoryKind::group: member.group = event.text; return;
    case StoryKind::written:
    case StoryKind::fault:
    case StoryKind::log_line: return;
  }
  ASSERT(false && "a kind outside the enumeration");
}

std::string lane_name(const Story& story, std::int32_t lane) {
  return lane == kNoLane ? "nobody that is known here" : story.lanes[static_cast<std::size_t>(lane)].name;
}

void add_member(std::string& out, const Story& story, const MemberStanding& member, const MachineStanding* machine) {
  if (member.is_up) {
    out += member.is_ready ? "serves" : "opens its files";
  } else {
    out += "down: " + member.why;
  }
  if (machine != nullptr && machine->incarnation > 0) {
    out += ", process " + std::to_string(machine->incarnation);
    if (machine->is_up) {
      out += "; its clock: " + seconds_text(machine->clock) + ", " + std::to_string(machine->wall.nanoseconds) + " ns since 1970";
      if (machine->busy > base::Duration::zero()) out += "; busy for another " + seconds_text(machine->busy);
    }
  }
  out += "\n  raft: " + (member.part.empty() ? "no part yet" : member.part) + ", term " + base::to_text(member.term);
  if (member.part == "follower") out += ", leader: " + (member.leader == kNoLane ? "unknown" : lane_name(story, member.leader));
  if (member.vote_term != base::Term()) {
    out += ", voted in term " + base::to_text(member.vote_term) + " for " + (member.voted_for == kNoLane ? "nobody" : lane_name(story, member.voted_for));
  }
  const base::LogIndex first = std::max(member.first, base::LogIndex(1));
  out += "\n  log: ";
  if (member.last.index < first) out += "empty behind index " + base::to_text(first.previous());
  else out += "indices " + base::to_text(first) + " to " + base::to_text(member.last.index) + ", of which the last is of term " + base::to_text(member.last.term);
  out += "; durable up to " + base::to_text(member.durable) + ", committed " + base::to_text(member.committed) + ", applied " +
         base::to_text(member.applied) + ", store durable up to " + base::to_text(member.store_durable);
  if (!member.holds.empty()) out += "\n  holds: " + member.holds;
  if (!member.group.empty()) out += "\n  group: " + member.group;
  for (const std::int32_t to : member.snapshots_to) out += "\n  sends a snapshot to " + lane_name(story, to);
  if (machine == nullptr) {
    out += "\n";
    return;
  }
  for (const std::string& job : machine->jobs) out += "\n  job under way: " + job;
  out += "\n  files:" + std::string(machine->files.empty() ? " none" : "");
  for (const io::sim::FileStanding& file : machine->files) out += "\n    " + io::sim::to_text(file);
  out += "\n";
}

}  // namespace

MachineStanding standing_of(io::sim::Node& node, io::sim::VirtualTime now) {
  MachineStanding out;
  out.is_up = node.is_up();
  out.incarnation = node.incarnation();
  if (out.is_up) {
    out.clock = node.world().clock.now().since_start();
    out.wall = node.world().clock.wall_now();
    out.jobs = node.running_jobs();
    if (node.host().ready_at() > now) out.busy = node.host().ready_at() - now;
  }
  out.files = node.files();
  return out;
}

std::vector<MemberStanding> standings(const Story& story) {
  std::vector<MemberStanding> out;
  for (const StoryLane& lane : story.lanes) {
    if (lane.is_member) out.emplace_back();
  }
  for (const StoryEvent& event : story.events) {
    if (event.lane < out.size()) fold(out[event.lane], event);
  }
  return out;
}

std::string standing_text(const Story& story, const std::vector<MachineStanding>& machines) {
  std::string out = "turn " + std::to_string(story.end.turn) + ", " + seconds_text(story.end.at) + " after the run began\n";
  const std::vector<MemberStanding> members = standings(story);
  for (std::size_t i = 0; i < members.size(); ++i) {
    out += "\n" + story.lanes[i].name + " ";
    add_member(out, story, members[i], i < machines.size() ? &machines[i] : nullptr);
  }
  out += "\nwhat goes wrong just now:";
  const std::size_t nothing = out.size();
  for (const StoryFault& fault : story.faults) {
    if (fault.begin <= story.end.at && fault.end >= story.end.at && fault.end > fault.begin) out += "\n  since " + seconds_text(fault.begin) + ": " + fault.text;
  }
  out += out.size() == nothing ? " nothing that was planned\n" : "\n";
  out += "\nclients wait for:";
  const std::size_t nobody = out.size();
  for (const StoryOperation& one : story.operations) {
    if (one.ended.turn > 0) continue;
    out += "\n  client " + std::to_string(one.name.client) + ", operation " + std::to_string(one.name.number) + ": " + one.what + " (asked " +
           seconds_text(one.asked.at) + ", turn " + std::to_string(one.asked.turn) + ")";
  }
  out += out.size() == nobody ? " nothing\n" : "\n";
  out += "\non the wire:";
  const std::size_t silent = out.size();
  for (const StoryMessage& one : story.messages) {
    if (one.fate != MessageFate::under_way) continue;
    out += "\n  " + story.lanes[one.from].name + " to " + story.lanes[one.to].name + ", " + std::string(to_text(one.kind)) + ": " + one.text + " (sent " +
           seconds_text(one.sent.at) + ", turn " + std::to_string(one.sent.turn) + ")";
  }
  out += out.size() == silent ? " nothing\n" : "\n";
  return out;
}

}  // namespace sim

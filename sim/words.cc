#include "sim/words.h"

#include <cstdio>
#include <cstdlib>
#include <utility>
#include <vector>

#include "core/base/assert.h"
#include "core/base/overloaded.h"

namespace sim {

namespace {

std::string list_of(const std::vector<std::uint32_t>& members) {
  std::string out;
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (i > 0) out += i + 1 == members.size() ? " and " : ", ";
    out += member_name(members[i]);
  }
  return out;
}

std::string each_of(const std::vector<std::uint32_t>& members) { return (members.size() == 1 ? "" : "each of ") + list_of(members); }

std::string everybody_in(const Action& action) {
  std::vector<std::uint32_t> all = {action.member};
  all.insert(all.end(), action.others.begin(), action.others.end());
  return list_of(all);
}

std::string moment_words(const Action& action) {
  const bool is_alone = action.others.empty();
  const std::string whose = is_alone ? "its" : member_name(action.member) + "'s";
  const std::string at = is_alone ? "" : " at one instant,";
  switch (action.moment) {
    case Moment::any: return is_alone ? "" : " at one instant";
    case Moment::syncing: return at + " while a sync of " + whose + " log is in flight";
    case Moment::storing: return at + " while a job of " + whose + " store is running";
    case Moment::recovering: return at + " during " + whose + " recovery";
    case Moment::changing: return at + " while a change of the group is in " + whose + " log and not committed";
  }
  ASSERT(false && "a moment outside the enumeration");
  return {};
}

std::string part_words(Part part) {
  switch (part) {
    case Part::store_wal: return "the files that the store writes first";
    case Part::log: return "the log";
    case Part::store: return "the store";
  }
  ASSERT(false && "a part outside the enumeration");
  return {};
}

std::string partition_words(const Action& action) {
  const std::string self = member_name(action.member);
  const std::string others = list_of(action.others);
  switch (action.shape) {
    case Shape::halves: return everybody_in(action) + (action.others.empty() ? " is" : " are") + " cut off from the other members";
    case Shape::outgoing: return "what " + self + " sends to " + others + " does not arrive";
    case Shape::incoming: return "what " + others + (action.others.size() == 1 ? " sends to " : " send to ") + self + " does not arrive";
    case Shape::bridge: return others + (action.others.size() == 1 ? " and all others but " : " and all other members but ") + self + " do not see each other";
    case Shape::pairs: return self + " does not see " + others + (action.others.size() == 1 ? ", nor it " : ", nor they ") + self;
  }
  ASSERT(false && "a shape outside the enumeration");
  return {};
}

std::string entry_words(base::EntryId id) {
  if (id.index == base::LogIndex()) return "the beginning";
  return base::to_text(id.index) + " (term " + base::to_text(id.term) + ")";
}

struct RateWords {
  std::string_view name;
  std::string_view of;    // of a million …
  std::string_view what;  // … so many do this
};
constexpr RateWords kRates[] = {
    {"disk.read_error", "reads from a disk", "fail"},
    {"disk.write_error", "writes to a disk", "fail"},
    {"disk.sync_error", "syncs of a disk", "fail"},
    {"disk.metadata_error", "opens, renames and removes", "fail"},
    {"disk.no_space", "writes that need room", "find the disk full"},
    {"disk.slow", "disk calls", "take up to a second"},
    {"disk.hung", "disk calls", "hang for seconds"},
    {"disk.mixed_write", "unsynced writes, at a power loss,", "survive sector by sector instead of whole or not at all"},
    {"disk.lost_sector", "unsynced sectors, at a power loss,", "are lost"},
    {"disk.torn_sector", "unsynced sectors that survive a power loss", "are torn"},
    {"disk.lost_name", "unsynced creations and renames, at a power loss,", "are lost"},
    {"disk.kept_size", "files, at a power loss,", "have the size that they had"},
    {"disk.dropped_sector", "sectors of a sync that failed", "never reach the disk"},
    {"disk.reverted_sync", "syncs that fail", "leave the file as the disk has it, and not as it was written"},
    {"link.reset", "writes to a connection", "reset it"},
    {"link.stall", "writes to a connection", "arrive up to two seconds late"},
    {"link.split", "writes to a connection", "arrive in two parts"},
    {"node.half_open", "connections of a machine that loses its power", "stay open at the other end, which is not told"},
    {"peer.corrupt", "writes between members", "have a byte changed on their way"},
};

struct Promise {
  std::string_view oracle;
  std::string_view text;
};
constexpr Promise kPromises[] = {
    {"log matching", "an entry of one term and index is the same entry in everybody's log, with the same past"},
    {"committed entries", "what was committed once stays in the log, at its place, whatever crashes"},
    {"configurations", "all members agree on who belongs to the group"},
    {"changes of the group", "the group changes one step at a time, and each step has a majority of both groups"},
    {"durability", "an entry is called committed only when it lies on the disks of a majority, where no power loss can take it"},
    {"raft", "each term has at most one leader, and a leader has everything that was committed before"},
    {"state hash", "the same log makes the same state on every member, also after a crash"},
    {"election timer", "a member that gave its vote waits before it campaigns itself"},
    {"votes", "a vote is on the voter's disk before the candidate hears of it, and there is one vote in a term"},
    {"recovery", "a member starts again from its own files, unless a disk has spoilt them"},
    {"progress", "once all faults have ended the group serves again, and every client gets its answers"},
    {"process", "the code under test does not end itself"},
};

}  // namespace

std::string seconds_text(base::Duration time) {
  const auto nanoseconds = static_cast<double>(time.count());
  char text[40];
  if (std::abs(time.count()) >= 1'000'000'000) std::snprintf(text, sizeof text, "%.3f s", nanoseconds / 1e9);
  else if (std::abs(time.count()) >= 1'000'000) std::snprintf(text, sizeof text, "%.0f ms", nanoseconds / 1e6);
  else std::snprintf(text, sizeof text, "%.0f µs", nanoseconds / 1e3);
  return text;
}

std::string to_words(const Action& action) {
  const std::string self = member_name(action.member);
  const std::string time = seconds_text(action.lasting);
  const bool is_alone = action.others.empty();
  switch (action.kind) {
    case ActionKind::power_loss:
      return everybody_in(action) + (is_alone ? " loses its power" : " lose their power") + moment_words(action) +
             (is_alone ? ", and is back " : ", and are back about ") + time + " later";
    case ActionKind::process_kill:
      return (is_alone ? "the process of " : "the processes of ") + everybody_in(action) + (is_alone ? " is killed" : " are killed") +
             moment_words(action) + (is_alone ? ", and started again " : ", and started again about ") + time + " later";
    case ActionKind::pause: return self + " executes nothing for " + time;
    case ActionKind::cut_link: return "the link between " + self + " and client c" + std::to_string(action.client) + " is cut for " + time;
    case ActionKind::disk_full: return self + "'s disk is full for " + time;
    case ActionKind::disk_hang: return "every disk call of " + self + " takes up to a second, for " + time;
    case ActionKind::wall_jump: return self + "'s wall clock jumps " + (action.is_back ? "back" : "forward") + " by " + time;
    case ActionKind::bit_rot: return "a bit changes in " + part_words(action.part) + " of " + self;
    case ActionKind::misdirected_write:
      return "the next write to " + part_words(action.part) + " of " + self + " reaches the disk at another place of that file";
    case ActionKind::lost_disk: return self + " loses its power, and its disk with all that is on it";
    case ActionKind::clock_drift:
      return self + "'s clocks run " + (action.ppm < 0 ? "slow" : "fast") + " by " + std::to_string(std::abs(action.ppm)) + " µs in a second, for " + time;
    case ActionKind::partition: return partition_words(action) + ", for " + time;
    case ActionKind::slow_links: {
      std::string out = "what goes between " + self + " and " + each_of(action.others) + " takes at least " + seconds_text(action.delay);
      if (action.bytes_per_second > 0) out += ", and no more than " + std::to_string(action.bytes_per_second / 1000) + " kB go one way in a second";
      return out + ", for " + time;
    }
    case ActionKind::cut_leader:
      return "with whoever leads" + std::string(action.moment == Moment::changing ? ", once its log has a change of the group that is not committed," : "") +
             " in the place of " + self + ": " + partition_words(action) + ", for " + time;
    case ActionKind::reset_links: return "all connections between " + self + " and " + each_of(action.others) + " are reset";
  }
  ASSERT(false && "a kind outside the enumeration");
  return {};
}

std::string to_words(const Broken& broken) {
  const std::string self = member_name(broken.member);
  switch (broken.ailment) {
    case Ailment::down: return self + " loses its power, and never comes back";
    case Ailment::cut_off: return self + " stays cut off from all other members; clients reach it";
    case Ailment::isolated: return self + " stays cut off from everybody";
    case Ailment::hanging: return "no disk call of " + self + " ever ends";
  }
  ASSERT(false && "an ailment outside the enumeration");
  return {};
}

std::string rate_words(std::string_view name, std::uint64_t per_million) {
  for (const RateWords& rate : kRates) {
    if (rate.name == name) return "of a million " + std::string(rate.of) + " " + std::to_string(per_million) + " " + std::string(rate.what);
  }
  return std::string(name) + ": " + std::to_string(per_million) + " in a million";
}

MessageWords to_words(const raft::Message& message) {
  return std::visit(
      base::Overloaded{
          [](const raft::VoteRequest& m) -> MessageWords {
            const std::string log = "; my log ends with " + entry_words(m.last);
            if (m.is_pre_vote) return {MessageKind::vote, "would you vote for me in term " + base::to_text(m.term) + "?" + log};
            return {MessageKind::vote, "vote for me in term " + base::to_text(m.term) + (m.is_transfer ? ", as the leader wants it" : "") + log};
          },
          [](const raft::VoteReply& m) -> MessageWords {
            const std::string yes = m.is_pre_vote ? "I would vote for you in term " : "you have my vote in term ";
            const std::string no = m.is_pre_vote ? "I would not vote for you: I am in term " : "you do not have my vote: I am in term ";
            return {MessageKind::vote, (m.is_granted ? yes : no) + base::to_text(m.term)};
          },
          [](const raft::Append& m) -> MessageWords {
            const std::string committed = "committed is everything up to " + base::to_text(m.committed);
            if (m.is_news_only) return {MessageKind::append, committed};
            if (m.entries.empty()) return {MessageKind::append, "is " + entry_words(m.previous) + " in your log? " + committed};
            const std::string first = base::to_text(m.entries.front().id.index);
            const std::string last = base::to_text(m.entries.back().id.index);
            const std::string what = first == last ? "entry " + first : "entries " + first + " to " + last;
            return {MessageKind::append, what + ", behind " + entry_words(m.previous) + "; " + committed};
          },
          [](const raft::Snapshot& m) -> MessageWords { return {MessageKind::snapshot, "the whole state, up to " + entry_words(m.last) + ", follows"}; },
          [](const raft::AppendReply& m) -> MessageWords {
            if (m.is_accepted) return {MessageKind::reply, "my disk has everything up to " + base::to_text(m.index)};
            return {MessageKind::reply, "I do not have " + base::to_text(m.index) + "; what I have ends with " + entry_words(m.hint)};
          },
          [](const raft::Heartbeat& m) -> MessageWords {
            return {MessageKind::heartbeat, "I lead; committed is everything up to " + base::to_text(m.committed) + " (round " + std::to_string(m.round.value) + ")"};
          },
          [](const raft::HeartbeatReply& m) -> MessageWords {
            return {MessageKind::heartbeat, "I follow (round " + std::to_string(m.round.value) + ")"};
          },
          [](const raft::ForwardedProposal& m) -> MessageWords {
            return {MessageKind::proposal, "please take into the log: " + std::to_string(m.items.size()) + (m.items.size() == 1 ? " command" : " commands")};
          },
          [](const raft::ForwardedRead&) -> MessageWords { return {MessageKind::read, "which index do I have to have applied before I may answer a read?"}; },
          [](const raft::ReadReply& m) -> MessageWords { return {MessageKind::read, "answer the read once you have applied index " + base::to_text(m.index)}; },
          [](const raft::TimeoutNow&) -> MessageWords { return {MessageKind::vote, "take over from me: campaign at once"}; },
      },
      message);
}

std::string_view promise_of(std::string_view oracle) {
  for (const Promise& promise : kPromises) {
    if (promise.oracle == oracle) return promise.text;
  }
  return {};
}

}  // namespace sim

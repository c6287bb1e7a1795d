// sim/story.h: what happened in a run, as somebody tells it who saw everything: members, clients, messages, faults.
//
// Kept only when it is asked for (RunOptions::keep_story). Everything is in the order of the turns in which it happened.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/ids.h"
#include "core/base/time.h"
#include "sim/teller.h"
#include "sim/verdict.h"

namespace sim {

// A machine: members first, then clients.
struct StoryLane {
  std::string name;
  bool is_member = false;
};
inline constexpr std::int32_t kNoLane = -1;

// An instant of a run. Turns count from 1.
struct StoryMoment {
  base::Duration at{};
  std::uint64_t turn = 0;
};

// What members say (io/observer.h), and what happens to their processes.
enum class StoryKind : std::uint8_t {
  started,         // a process
  ready,           // it serves
  crashed,         // `text`: how
  stopped,         // it gave up, and was ended; `text`: why
  retired,         // it was removed from the group, and ended
  wiped,           // the disk is an empty one
  recovered,       // its files are open; the log ends with term and index
  part,            // in consensus: `text` is follower, candidate or leader; `other` is the leader that it knows
  vote,            // for `other`, in the term
  appended,        // the entry stands in its log, in memory
  written,         // entries up to this one are on their way to the disk
  log_synced,      // its log is durable up to this index, it says
  committed,       // it promises that
  applied,         // `text`: what the tenant holds now
  store_durable,   // up to this index
  log_truncated,   // from the front, through this index
  log_replaced,    // by a snapshot that ends with this entry
  installed,       // the store of a snapshot that ends with this entry
  snapshot_begun,  // one with this last entry is on its way to `other`
  snapshot_ended,  // `text`: complete, or broken off
  group,           // `text`: the one that its log names last
  fault,           // that was counted in a turn of this machine; `text`: which
  log_line,        // `text`: for operators
};
inline constexpr std::size_t kStoryKindCount = static_cast<std::size_t>(StoryKind::log_line) + 1;
std::string_view to_text(StoryKind kind);

struct StoryEvent {
  StoryMoment when;
  std::uint32_t lane = 0;
  StoryKind kind = StoryKind::started;
  base::EntryId entry;  // term, index, or both
  std::int32_t other = kNoLane;
  std::string text;
};

enum class MessageKind : std::uint8_t {
  vote,       // asked for or answered, and the order to campaign
  append,     // of a leader: entries
  reply,      // to an append
  heartbeat,  // and its answer
  proposal,   // forwarded to the leader
  read,       // index, asked for or answered
  snapshot,
  request,    // of a client
  answer,     // to it
  error,      // likewise
  other,      // nobody knows
};
inline constexpr std::size_t kMessageKindCount = static_cast<std::size_t>(MessageKind::other) + 1;
std::string_view to_text(MessageKind kind);

enum class MessageFate : std::uint8_t {
  under_way,  // when the run ended
  read,
  lost,       // its connection was, or its reader
};

struct StoryMessage {
  std::uint32_t from = 0;  // lanes
  std::uint32_t to = 0;
  MessageKind kind = MessageKind::other;
  MessageFate fate = MessageFate::under_way;
  StoryMoment sent;
  StoryMoment ended;  // unless it is under way
  base::Term term;    // of raft's messages
  std::string text;
};

// An action of the plan, as it was performed.
struct StoryFault {
  base::Duration begin{};
  base::Duration end{};
  std::vector<std::uint32_t> lanes;
  std::string kind;
  std::string text;
};

struct StoryOperation {
  OperationName name;
  std::string what;
  StoryMoment asked;
  StoryMoment ended;       // turn 0: it was not, before the run was
  OperationEnd end = OperationEnd::unknown;
  std::string answer;
};

struct Story {
  std::vector<StoryLane> lanes;
  std::vector<StoryEvent> events;
  std::vector<StoryMessage> messages;  // in the order of sending
  std::vector<StoryFault> faults;
  std::vector<StoryOperation> operations;
  StoryMoment end;        // of the run: of the finding, when there is one
  Subject subject;        // of the finding
  std::string promise;    // what the oracle that found it watches over
};

}  // namespace sim

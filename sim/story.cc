#include "sim/story.h"

#include "core/base/assert.h"

namespace sim {

std::string_view to_text(StoryKind kind) {
  switch (kind) {
    case StoryKind::started: return "started";
    case StoryKind::ready: return "ready";
    case StoryKind::crashed: return "crashed";
    case StoryKind::stopped: return "stopped";
    case StoryKind::retired: return "retired";
    case StoryKind::wiped: return "wiped";
    case StoryKind::recovered: return "recovered";
    case StoryKind::part: return "part";
    case StoryKind::vote: return "vote";
    case StoryKind::appended: return "appended";
    case StoryKind::written: return "written";
    case StoryKind::log_synced: return "log_synced";
    case StoryKind::committed: return "committed";
    case StoryKind::applied: return "applied";
    case StoryKind::store_durable: return "store_durable";
    case StoryKind::log_truncated: return "log_truncated";
    case StoryKind::log_replaced: return "log_replaced";
    case StoryKind::installed: return "installed";
    case StoryKind::snapshot_begun: return "snapshot_begun";
    case StoryKind::snapshot_ended: return "snapshot_ended";
    case StoryKind::group: return "group";
    case StoryKind::fault: return "fault";
    case StoryKind::log_line: return "log_line";
  }
  ASSERT(false && "a kind outside the enumeration");
  return {};
}

std::string_view to_text(MessageKind kind) {
  switch (kind) {
    case MessageKind::vote: return "vote";
    case MessageKind::append: return "append";
    case MessageKind::reply: return "reply";
    case MessageKind::heartbeat: return "heartbeat";
    case MessageKind::proposal: return "proposal";
    case MessageKind::read: return "read";
    case MessageKind::snapshot: return "snapshot";
    case MessageKind::request: return "request";
    case MessageKind::answer: return "answer";
    case MessageKind::error: return "error";
    case MessageKind::other: return "other";
  }
  ASSERT(false && "a kind outside the enumeration");
  return {};
}

}  // namespace sim

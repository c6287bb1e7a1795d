#include "core/raft/message.h"

#include "core/base/overloaded.h"

namespace raft {

namespace {

std::string text(base::Term term) { return " term=" + base::to_text(term); }

std::string kind_text(base::EntryKind kind) {
  switch (kind) {
    case base::EntryKind::empty: return "empty";
    case base::EntryKind::command: return "command";
    case base::EntryKind::configuration: return "configuration";
  }
  return "?";
}

}  // namespace

base::Term term_of(const Message& message) {
  return std::visit([](const auto& one) { return one.term; }, message);
}

std::string to_text(const base::Entry& entry) { return to_text(entry.id) + ":" + kind_text(entry.kind); }

std::string to_text(const Message& message) {
  return std::visit(
      base::Overloaded{
          [](const VoteRequest& m) {
            return std::string(m.is_pre_vote ? "pre-vote-request" : "vote-request") + text(m.term) + " last=" + to_text(m.last) +
                   (m.is_transfer ? " transfer" : "");
          },
          [](const VoteReply& m) {
            return std::string(m.is_pre_vote ? "pre-vote-reply" : "vote-reply") + text(m.term) + (m.is_granted ? " granted" : " refused");
          },
          [](const Append& m) {
            std::string out = "append" + text(m.term) + " previous=" + to_text(m.previous) + " committed=" + to_text(m.committed);
            for (const base::Entry& entry : m.entries) out += " " + to_text(entry);
            if (m.is_news_only) out += " news";
            return out;
          },
          [](const Snapshot& m) { return "snapshot" + text(m.term) + " last=" + to_text(m.last); },
          [](const AppendReply& m) {
            return "append-reply" + text(m.term) + (m.is_accepted ? " matched=" : " rejected=") + to_text(m.index) +
                   (m.is_accepted ? "" : " hint=" + to_text(m.hint));
          },
          [](const Heartbeat& m) {
            return "heartbeat" + text(m.term) + " committed=" + to_text(m.committed) + " round=" + std::to_string(m.round.value);
          },
          [](const HeartbeatReply& m) { return "heartbeat-reply" + text(m.term) + " round=" + std::to_string(m.round.value); },
          [](const ForwardedProposal& m) { return "proposal" + text(m.term) + " items=" + std::to_string(m.items.size()); },
          [](const ForwardedRead& m) { return "read" + text(m.term) + " token=" + std::to_string(m.token.value); },
          [](const ReadReply& m) {
            return "read-reply" + text(m.term) + " token=" + std::to_string(m.token.value) + " index=" + to_text(m.index);
          },
          [](const TimeoutNow& m) { return "timeout-now" + text(m.term); },
      },
      message);
}

}  // namespace raft

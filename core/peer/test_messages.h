// core/peer/test_messages.h: messages for tests, what they are word for word, and whether raft may be given them.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/overloaded.h"
#include "core/raft/message.h"

namespace peer::testing {

inline std::shared_ptr<const std::string> bytes(std::string_view text) { return std::make_shared<const std::string>(text); }
inline base::EntryId entry_id(std::uint64_t term, std::uint64_t index) { return {base::Term(term), base::LogIndex(index)}; }

inline raft::Configuration sample_configuration() {
  return {{{base::MemberId(1), false, "one", true, false},
           {base::MemberId(2), true, "", false, false},
           {base::MemberId(7), false, "seven", true, true}}};
}

inline raft::Append sample_append(std::string_view data) {
  return {base::Term(9),
          entry_id(7, 100),
          {{entry_id(7, 101), base::EntryKind::command, bytes(data)},
           {entry_id(9, 102), base::EntryKind::empty, nullptr},
           {entry_id(9, 103), base::EntryKind::configuration, bytes(raft::encode(sample_configuration()))}},
          base::LogIndex(4'000'000'000)};
}

// One of each alternative, and each of its forms.
inline std::vector<raft::Message> sample_messages() {
  return {raft::VoteRequest{base::Term(3), true, false, entry_id(2, 5)},
          raft::VoteRequest{base::Term(1), false, true, {}},
          raft::VoteReply{base::Term(3), true, true},
          raft::VoteReply{base::Term(), false, false},
          raft::Append{base::Term(1), {}, {}, {}},
          raft::Append{base::Term(1), entry_id(1, 3), {}, base::LogIndex(3), true},
          sample_append("hello"),
          raft::Snapshot{base::Term(9), entry_id(9, 1000), sample_configuration()},
          raft::AppendReply{base::Term(4), true, base::LogIndex(77), {}},
          raft::AppendReply{base::Term(4), false, base::LogIndex(77), entry_id(3, 70)},
          raft::Heartbeat{base::Term(4), base::LogIndex(12), raft::Round{99}},
          raft::HeartbeatReply{base::Term(4), raft::Round{UINT64_MAX}},
          raft::ForwardedProposal{base::Term(4), {{base::EntryKind::command, bytes("a")}, {base::EntryKind::empty, nullptr}}},
          raft::ForwardedRead{base::Term(4), raft::ReadToken{UINT64_MAX}},
          raft::ReadReply{base::Term(4), raft::ReadToken{3}, base::LogIndex(8)},
          raft::TimeoutNow{base::Term(4)}};
}

// Everything that the message says. Two messages with one text are the same.
inline std::string full_text(const raft::Message& message) {
  const auto data_text = [](const std::shared_ptr<const std::string>& data) { return data ? " \"" + *data + "\"" : std::string(" -"); };
  std::string out = raft::to_text(message);
  std::visit(base::Overloaded{[&](const raft::VoteRequest& m) { out += m.is_transfer ? " T" : " -"; },
                              [&](const raft::Append& m) {
                                for (const base::Entry& entry : m.entries) out += data_text(entry.data);
                              },
                              [&](const raft::Snapshot& m) { out += raft::encode(m.configuration); },
                              [&](const raft::AppendReply& m) { out += " " + base::to_text(m.hint); },
                              [&](const raft::ForwardedProposal& m) {
                                for (const raft::ProposalItem& item : m.items) {
                                  out += " " + std::to_string(static_cast<int>(item.kind)) + data_text(item.data);
                                }
                              },
                              [](const auto&) {}},
             message);
  return out;
}

// What core/raft/message.h asks, said a second time.
inline bool is_valid(const raft::Message& message) {
  const auto is_id = [](base::EntryId id) { return (id.term.value() == 0) == (id.index.value() == 0); };
  const auto* const reply = std::get_if<raft::VoteReply>(&message);
  if (raft::term_of(message) == base::Term() && (reply == nullptr || reply->is_granted)) return false;
  if (raft::term_of(message).value() > std::uint64_t{1} << 62U) return false;
  return std::visit(
      base::Overloaded{[&](const raft::VoteRequest& m) { return is_id(m.last) && m.last.term < m.term; },
                       [&](const raft::Append& m) {
                         if (!is_id(m.previous) || m.previous.term > m.term) return false;
                         if (m.is_news_only && !m.entries.empty()) return false;
                         base::EntryId before = m.previous;
                         for (const base::Entry& entry : m.entries) {
                           if (entry.id.index.value() != before.index.value() + 1) return false;
                           if (entry.id.term < before.term || entry.id.term > m.term) return false;
                           if (entry.id.term == base::Term() || static_cast<int>(entry.kind) > 2) return false;
                           if (entry.data != nullptr && entry.data->empty()) return false;
                           if (entry.kind == base::EntryKind::configuration && !raft::decode_configuration(entry.bytes())) return false;
                           before = entry.id;
                         }
                         return true;
                       },
                       [&](const raft::Snapshot& m) {
                         return is_id(m.last) && m.last != base::EntryId{} && m.last.term <= m.term && m.configuration.voter_count() > 0;
                       },
                       [&](const raft::AppendReply& m) {
                         return is_id(m.hint) && m.hint.term <= m.term && (!m.is_accepted || m.hint == base::EntryId{});
                       },
                       [&](const raft::ForwardedProposal& m) {
                         for (const raft::ProposalItem& item : m.items) {
                           if (item.kind != base::EntryKind::command && item.kind != base::EntryKind::empty) return false;
                         }
                         return true;
                       },
                       [](const auto&) { return true; }},
      message);
}

}  // namespace peer::testing

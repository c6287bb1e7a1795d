#include "core/peer/message_codec.h"

#include <algorithm>
#include <functional>

#include "core/peer/peer.pb.h"
#include "core/peer/test_messages.h"
#include "property_tests/property.h"

namespace peer::testing {

namespace {

namespace wire = ::lockstep::peer;

std::string encoded(const raft::Message& message) {
  std::string out;
  encode(message, out);
  return out;
}

std::string data_gen() {
  // Now and then as long as a length of two or three bytes says.
  const std::size_t size = *rc::gen::element<std::size_t>(0, 1, 5, 127, 128, 20'000);
  return std::string(size, *rc::gen::arbitrary<char>());
}

std::shared_ptr<const std::string> maybe_bytes_gen() {
  std::string data = data_gen();
  return data.empty() ? nullptr : std::make_shared<const std::string>(std::move(data));
}

raft::Configuration configuration_gen() {
  raft::Configuration out;
  const int count = *rc::gen::inRange(1, 6);
  for (int i = 0; i < count; ++i) {
    raft::Member member{base::MemberId(static_cast<std::uint64_t>(3 * i + 1)), i > 0 && *rc::gen::arbitrary<bool>(), data_gen()};
    member.is_outgoing = *rc::gen::arbitrary<bool>();
    member.is_leaving = i > 0 && member.is_outgoing && !member.is_learner && *rc::gen::arbitrary<bool>();
    out.members.push_back(std::move(member));
  }
  return out;
}

std::uint64_t number_gen() { return *rc::gen::element<std::uint64_t>(1, 2, 127, 128, 300, 1U << 30U, std::uint64_t{1} << 61U); }

// Of a term up to `last`.
base::EntryId id_gen(std::uint64_t last_term) {
  if (last_term == 0 || *rc::gen::inRange(0, 5) == 0) return {};
  return entry_id(*rc::gen::inRange<std::uint64_t>(1, last_term + 1), number_gen());
}

raft::Append append_gen(std::uint64_t term) {
  raft::Append append{base::Term(term), id_gen(term), {}, base::LogIndex(number_gen())};
  if (*rc::gen::inRange(0, 5) == 0) {
    append.is_news_only = true;
    return append;
  }
  base::EntryId id = append.previous;
  const int count = *rc::gen::element(0, 1, 2, 40);
  for (int i = 0; i < count; ++i) {
    const std::uint64_t first = std::max<std::uint64_t>(1, id.term.value());
    id = {base::Term(*rc::gen::inRange<std::uint64_t>(first, term + 1)), id.index.next()};
    switch (*rc::gen::inRange(0, 4)) {
      case 0: append.entries.push_back({id, base::EntryKind::empty, nullptr}); break;
      case 1: append.entries.push_back({id, base::EntryKind::configuration, bytes(raft::encode(configuration_gen()))}); break;
      default: append.entries.push_back({id, base::EntryKind::command, maybe_bytes_gen()}); break;
    }
  }
  return append;
}

raft::Message message_gen() {
  const std::uint64_t term = number_gen();
  switch (*rc::gen::inRange(0, 12)) {
    case 0: {
      const bool is_pre_vote = *rc::gen::arbitrary<bool>();
      return raft::VoteRequest{base::Term(term), is_pre_vote, *rc::gen::arbitrary<bool>(), id_gen(term - 1)};
    }
    case 1: {
      const bool is_granted = *rc::gen::arbitrary<bool>();
      return raft::VoteReply{base::Term(is_granted ? term : 0), *rc::gen::arbitrary<bool>(), is_granted};
    }
    case 2: {
      const std::uint64_t last_term = *rc::gen::inRange<std::uint64_t>(1, term + 1);
      return raft::Snapshot{base::Term(term), entry_id(last_term, number_gen()), configuration_gen()};
    }
    case 3: return raft::AppendReply{base::Term(term), true, base::LogIndex(number_gen()), {}};
    case 4: {
      const base::LogIndex index(*rc::gen::element<std::uint64_t>(0, 5, 1'000'000));
      return raft::AppendReply{base::Term(term), false, index, id_gen(term)};
    }
    case 5: return raft::Heartbeat{base::Term(term), base::LogIndex(number_gen()), raft::Round{*rc::gen::arbitrary<std::uint64_t>()}};
    case 6: return raft::HeartbeatReply{base::Term(term), raft::Round{*rc::gen::arbitrary<std::uint64_t>()}};
    case 7: {
      raft::ForwardedProposal proposal{base::Term(term), {}};
      const int count = *rc::gen::inRange(0, 4);
      for (int i = 0; i < count; ++i) {
        const auto kind = *rc::gen::element(base::EntryKind::command, base::EntryKind::empty);
        proposal.items.push_back({kind, maybe_bytes_gen()});
      }
      return proposal;
    }
    case 8: return raft::ForwardedRead{base::Term(term), raft::ReadToken{*rc::gen::arbitrary<std::uint64_t>()}};
    case 9: {
      const raft::ReadToken token{*rc::gen::arbitrary<std::uint64_t>()};
      return raft::ReadReply{base::Term(term), token, base::LogIndex(number_gen())};
    }
    case 10: return raft::TimeoutNow{base::Term(term)};
    default: return append_gen(term);
  }
}

}  // namespace

TEST_CASE("each kind of message is read as it was written") {
  for (const raft::Message& message : sample_messages()) {
    CAPTURE(full_text(message));
    REQUIRE(is_valid(message));
    const base::Result<raft::Message> read = decode(encoded(message));
    REQUIRE(read.has_value());
    CHECK_EQ(full_text(*read), full_text(message));
  }
}

PROPERTY("any message is read as it was written, and is one of peer.proto") {
  property_tests::property("round trip", [] {
    const raft::Message message = message_gen();
    RC_ASSERT(is_valid(message));
    const std::string bytes_of = encoded(message);
    const base::Result<raft::Message> read = decode(bytes_of);
    RC_ASSERT(read.has_value());
    RC_ASSERT(full_text(*read) == full_text(message));
    // Entries are written by hand: protobuf itself writes the same.
    wire::Message parsed;
    RC_ASSERT(parsed.ParseFromString(bytes_of));
    RC_ASSERT(parsed.SerializeAsString() == bytes_of);
  });
}

PROPERTY("whatever the bytes, what is read is a message that raft may be given") {
  property_tests::property("mutations", [] {
    std::string bytes_of = encoded(message_gen());
    const int changes = *rc::gen::inRange(1, 4);
    for (int i = 0; i < changes && !bytes_of.empty(); ++i) {
      const auto at = *rc::gen::inRange<std::size_t>(0, bytes_of.size());
      switch (*rc::gen::inRange(0, 4)) {
        case 0: bytes_of.erase(at); break;
        case 1: bytes_of.insert(at, 1, *rc::gen::arbitrary<char>()); break;
        default: bytes_of[at] = static_cast<char>(bytes_of[at] ^ (1 << *rc::gen::inRange(0, 8))); break;
      }
    }
    const base::Result<raft::Message> read = decode(bytes_of);
    if (!read) {
      RC_ASSERT(read.error().code == base::Code::invalid);
      return;
    }
    RC_ASSERT(is_valid(*read));
    const base::Result<raft::Message> again = decode(encoded(*read));
    RC_ASSERT(again.has_value());
    RC_ASSERT(full_text(*again) == full_text(*read));
  });
}

TEST_CASE("what raft must not be given is refused with the reason") {
  struct Case {
    std::string what;
    std::function<void(wire::Message&)> make;
  };
  const auto append = [](wire::Message& m) -> wire::Append& {
    wire::Append& out = *m.mutable_append();
    out.set_term(5);
    out.mutable_previous()->set_term(4);
    out.mutable_previous()->set_index(10);
    out.add_entries()->set_kind(wire::ENTRY_COMMAND);
    return out;
  };
  const auto kind = [](int number) { return static_cast<wire::EntryKind>(number); };
  const std::string configuration = raft::encode(sample_configuration());
  const std::string unreadable = "a message with a configuration that cannot be read";
  const Case cases[] = {
      {"a message of no kind that is known here", [](wire::Message&) {}},
      {"a message without a term", [](wire::Message& m) { m.mutable_heartbeat()->set_round(1); }},
      {"a message without a term", [](wire::Message& m) { m.mutable_vote_reply()->set_is_granted(true); }},
      {"a message with a term beyond all sense", [](wire::Message& m) { m.mutable_timeout_now()->set_term(UINT64_MAX); }},
      {"a message with an index beyond all sense", [&](wire::Message& m) { append(m).mutable_previous()->set_index(UINT64_MAX); }},
      {"a message with an index beyond all sense", [&](wire::Message& m) { append(m).set_committed(UINT64_MAX); }},
      {"a message with half an entry id", [&](wire::Message& m) { append(m).mutable_previous()->set_index(0); }},
      {"a message with half an entry id", [&](wire::Message& m) { append(m).mutable_previous()->set_term(0); }},
      {"a message with an entry of a later term", [&](wire::Message& m) { append(m).mutable_previous()->set_term(6); }},
      {"a message with an entry of a later term", [&](wire::Message& m) { append(m).mutable_entries(0)->set_term_step(2); }},
      {"a message with an entry of a later term", [&](wire::Message& m) { append(m).mutable_entries(0)->set_term_step(UINT64_MAX); }},
      {"a message with an entry of an unknown kind", [&](wire::Message& m) { append(m).mutable_entries(0)->set_kind(kind(3)); }},
      {"a message with an entry of an unknown kind", [&](wire::Message& m) { append(m).mutable_entries(0)->set_kind(kind(-1)); }},
      {"a message with an entry of an unknown kind", [&](wire::Message& m) { append(m).mutable_entries(0)->set_kind(kind(257)); }},
      {"a message with an entry without a term", [&](wire::Message& m) { append(m).clear_previous(); }},
      {unreadable, [&](wire::Message& m) { append(m).mutable_entries(0)->set_kind(wire::ENTRY_CONFIGURATION); }},
      {unreadable,
       [&](wire::Message& m) {
         append(m).mutable_entries(0)->set_kind(wire::ENTRY_CONFIGURATION);
         m.mutable_append()->mutable_entries(0)->set_data(configuration.substr(0, configuration.size() - 1));
       }},
      {"a message with entries, and a claim that there are none", [&](wire::Message& m) { append(m).set_is_news_only(true); }},
      {"a message with an item of a kind that nobody may propose",
       [&](wire::Message& m) {
         m.mutable_forwarded_proposal()->set_term(1);
         wire::ProposalItem& item = *m.mutable_forwarded_proposal()->add_items();
         item.set_kind(wire::ENTRY_CONFIGURATION);
         item.set_data(configuration);
       }},
      {"a message of nothing",
       [&](wire::Message& m) {
         m.mutable_snapshot()->set_term(1);
         m.mutable_snapshot()->set_configuration(configuration);
       }},
      {unreadable,
       [&](wire::Message& m) {
         m.mutable_snapshot()->set_term(1);
         m.mutable_snapshot()->mutable_last()->set_term(1);
         m.mutable_snapshot()->mutable_last()->set_index(1);
       }},
      {"a message of a candidate whose log is of the term that it asks for",
       [&](wire::Message& m) {
         m.mutable_vote_request()->set_term(2);
         m.mutable_vote_request()->mutable_last()->set_term(2);
         m.mutable_vote_request()->mutable_last()->set_index(1);
       }},
      {"a message that accepts, with a hint",
       [&](wire::Message& m) {
         m.mutable_append_reply()->set_term(2);
         m.mutable_append_reply()->set_is_accepted(true);
         m.mutable_append_reply()->mutable_hint()->set_term(2);
         m.mutable_append_reply()->mutable_hint()->set_index(1);
       }},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    wire::Message message;
    c.make(message);
    const base::Result<raft::Message> read = decode(message.SerializeAsString());
    REQUIRE_FALSE(read.has_value());
    CHECK_EQ(read.error().code, base::Code::invalid);
    CHECK_EQ(read.error().detail, c.what);
  }
  wire::Message fine;
  append(fine);
  CHECK(decode(fine.SerializeAsString()).has_value());
}

}  // namespace peer::testing

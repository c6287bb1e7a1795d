#include "core/peer/message_codec.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <limits>
#include <memory>
#include <utility>

#include "core/base/assert.h"
#include "core/base/overloaded.h"
#include "core/peer/peer.pb.h"

namespace peer {

namespace {

namespace wire = ::lockstep::peer;
using google::protobuf::io::CodedOutputStream;
using google::protobuf::internal::WireFormatLite;

// Terms and indices go no further, so that nobody who counts on from them leaves 64 bits.
constexpr std::uint64_t kOrdinalMax = std::uint64_t{1} << 62U;

// --- encoding -------------------------------------------------------------------------------------

void put_varint(std::uint64_t value, std::string& out) {
  std::uint8_t bytes[10];
  const std::uint8_t* const end = CodedOutputStream::WriteVarint64ToArray(value, bytes);
  out.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(end - bytes));
}

void put_tag(int field, WireFormatLite::WireType type, std::string& out) { put_varint(WireFormatLite::MakeTag(field, type), out); }

// The fields of an entry and of an item, which differ in their numbers; a field of no value is left out (proto3).
struct Payload {
  std::uint64_t term_step = 0;  // of entries
  base::EntryKind kind;
  const std::string* data;  // null means no bytes
};
struct PayloadFields {
  int term_step;
  int kind;
  int data;
};
constexpr PayloadFields kEntryFields = {wire::Entry::kTermStepFieldNumber, wire::Entry::kKindFieldNumber, wire::Entry::kDataFieldNumber};
constexpr PayloadFields kItemFields = {0, wire::ProposalItem::kKindFieldNumber, wire::ProposalItem::kDataFieldNumber};

// Tags of the fields above take one byte each, and so do kinds.
static_assert(wire::Entry::kDataFieldNumber < 16);
static_assert(wire::ProposalItem::kDataFieldNumber < 16);

std::size_t data_size(const Payload& payload) { return payload.data == nullptr ? 0 : payload.data->size(); }

std::size_t size_of(const Payload& payload) {
  std::size_t size = 0;
  if (payload.term_step != 0) size += 1 + CodedOutputStream::VarintSize64(payload.term_step);
  if (payload.kind != base::EntryKind::empty) size += 2;
  if (const std::size_t data = data_size(payload); data > 0) size += 1 + CodedOutputStream::VarintSize64(data) + data;
  return size;
}

void put(const Payload& payload, const PayloadFields& fields, std::string& out) {
  if (payload.term_step != 0) {
    put_tag(fields.term_step, WireFormatLite::WIRETYPE_VARINT, out);
    put_varint(payload.term_step, out);
  }
  if (payload.kind != base::EntryKind::empty) {
    put_tag(fields.kind, WireFormatLite::WIRETYPE_VARINT, out);
    put_varint(static_cast<std::uint64_t>(payload.kind), out);
  }
  if (const std::size_t data = data_size(payload); data > 0) {
    put_tag(fields.data, WireFormatLite::WIRETYPE_LENGTH_DELIMITED, out);
    put_varint(data, out);
    out.append(*payload.data);
  }
}

// A message of the alternatives: `head`, and behind it the elements of its repeated field. To protobuf the two are one.
template <typename Elements, typename PayloadOf>
void put_with(int alternative, const google::protobuf::MessageLite& head, int repeated_field, const Elements& elements,
              const PayloadFields& fields, PayloadOf payload_of, std::string& out) {
  ASSERT(repeated_field < 16);
  std::size_t size = head.ByteSizeLong();
  for (std::size_t i = 0; i < elements.size(); ++i) {
    const std::size_t element = size_of(payload_of(i));
    size += 1 + CodedOutputStream::VarintSize64(element) + element;
  }
  put_tag(alternative, WireFormatLite::WIRETYPE_LENGTH_DELIMITED, out);
  put_varint(size, out);
  out.reserve(out.size() + size);
  const std::size_t begin = out.size();
  head.AppendToString(&out);
  for (std::size_t i = 0; i < elements.size(); ++i) {
    const Payload payload = payload_of(i);
    put_tag(repeated_field, WireFormatLite::WIRETYPE_LENGTH_DELIMITED, out);
    put_varint(size_of(payload), out);
    put(payload, fields, out);
  }
  ASSERT(out.size() - begin == size);
}

void set_id(base::EntryId id, wire::EntryId& out) {
  out.set_term(id.term.value());
  out.set_index(id.index.value());
}

void encode_append(const raft::Append& append, std::string& out) {
  wire::Append head;
  head.set_term(append.term.value());
  if (append.previous != base::EntryId{}) set_id(append.previous, *head.mutable_previous());
  head.set_committed(append.committed.value());
  head.set_is_news_only(append.is_news_only);
  const auto payload_of = [&](std::size_t i) {
    const base::Entry& entry = append.entries[i];
    const base::EntryId before = i == 0 ? append.previous : append.entries[i - 1].id;
    ASSERT(entry.id.index == before.index.next());
    ASSERT(entry.id.term >= before.term);
    return Payload{entry.id.term.since(before.term), entry.kind, entry.data.get()};
  };
  put_with(wire::Message::kAppendFieldNumber, head, wire::Append::kEntriesFieldNumber, append.entries, kEntryFields, payload_of, out);
}

void encode_proposal(const raft::ForwardedProposal& proposal, std::string& out) {
  wire::ForwardedProposal head;
  head.set_term(proposal.term.value());
  const auto payload_of = [&](std::size_t i) { return Payload{0, proposal.items[i].kind, proposal.items[i].data.get()}; };
  put_with(wire::Message::kForwardedProposalFieldNumber, head, wire::ForwardedProposal::kItemsFieldNumber, proposal.items, kItemFields,
           payload_of, out);
}

// The small ones, which carry no bytes of the state machine's.
void fill(const raft::VoteRequest& from, wire::Message& out) {
  wire::VoteRequest& to = *out.mutable_vote_request();
  to.set_term(from.term.value());
  to.set_is_pre_vote(from.is_pre_vote);
  to.set_is_transfer(from.is_transfer);
  if (from.last != base::EntryId{}) set_id(from.last, *to.mutable_last());
}
void fill(const raft::VoteReply& from, wire::Message& out) {
  wire::VoteReply& to = *out.mutable_vote_reply();
  to.set_term(from.term.value());
  to.set_is_pre_vote(from.is_pre_vote);
  to.set_is_granted(from.is_granted);
}
void fill(const raft::Snapshot& from, wire::Message& out) {
  wire::Snapshot& to = *out.mutable_snapshot();
  to.set_term(from.term.value());
  set_id(from.last, *to.mutable_last());
  to.set_configuration(raft::encode(from.configuration));
}
void fill(const raft::AppendReply& from, wire::Message& out) {
  wire::AppendReply& to = *out.mutable_append_reply();
  to.set_term(from.term.value());
  to.set_is_accepted(from.is_accepted);
  to.set_index(from.index.value());
  if (from.hint != base::EntryId{}) set_id(from.hint, *to.mutable_hint());
}
void fill(const raft::Heartbeat& from, wire::Message& out) {
  wire::Heartbeat& to = *out.mutable_heartbeat();
  to.set_term(from.term.value());
  to.set_committed(from.committed.value());
  to.set_round(from.round.value);
}
void fill(const raft::HeartbeatReply& from, wire::Message& out) {
  wire::HeartbeatReply& to = *out.mutable_heartbeat_reply();
  to.set_term(from.term.value());
  to.set_round(from.round.value);
}
void fill(const raft::ForwardedRead& from, wire::Message& out) {
  wire::ForwardedRead& to = *out.mutable_forwarded_read();
  to.set_term(from.term.value());
  to.set_token(from.token.value);
}
void fill(const raft::ReadReply& from, wire::Message& out) {
  wire::ReadReply& to = *out.mutable_read_reply();
  to.set_term(from.term.value());
  to.set_token(from.token.value);
  to.set_index(from.index.value());
}
void fill(const raft::TimeoutNow& from, wire::Message& out) { out.mutable_timeout_now()->set_term(from.term.value()); }

// --- decoding -------------------------------------------------------------------------------------

// Collects what is wrong: the first complaint counts.
class Check {
 public:
  void require(bool holds, const char* what) {
    if (!holds && wrong_ == nullptr) wrong_ = what;
  }
  const char* wrong() const { return wrong_; }  // null: nothing

  base::Term term(std::uint64_t value) {
    require(value > 0, "without a term");
    return term_or_none(value);
  }
  base::Term term_or_none(std::uint64_t value) {
    require(value <= kOrdinalMax, "with a term beyond all sense");
    return base::Term(value);
  }
  base::LogIndex index(std::uint64_t value) {
    require(value <= kOrdinalMax, "with an index beyond all sense");
    return base::LogIndex(value);
  }
  // The beginning of the log, or an entry of a term up to `last_term`.
  base::EntryId id(const wire::EntryId& id, base::Term last_term) {
    const base::EntryId out{term_or_none(id.term()), index(id.index())};
    require((id.term() == 0) == (id.index() == 0), "with half an entry id");
    require(out.term <= last_term, "with an entry of a later term");
    return out;
  }

 private:
  const char* wrong_ = nullptr;
};

std::shared_ptr<const std::string> shared(std::string* data) {
  return data->empty() ? nullptr : std::make_shared<const std::string>(std::move(*data));
}

bool is_known(wire::EntryKind kind) {
  return kind == wire::ENTRY_EMPTY || kind == wire::ENTRY_COMMAND || kind == wire::ENTRY_CONFIGURATION;
}

raft::VoteRequest read(const wire::VoteRequest& in, Check& check) {
  raft::VoteRequest out;
  out.term = check.term(in.term());
  out.is_pre_vote = in.is_pre_vote();
  out.is_transfer = in.is_transfer();
  out.last = check.id(in.last(), out.term);
  check.require(out.last.term < out.term, "of a candidate whose log is of the term that it asks for");
  return out;
}

raft::VoteReply read(const wire::VoteReply& in, Check& check) {
  raft::VoteReply out;
  out.term = in.is_granted() ? check.term(in.term()) : check.term_or_none(in.term());  // who refuses may never have heard of a term
  out.is_pre_vote = in.is_pre_vote();
  out.is_granted = in.is_granted();
  return out;
}

raft::Append read(wire::Append& in, Check& check) {
  raft::Append out;
  out.term = check.term(in.term());
  out.previous = check.id(in.previous(), out.term);
  out.committed = check.index(in.committed());
  out.is_news_only = in.is_news_only();
  check.require(!out.is_news_only || in.entries_size() == 0, "with entries, and a claim that there are none");
  out.entries.reserve(static_cast<std::size_t>(in.entries_size()));
  base::EntryId id = out.previous;
  for (wire::Entry& entry : *in.mutable_entries()) {
    check.require(entry.term_step() <= out.term.since(id.term), "with an entry of a later term");
    check.require(is_known(entry.kind()), "with an entry of an unknown kind");
    if (check.wrong() != nullptr) return out;
    id = {id.term.plus(entry.term_step()), id.index.next()};
    check.require(id.term.value() > 0, "with an entry without a term");
    const auto kind = static_cast<base::EntryKind>(entry.kind());
    if (kind == base::EntryKind::configuration) {
      check.require(raft::decode_configuration(entry.data()).has_value(), "with a configuration that cannot be read");
    }
    out.entries.push_back({id, kind, shared(entry.mutable_data())});
  }
  return out;
}

raft::Snapshot read(const wire::Snapshot& in, Check& check) {
  raft::Snapshot out;
  out.term = check.term(in.term());
  out.last = check.id(in.last(), out.term);
  check.require(out.last != base::EntryId{}, "of nothing");
  base::Result<raft::Configuration> configuration = raft::decode_configuration(in.configuration());
  check.require(configuration.has_value(), "with a configuration that cannot be read");
  if (configuration) out.configuration = std::move(*configuration);
  return out;
}

raft::AppendReply read(const wire::AppendReply& in, Check& check) {
  raft::AppendReply out;
  out.term = check.term(in.term());
  out.is_accepted = in.is_accepted();
  out.index = check.index(in.index());
  out.hint = check.id(in.hint(), out.term);
  check.require(!out.is_accepted || out.hint == base::EntryId{}, "that accepts, with a hint");
  return out;
}

raft::Heartbeat read(const wire::Heartbeat& in, Check& check) {
  return {check.term(in.term()), check.index(in.committed()), raft::Round{in.round()}};
}

raft::HeartbeatReply read(const wire::HeartbeatReply& in, Check& check) { return {check.term(in.term()), raft::Round{in.round()}}; }

raft::ForwardedProposal read(wire::ForwardedProposal& in, Check& check) {
  raft::ForwardedProposal out;
  out.term = check.term(in.term());
  out.items.reserve(static_cast<std::size_t>(in.items_size()));
  for (wire::ProposalItem& item : *in.mutable_items()) {
    check.require(is_known(item.kind()) && item.kind() != wire::ENTRY_CONFIGURATION, "with an item of a kind that nobody may propose");
    out.items.push_back({static_cast<base::EntryKind>(item.kind()), shared(item.mutable_data())});
  }
  return out;
}

raft::ForwardedRead read(const wire::ForwardedRead& in, Check& check) { return {check.term(in.term()), raft::ReadToken{in.token()}}; }

raft::ReadReply read(const wire::ReadReply& in, Check& check) {
  return {check.term(in.term()), raft::ReadToken{in.token()}, check.index(in.index())};
}

raft::TimeoutNow read(const wire::TimeoutNow& in, Check& check) { return {check.term(in.term())}; }

raft::Message read(wire::Message& in, Check& check) {
  switch (in.body_case()) {
    case wire::Message::kVoteRequest: return read(in.vote_request(), check);
    case wire::Message::kVoteReply: return read(in.vote_reply(), check);
    case wire::Message::kAppend: return read(*in.mutable_append(), check);
    case wire::Message::kSnapshot: return read(in.snapshot(), check);
    case wire::Message::kAppendReply: return read(in.append_reply(), check);
    case wire::Message::kHeartbeat: return read(in.heartbeat(), check);
    case wire::Message::kHeartbeatReply: return read(in.heartbeat_reply(), check);
    case wire::Message::kForwardedProposal: return read(*in.mutable_forwarded_proposal(), check);
    case wire::Message::kForwardedRead: return read(in.forwarded_read(), check);
    case wire::Message::kReadReply: return read(in.read_reply(), check);
    case wire::Message::kTimeoutNow: return read(in.timeout_now(), check);
    case wire::Message::BODY_NOT_SET: break;
  }
  check.require(false, "of no kind that is known here");
  return {};
}

}  // namespace

void encode(const raft::Message& message, std::string& out) {
  std::visit(base::Overloaded{[&](const raft::Append& append) { encode_append(append, out); },
                              [&](const raft::ForwardedProposal& proposal) { encode_proposal(proposal, out); },
                              [&](const auto& small) {
                                wire::Message filled;
                                fill(small, filled);
                                filled.AppendToString(&out);
                              }},
             message);
}

base::Result<raft::Message> decode(std::string_view bytes) {
  wire::Message in;
  if (bytes.size() > std::numeric_limits<int>::max() || !in.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return base::fail(base::Code::invalid, "a message that cannot be read");
  }
  Check check;
  raft::Message message = read(in, check);
  if (check.wrong() != nullptr) return base::fail(base::Code::invalid, std::string("a message ") + check.wrong());
  return message;
}

}  // namespace peer

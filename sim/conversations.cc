#include "sim/conversations.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include "core/base/assert.h"
#include "core/base/overloaded.h"
#include "core/peer/hello.h"
#include "sim/words.h"

namespace sim {

namespace {

constexpr std::size_t kStepBytes = 512;  // how exactly the end of a message is known
constexpr std::size_t kMessageBytesMax = 1U << 30U;
constexpr std::size_t kKeepAliveBytes = 9;  // a packet of nothing but its checksum

std::optional<peer::Lane> peer_lane(std::string_view path) {
  for (const peer::Lane lane : {peer::Lane::control, peer::Lane::appends, peer::Lane::snapshots}) {
    if (path == peer::path_of(lane)) return lane;
  }
  return std::nullopt;
}

std::string bytes_text(std::size_t size) { return std::to_string(size) + (size == 1 ? " byte" : " bytes"); }

}  // namespace

// Both directions of one.
class Conversations::Connection final : private rpc::OverheardListener {
 public:
  Connection(Conversations& owner, const io::sim::Flow& flow)
      : owner_(owner), dialer_(owner.lanes_.find(flow.is_of_dialer ? flow.from : flow.to)->second),
        answerer_(owner.lanes_.find(flow.is_of_dialer ? flow.to : flow.from)->second), overheard_(*this) {}

  Direction& direction(bool is_of_dialer) { return directions_[is_of_dialer ? 0 : 1]; }

  void on_sent(bool is_of_dialer, io::sim::VirtualTime at, std::string_view bytes) {
    now_ = at;
    Direction& sent = direction(is_of_dialer);
    while (!bytes.empty()) {
      const std::string_view part = bytes.substr(0, kStepBytes);
      bytes.remove_prefix(part.size());
      sent.sent += part.size();
      overheard_.add(is_of_dialer ? rpc::Side::caller : rpc::Side::answerer, part);
    }
  }

 private:
  void on_message(rpc::Side from, const rpc::OverheardCall& call, std::string_view message) override {
    if (const std::optional<peer::Lane> lane = peer_lane(call.path)) {
      if (from == rpc::Side::caller) on_packet(call, *lane, message);  // the answers only say how many packets have come
      return;
    }
    const bool is_answer = from == rpc::Side::answerer;
    std::string text = owner_.teller_ == nullptr ? std::string() : owner_.teller_->message_words(call.path, is_answer, message);
    if (text.empty()) text = call.path.substr(call.path.rfind('/') + 1) + ", " + bytes_text(message.size());
    const bool is_of_client = !owner_.is_member_[dialer_];
    say(from, !is_of_client ? MessageKind::other : is_answer ? MessageKind::answer : MessageKind::request, std::move(text));
  }
  void on_status(const rpc::OverheardCall& call, const rpc::Status& status) override {
    readers_.erase(call.stream);
    if (status.code != rpc::StatusCode::ok) say(rpc::Side::answerer, MessageKind::error, rpc::to_text(status));
  }
  void on_reset(rpc::Side from, const rpc::OverheardCall& call) override {
    readers_.erase(call.stream);
    say(from, MessageKind::error, "never mind " + call.path.substr(call.path.rfind('/') + 1));
  }

  void on_packet(const rpc::OverheardCall& call, peer::Lane lane, std::string_view packet) {
    auto found = readers_.find(call.stream);
    if (found == readers_.end()) {
      const base::Result<peer::Hello> hello = peer::read_hello(call.metadata);
      if (!hello) return say(rpc::Side::caller, MessageKind::other, bytes_text(packet.size()));
      found = readers_.emplace(call.stream, peer::PacketReader(hello->salt(lane), kMessageBytesMax)).first;
    }
    const base::Result<peer::Content> content = found->second.read(packet);
    if (!content) return say(rpc::Side::caller, MessageKind::other, bytes_text(packet.size()));
    const auto say_so = [this](MessageKind kind, std::string text, base::Term term = {}) { say(rpc::Side::caller, kind, std::move(text), term); };
    std::visit(base::Overloaded{[&](const std::monostate&) {
                                  if (packet.size() > kKeepAliveBytes) say_so(MessageKind::other, "a part of a message, " + bytes_text(packet.size()));
                                },
                                [&](const raft::Message& message) {
                                  MessageWords words = to_words(message);
                                  say_so(words.kind, std::move(words.text), raft::term_of(message));
                                },
                                [&](const peer::SnapshotPiece& piece) {
                                  say_so(MessageKind::snapshot, "a piece of the state, " + bytes_text(piece.bytes.size()));
                                },
                                [&](const peer::SnapshotEnd& end) {
                                  say_so(MessageKind::snapshot, "that was the whole state, " + bytes_text(static_cast<std::size_t>(end.bytes)));
                                }},
               *content);
  }

  void say(rpc::Side from, MessageKind kind, std::string text, base::Term term = {}) {
    const bool is_of_dialer = from == rpc::Side::caller;
    StoryMessage message;
    message.from = is_of_dialer ? dialer_ : answerer_;
    message.to = is_of_dialer ? answerer_ : dialer_;
    message.kind = kind;
    message.sent = {now_.since_start(), owner_.turns_.turn()};
    message.term = term;
    message.text = std::move(text);
    owner_.add(direction(is_of_dialer), std::move(message));
  }

  Conversations& owner_;
  const std::uint32_t dialer_;
  const std::uint32_t answerer_;
  std::array<Direction, 2> directions_;
  std::map<std::uint32_t, peer::PacketReader> readers_;  // by the call's stream
  io::sim::VirtualTime now_;
  rpc::Overheard overheard_;
};

Conversations::Conversations(const TurnCounter& turns, const Teller* teller) : turns_(turns), teller_(teller) {}

Conversations::~Conversations() = default;

void Conversations::add(Direction& direction, StoryMessage message) {
  if (direction.is_lost) {
    message.fate = MessageFate::lost;
    message.ended = message.sent;
  } else {
    direction.waiting.push_back({direction.sent, messages_.size()});
  }
  messages_.push_back(std::move(message));
  was_sent_.push_back(true);
}

void Conversations::on_sent(const io::sim::Flow& flow, io::sim::VirtualTime at, std::string_view bytes) {
  std::unique_ptr<Connection>& connection = connections_[flow.connection];
  if (connection == nullptr) connection = std::make_unique<Connection>(*this, flow);
  connection->on_sent(flow.is_of_dialer, at, bytes);
}

void Conversations::on_read(const io::sim::Flow& flow, io::sim::VirtualTime at, std::size_t size) {
  const auto found = connections_.find(flow.connection);
  if (found == connections_.end()) return;  // what was sent before anybody listened
  Direction& direction = found->second->direction(flow.is_of_dialer);
  direction.read += size;
  while (!direction.waiting.empty() && direction.waiting.front().end <= direction.read) {
    StoryMessage& message = messages_[direction.waiting.front().message];
    message.fate = MessageFate::read;
    message.ended = {at.since_start(), turns_.turn()};
    direction.waiting.pop_front();
  }
}

void Conversations::on_taken_back(const io::sim::Flow& flow, std::size_t size) {
  const auto found = connections_.find(flow.connection);
  if (found == connections_.end()) return;
  Direction& direction = found->second->direction(flow.is_of_dialer);
  direction.sent -= std::min<std::uint64_t>(size, direction.sent);
  while (!direction.waiting.empty() && direction.waiting.back().end > direction.sent) {
    was_sent_[direction.waiting.back().message] = false;
    direction.waiting.pop_back();
  }
}

void Conversations::lose(Direction& direction, io::sim::VirtualTime at) {
  direction.is_lost = true;
  for (const Waiting& waiting : direction.waiting) {
    StoryMessage& message = messages_[waiting.message];
    message.fate = MessageFate::lost;
    message.ended = {std::max(at.since_start(), message.sent.at), turns_.turn()};
  }
  direction.waiting.clear();
}

void Conversations::on_lost(const io::sim::Flow& flow, io::sim::VirtualTime at) {
  const auto found = connections_.find(flow.connection);
  if (found != connections_.end()) lose(found->second->direction(flow.is_of_dialer), at);
}

void Conversations::on_ended(std::uint64_t connection, io::sim::VirtualTime at) {
  const auto found = connections_.find(connection);
  if (found == connections_.end()) return;
  for (const bool is_of_dialer : {true, false}) lose(found->second->direction(is_of_dialer), at);
  connections_.erase(found);
}

std::vector<StoryMessage> Conversations::take() {
  std::vector<StoryMessage> out;
  out.reserve(messages_.size());
  for (std::size_t i = 0; i < messages_.size(); ++i) {
    if (was_sent_[i]) out.push_back(std::move(messages_[i]));
  }
  std::stable_sort(out.begin(), out.end(), [](const StoryMessage& one, const StoryMessage& other) { return one.sent.at < other.sent.at; });
  messages_.clear();
  was_sent_.clear();
  connections_.clear();
  return out;
}

}  // namespace sim

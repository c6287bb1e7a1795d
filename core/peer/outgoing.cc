#include "core/peer/outgoing.h"

#include <algorithm>
#include <span>
#include <utility>
#include <variant>

#include "core/base/assert.h"
#include "core/base/mark.h"
#include "core/base/overloaded.h"
#include "core/peer/dial.h"
#include "core/peer/peer.pb.h"

namespace peer {

namespace {

constexpr std::size_t kComplaintKindsMax = 16;

// Nearly what encode() makes of it, without making it.
std::size_t bytes_of(const raft::Message& message) {
  constexpr std::size_t kMessageBytes = 32, kElementBytes = 16;
  std::size_t size = kMessageBytes;
  std::visit(base::Overloaded{[&](const raft::Append& append) {
                                for (const base::Entry& entry : append.entries) size += kElementBytes + entry.bytes().size();
                              },
                              [&](const raft::ForwardedProposal& proposal) {
                                for (const raft::ProposalItem& item : proposal.items) {
                                  size += kElementBytes + (item.data != nullptr ? item.data->size() : 0);
                                }
                              },
                              [](const auto&) {}},
             message);
  return size;
}

}  // namespace

Outgoing::Outgoing(const io::World& world, const Options& options, const Hello& hello, Lane lane, std::vector<io::Address> addresses,
                   OutgoingOwner& owner)
    : world_(world),
      options_(options),
      hello_(hello),
      lane_(lane),
      bytes_max_(lane == Lane::control ? options.control_bytes_max : options.appends_bytes_max),
      owner_(owner),
      addresses_(std::move(addresses)),
      writer_(hello.salt(lane), options.packet_bytes, options.further_fields) {
  dial();
}

Outgoing::~Outgoing() { world_.clock.disarm(*this); }

void Outgoing::set_addresses(std::vector<io::Address> addresses) {
  if (addresses == addresses_) return;
  addresses_ = std::move(addresses);
  next_address_ = 0;
  if (stage_ != Stage::resting) return;
  failures_ = 0;
  redial_at_ = world_.clock.now() + options_.redial_first;
  arm();
}

void Outgoing::dial() {
  ASSERT(stage_ == Stage::resting);
  ASSERT(channel_ == nullptr);
  if (addresses_.empty()) return;  // until some are known
  address_ = addresses_[next_address_++ % addresses_.size()];
  stage_ = Stage::opening;
  sent_packets_ = 0;
  received_packets_ = 0;
  is_loss_told_ = false;
  last_sent_ = world_.clock.now();
  waiting_since_ = last_sent_;
  channel_ = peer::dial(world_, options_, hello_, lane_, address_, *this);
  arm();
}

// --- sending --------------------------------------------------------------------------------------

void Outgoing::send(const raft::Message& message) {
  if (stage_ == Stage::resting) return note_loss();
  const std::size_t unsent = channel_->unsent_bytes();
  if (unsent == 0) is_loss_told_ = false;
  if (unsent > 0 && unsent + bytes_of(message) > bytes_max_) return note_loss();
  writer_.begin(message);
  if (writer_.message_bytes() > options_.message_bytes_max) {
    writer_.drop();
    say("a message is too large for a peer", std::to_string(writer_.message_bytes()) + " bytes");
    return note_loss();
  }
  for (std::string_view packet = writer_.next(); !packet.empty(); packet = writer_.next()) put(packet);
}

void Outgoing::put(std::string_view packet) {
  channel_->send(*this, packet);
  ++sent_packets_;
  last_sent_ = world_.clock.now();
  if (!waiting_since_) waiting_since_ = last_sent_;
}

void Outgoing::on_room() { is_loss_told_ = false; }

void Outgoing::note_loss() {
  if (std::exchange(is_loss_told_, true)) return;
  if (stage_ != Stage::resting) world_.observer.reached(base::Mark::message_lost_for_room);
  owner_.on_lost(hello_.to);
}

// --- the other side's word ---------------------------------------------------------------------------

void Outgoing::on_message(std::string_view bytes) {
  ::lockstep::peer::Receipt receipt;
  const bool is_receipt = receipt.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
  if (!is_receipt || receipt.packets() > sent_packets_ || receipt.packets() < received_packets_) {
    return end("the connection to a peer is given up", "its receipt makes no sense", true);
  }
  received_packets_ = receipt.packets();
  waiting_since_.reset();
  if (received_packets_ < sent_packets_) waiting_since_ = world_.clock.now();
  if (stage_ == Stage::opening) on_open();
}

void Outgoing::on_open() {
  stage_ = Stage::open;
  open_since_ = world_.clock.now();
  arm();
  said_.clear();
  say("connected to a peer", {});
}

void Outgoing::on_status(const rpc::Status& status) {
  const bool is_refused = is_refusal(status.code);
  if (is_refused) return end("a peer refuses the connection", status.message, true);
  end(stage_ == Stage::open ? "lost the connection to a peer" : "a peer cannot be reached", status.message, false);
}

void Outgoing::end(std::string_view what, const std::string& why, bool is_refused) {
  ASSERT(stage_ != Stage::resting);
  const base::Instant now = world_.clock.now();
  const bool is_lost = stage_ == Stage::open || sent_packets_ > 0;
  // One that ends as soon as it is made is no better than none.
  if (stage_ == Stage::open && now - open_since_ >= options_.redial_last) failures_ = 0;
  stage_ = Stage::resting;
  channel_.reset();
  waiting_since_.reset();
  base::Duration wait = options_.redial_refused;
  if (!is_refused) {
    constexpr std::uint32_t kDoublingsMax = 20;
    wait = std::min(options_.redial_first * (1 << std::min(failures_, kDoublingsMax)), options_.redial_last);
    ++failures_;
  }
  redial_at_ = now + wait;
  arm();
  say(what, why);
  if (!is_lost) return;
  is_loss_told_ = true;
  owner_.on_lost(hello_.to);
}

void Outgoing::say(std::string_view what, const std::string& why) {
  // A peer with many addresses may complain of each in turn.
  if (said_.size() >= kComplaintKindsMax || !said_.insert(std::string(what) + why).second) return;
  const std::string peer = base::to_text(hello_.to);
  const std::string address = io::to_text(address_);
  const io::LogField fields[] = {
      {"peer", std::string_view(peer)}, {"lane", to_text(lane_)}, {"address", std::string_view(address)}, {"error", std::string_view(why)}};
  if (why.empty()) return world_.observer.log(io::Level::info, what, std::span(fields).first(3));
  world_.observer.log(io::Level::warn, what, fields);
}

// --- time -------------------------------------------------------------------------------------------

// The timer is set to the earliest moment at which there may be something to do, and looks then: sending does not move it.
void Outgoing::arm() {
  if (stage_ == Stage::resting) return world_.clock.arm(*this, redial_at_);
  const base::Instant keep_alive_at = last_sent_ + options_.keep_alive_interval;
  if (!waiting_since_) return world_.clock.arm(*this, keep_alive_at);
  const base::Instant given_up_at = *waiting_since_ + options_.silence_timeout;
  world_.clock.arm(*this, stage_ == Stage::open ? std::min(keep_alive_at, given_up_at) : given_up_at);
}

void Outgoing::on_timer() {
  if (stage_ == Stage::resting) return dial();
  const base::Instant now = world_.clock.now();
  if (waiting_since_ && now - *waiting_since_ >= options_.silence_timeout) {
    world_.observer.reached(base::Mark::peer_silent);
    return end("the connection to a peer is given up", "nothing has been heard of it", false);
  }
  if (stage_ == Stage::open && now - last_sent_ >= options_.keep_alive_interval) put(writer_.keep_alive());
  arm();
}

}  // namespace peer

#include "core/peer/snapshot_sender.h"

#include <utility>

#include "core/base/assert.h"
#include "core/base/mark.h"
#include "core/peer/dial.h"
#include "core/peer/peer.pb.h"

namespace peer {

namespace {

// What the other side found wrong with the snapshot or with this member, as opposed to what may be better next time.
base::Code code_of(rpc::StatusCode code) {
  return is_refusal(code) || code == rpc::StatusCode::data_loss ? base::Code::invalid : base::Code::unavailable;
}

}  // namespace

SnapshotSender::SnapshotSender(const io::World& world, const Options& options, const Hello& hello, std::vector<io::Address> addresses,
                               const raft::Snapshot& snapshot, std::unique_ptr<replica::SnapshotSource> source,
                               SnapshotSenderOwner& owner)
    : world_(world),
      options_(options),
      hello_(hello),
      addresses_(std::move(addresses)),
      snapshot_(snapshot),
      owner_(owner),
      source_(std::move(source)),
      writer_(hello.salt(Lane::snapshots), options.packet_bytes, options.further_fields) {
  ASSERT(!addresses_.empty());
  ASSERT(source_ != nullptr);
  dial();
}

SnapshotSender::~SnapshotSender() {
  world_.clock.disarm(*this);
  world_.loop.forget(*this);
}

void SnapshotSender::dial() {
  ASSERT(stage_ == Stage::opening);
  ASSERT(sent_packets_ == 0);
  channel_.reset();
  channel_ = peer::dial(world_, options_, hello_, Lane::snapshots, addresses_[next_address_++], *this);
  heard_at_ = world_.clock.now();
  world_.clock.arm(*this, heard_at_ + options_.silence_timeout);
}

// --- sending --------------------------------------------------------------------------------------

template <typename What>
void SnapshotSender::put(const What& what) {
  writer_.begin(what);
  for (std::string_view packet = writer_.next(); !packet.empty(); packet = writer_.next()) {
    channel_->send(*this, packet);
    ++sent_packets_;
  }
}

void SnapshotSender::ask_turn() {
  if (is_turn_asked_ || stage_ != Stage::open || source_ == nullptr) return;
  const std::uint64_t under_way = sent_.bytes - taken_bytes_;
  if (under_way > 0 && under_way + options_.snapshot_piece_bytes > options_.snapshot_window_bytes) return;
  is_turn_asked_ = true;
  world_.loop.on_next_turn(*this);
}

// One piece in a turn, for whoever sends snapshots has other things to do.
void SnapshotSender::on_end_of_turn() {
  is_turn_asked_ = false;
  piece_.bytes.clear();
  const base::Result<bool> has_more = source_->read(options_.snapshot_piece_bytes, piece_.bytes);
  if (!has_more) return over(base::fail(has_more.error()));
  if (!piece_.bytes.empty()) {
    ++sent_.pieces;
    sent_.bytes += piece_.bytes.size();
    put(piece_);
  }
  if (*has_more) return ask_turn();
  source_.reset();  // what it holds back in its store need not wait for the other side
  put(sent_);
  channel_->half_close(*this);
}

// --- the other side's word ---------------------------------------------------------------------------

void SnapshotSender::on_message(std::string_view bytes) {
  ::lockstep::peer::Receipt receipt;
  const bool is_receipt = receipt.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
  if (!is_receipt || receipt.packets() > sent_packets_ || receipt.packets() < received_packets_ || receipt.taken_bytes() > sent_.bytes ||
      receipt.taken_bytes() < taken_bytes_) {
    return over(base::fail(base::Code::invalid, "a receipt that makes no sense"));
  }
  received_packets_ = receipt.packets();
  heard_at_ = world_.clock.now();
  if (receipt.taken_bytes() > taken_bytes_ || stage_ == Stage::opening) moved_at_ = heard_at_;
  taken_bytes_ = receipt.taken_bytes();
  if (stage_ == Stage::opening) {
    stage_ = Stage::open;
    put(raft::Message(snapshot_));
  }
  ask_turn();
}

void SnapshotSender::on_status(const rpc::Status& status) {
  if (status.code != rpc::StatusCode::ok) return give_up(code_of(status.code), status.message);
  // Whoever is content with less has not looked at it.
  if (source_ != nullptr || taken_bytes_ < sent_.bytes) return give_up(base::Code::invalid, "taken as whole before its end");
  over({});
}

// Within a timer's reach: receipts do not move it.
void SnapshotSender::on_timer() {
  const base::Instant now = world_.clock.now();
  // Who lives and takes nothing must not keep the store from giving back space. Once all is read the other side may take its time.
  if (stage_ == Stage::open && source_ != nullptr && now - moved_at_ >= options_.snapshot_stall_timeout) {
    world_.observer.reached(base::Mark::snapshot_stalled);
    return give_up(base::Code::unavailable, "the member has taken nothing more for a long time");
  }
  const base::Instant given_up_at = heard_at_ + options_.silence_timeout;
  if (now < given_up_at) return world_.clock.arm(*this, given_up_at);
  world_.observer.reached(base::Mark::snapshot_receiver_silent);
  give_up(base::Code::unavailable, "nothing has been heard of the member");
}

// --- the end ----------------------------------------------------------------------------------------

void SnapshotSender::give_up(base::Code code, const std::string& why) {
  if (stage_ == Stage::opening && next_address_ < addresses_.size()) {
    world_.observer.reached(base::Mark::snapshot_address_again);
    return dial();
  }
  over(base::fail(code, why));
}

// The last thing done: the owner may destroy this.
void SnapshotSender::over(base::Status status) { owner_.on_sender_over(hello_.to, std::move(status)); }

}  // namespace peer

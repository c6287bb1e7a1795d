#include "core/peer/acceptor.h"

#include <utility>

#include "core/base/assert.h"
#include "core/peer/peer.pb.h"

namespace peer {

namespace {

// Anybody may call and say that it is anybody.
constexpr std::size_t kComplaintsMax = 100;

}  // namespace

// What the server holds of this: it may be called after the acceptor is gone.
class Acceptor::Door final : public rpc::StreamHandler {
 public:
  Door(std::shared_ptr<Acceptor*> acceptor, Lane lane) : acceptor_(std::move(acceptor)), lane_(lane) {}
  rpc::StreamReceiver* open(rpc::StreamCall& call) override {
    if (*acceptor_ != nullptr) return (*acceptor_)->on_call(call, lane_);
    call.finish({rpc::StatusCode::unavailable, "the member is stopping"});
    return nullptr;
  }

 private:
  const std::shared_ptr<Acceptor*> acceptor_;
  const Lane lane_;
};

Acceptor::Acceptor(const io::World& world, const Options& options, rpc::Server& server)
    : world_(world), options_(options), self_(std::make_shared<Acceptor*>(this)) {
  for (const Lane lane : {Lane::control, Lane::appends}) server.add_stream(path_of(lane), std::make_shared<Door>(self_, lane));
}

Acceptor::~Acceptor() {
  close();
  *self_ = nullptr;
}

void Acceptor::open(const Identity& identity, replica::TransportListener& listener) {
  ASSERT(listener_ == nullptr);
  identity_ = identity;
  listener_ = &listener;
}

void Acceptor::close() {
  listener_ = nullptr;
  while (!incoming_.empty()) end(*incoming_.begin()->second, rpc::StatusCode::unavailable, "the member is stopping");
}

void Acceptor::set_members(std::set<base::MemberId> members) {
  members_ = std::move(members);
  std::vector<Incoming*> strangers;
  for (const auto& [key, incoming] : incoming_) {
    if (members_.count(key.first) == 0) strangers.push_back(incoming.get());
  }
  for (Incoming* const stranger : strangers) {
    end(*stranger, rpc::StatusCode::failed_precondition, "member " + base::to_text(stranger->from()) + " no longer belongs to the group");
  }
}

rpc::StreamReceiver* Acceptor::on_call(rpc::StreamCall& call, Lane lane) {
  if (listener_ == nullptr) {
    call.finish({rpc::StatusCode::unavailable, "the member has not started yet, or is stopping"});
    return nullptr;
  }
  const base::Result<Hello> hello = read_hello(call);
  if (!hello) return turn_away(call, base::MemberId::none, rpc::StatusCode::invalid_argument, hello.error().detail);
  if (const auto why = refusal(*hello, identity_, members_.count(hello->from) > 0)) {
    return turn_away(call, hello->from, rpc::StatusCode::failed_precondition, *why);
  }
  const Key key{hello->from, lane};
  if (const auto older = incoming_.find(key); older != incoming_.end()) {
    end(*older->second, rpc::StatusCode::aborted, "a newer connection takes its place");
  }
  return incoming_.emplace(key, std::make_unique<Incoming>(*this, call, *hello, lane)).first->second.get();
}

rpc::StreamReceiver* Acceptor::turn_away(rpc::StreamCall& call, base::MemberId from, rpc::StatusCode code, const std::string& why) {
  complain(call, from, why);
  call.finish({code, why});
  return nullptr;
}

void Acceptor::end(Incoming& incoming, rpc::StatusCode code, const std::string& why) {
  if (code == rpc::StatusCode::invalid_argument) complain(incoming.call(), incoming.from(), why);
  incoming.call().finish({code, why});
  forget(incoming);
}

void Acceptor::forget(Incoming& incoming) {
  const std::size_t count = incoming_.erase({incoming.from(), incoming.lane()});
  ASSERT(count == 1);
}

// Once until it changes, or until the caller has said something sensible: a misled member calls again and again.
void Acceptor::complain(const rpc::CallContext& call, base::MemberId from, const std::string& why) {
  if (complaints_.size() >= kComplaintsMax && complaints_.count(from) == 0) complaints_.clear();
  std::string& said = complaints_[from];
  if (said == why) return;
  said = why;
  const std::string peer = base::to_text(from);
  const std::string address = call.peer_text();
  world_.observer.log(io::Level::warn, "turned away a connection of a peer",
                      {{"peer", std::string_view(peer)}, {"address", std::string_view(address)}, {"error", std::string_view(why)}});
}

// --- one stream ---------------------------------------------------------------------------------------

Incoming::Incoming(Acceptor& acceptor, rpc::StreamCall& call, const Hello& hello, Lane lane)
    : acceptor_(acceptor), call_(call), from_(hello.from), lane_(lane), reader_(hello.salt(lane), acceptor.options_.message_bytes_max) {
  send_receipt();  // of nothing: it is let in
}

Incoming::~Incoming() { acceptor_.world_.clock.disarm(*this); }

void Incoming::on_message(std::string_view packet) {
  base::Result<std::optional<raft::Message>> read = reader_.read(packet);
  if (!read) return acceptor_.end(*this, rpc::StatusCode::invalid_argument, read.error().detail);
  ++packets_;
  const base::Instant due = receipt_at_ + acceptor_.options_.receipt_interval;
  if (acceptor_.world_.clock.now() >= due) {
    send_receipt();
  } else if (!is_armed()) {
    acceptor_.world_.clock.arm(*this, due);
  }
  acceptor_.complaints_.erase(from_);
  if (!*read) return;
  raft::Message& message = **read;
  // A snapshot without the state that it speaks of would be the end of this member's log.
  if (lane_of(message) != lane_) {
    return acceptor_.end(*this, rpc::StatusCode::invalid_argument, "a message on the wrong connection: " + raft::to_text(message));
  }
  // The last thing done here: the listener may end this connection, or everything.
  acceptor_.listener_->on_message(from_, std::move(message));
}

void Incoming::on_half_close() { acceptor_.end(*this, rpc::StatusCode::ok, {}); }

void Incoming::on_cancelled() { acceptor_.forget(*this); }

void Incoming::on_timer() {
  if (packets_ > receipt_packets_) send_receipt();
}

void Incoming::send_receipt() {
  receipt_packets_ = packets_;
  receipt_at_ = acceptor_.world_.clock.now();
  ::lockstep::peer::Receipt receipt;
  receipt.set_packets(packets_);
  call_.send(receipt.SerializeAsString());
}

}  // namespace peer

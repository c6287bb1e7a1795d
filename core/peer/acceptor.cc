#include "core/peer/acceptor.h"

#include <utility>

#include "core/base/assert.h"
#include "core/base/mark.h"
#include "core/peer/message_receiver.h"
#include "core/peer/snapshot_receiver.h"

namespace peer {

namespace {

// Anybody may call and say that it is anybody.
constexpr std::size_t kStrangersMax = 100;

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
  for (const Lane lane : {Lane::control, Lane::appends, Lane::snapshots}) {
    server.add_stream(path_of(lane), std::make_shared<Door>(self_, lane));
  }
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
    world_.observer.reached(base::Mark::stranger_cut_off);
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
  // Also of one that means another member, which is to be here by now: it may know more than this one.
  const bool is_another_of_ours = hello->version == kProtocolVersion && hello->cluster == identity_.cluster && hello->from != identity_.self;
  if (is_another_of_ours && hello_listener_ != nullptr && !hello->addresses.empty()) {
    hello_listener_->on_addresses_said(hello->from, hello->addresses);
  }
  if (const auto why = refusal(*hello, identity_, members_.count(hello->from) > 0)) {
    world_.observer.reached(base::Mark::caller_turned_away);
    return turn_away(call, hello->from, rpc::StatusCode::failed_precondition, *why);
  }
  const Key key{hello->from, lane};
  if (const auto older = incoming_.find(key); older != incoming_.end()) {
    world_.observer.reached(base::Mark::lane_opened_anew);
    end(*older->second, rpc::StatusCode::aborted, "a newer connection takes its place");
  }
  std::unique_ptr<Incoming>& incoming = incoming_[key];
  if (lane == Lane::snapshots) {
    incoming = std::make_unique<SnapshotReceiver>(*this, call, *hello);
  } else {
    incoming = std::make_unique<MessageReceiver>(*this, call, *hello, lane);
  }
  return incoming.get();
}

rpc::StreamReceiver* Acceptor::turn_away(rpc::StreamCall& call, base::MemberId from, rpc::StatusCode code, const std::string& why) {
  complain(call, from, why);
  call.finish({code, why});
  return nullptr;
}

void Acceptor::end(Incoming& incoming, rpc::StatusCode code, const std::string& why) {
  const bool is_bad = code == rpc::StatusCode::invalid_argument || code == rpc::StatusCode::data_loss || code == rpc::StatusCode::internal;
  if (is_bad) complain(incoming.call(), incoming.from(), why);
  incoming.call().finish({code, why});
  forget(incoming);
}

void Acceptor::forget(Incoming& incoming) {
  const std::size_t count = incoming_.erase({incoming.from(), incoming.lane()});
  ASSERT(count == 1);
}

// Once until it changes, or until the caller has said something sensible: a misled member calls again and again.
void Acceptor::complain(const rpc::CallContext& call, base::MemberId from, const std::string& why) {
  if (complaints_.size() >= kStrangersMax && complaints_.count(from) == 0) complaints_.clear();
  std::string& said = complaints_[from];
  if (said == why) return;
  said = why;
  const std::string peer = base::to_text(from);
  const std::string address = call.peer_text();
  world_.observer.log(io::Level::warn, "turned away a connection of a peer",
                      {{"peer", std::string_view(peer)}, {"address", std::string_view(address)}, {"error", std::string_view(why)}});
}

}  // namespace peer

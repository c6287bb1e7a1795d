#include "core/etcd/peer_question.h"

#include <utility>

#include "core/base/assert.h"
#include "core/etcd/sealed.h"

namespace etcd {

PeerQuestion::PeerQuestion(const io::World& world, std::vector<io::Address> addresses, PeerQuestionListener& listener)
    : world_(world), addresses_(std::move(addresses)), listener_(listener) {}

PeerQuestion::~PeerQuestion() { stop(); }

void PeerQuestion::ask(std::string_view path, base::Duration timeout) {
  ASSERT(!is_asking_);
  ASSERT(!addresses_.empty());
  is_asking_ = true;
  path_ = path;
  timeout_ = timeout;
  next_address_ = 0;
  try_next();
}

void PeerQuestion::stop() {
  is_asking_ = false;
  world_.loop.forget(*this);
  channel_.reset();
}

void PeerQuestion::try_next() {
  answer_.reset();
  rpc::ChannelOptions options;
  options.connect_timeout = timeout_;
  channel_ = std::make_unique<rpc::Channel>(world_, addresses_[next_address_++], options, nullptr);
  rpc::CallOptions call;
  call.deadline = world_.clock.now() + timeout_;
  channel_->unary(path_, {}, call, *this);
}

// What changed on its way is no answer.
void PeerQuestion::on_message(std::string_view message) {
  if (const std::optional<std::string_view> bytes = unseal(message, path_)) answer_ = *bytes;
}

void PeerQuestion::on_status(const rpc::Status& status) {
  if (status.code != rpc::StatusCode::ok) answer_.reset();
  world_.loop.at_end_of_turn(*this);
}

void PeerQuestion::on_end_of_turn() {
  channel_.reset();
  if (!answer_ && next_address_ < addresses_.size()) return try_next();
  is_asking_ = false;
  listener_.on_peer_answer(*this, std::exchange(answer_, std::nullopt));
}

}  // namespace etcd

#include "core/etcd/leader_question.h"

#include <utility>

#include "core/base/assert.h"

namespace etcd {

namespace {
constexpr base::Duration kConnectTimeout = std::chrono::seconds(1);
}

void LeaderQuestion::ask(std::string_view path, std::string request, std::vector<io::Address> addresses, base::Instant deadline) {
  ASSERT(stage_ == Stage::idle);
  path_ = path;
  request_ = std::move(request);
  addresses_ = std::move(addresses);
  next_address_ = 0;
  deadline_ = deadline;
  try_next();
}

void LeaderQuestion::stop() {
  stage_ = Stage::idle;
  world_.loop.forget(*this);
  channel_.reset();
}

void LeaderQuestion::try_next() {
  channel_.reset();
  if (next_address_ == addresses_.size()) {
    stage_ = Stage::not_reached;
    return world_.loop.on_next_turn(*this);
  }
  stage_ = Stage::connecting;
  answer_.clear();
  rpc::ChannelOptions options;
  options.connect_timeout = kConnectTimeout;
  rpc::ChannelListener& listener = *this;
  channel_ = std::make_unique<rpc::Channel>(world_, addresses_[next_address_++], options, &listener);
}

// Only now: what was never sent can be sent elsewhere.
void LeaderQuestion::on_connected() {
  ASSERT(stage_ == Stage::connecting);
  stage_ = Stage::asked;
  rpc::CallOptions options;
  options.deadline = deadline_;
  channel_->unary(path_, request_, options, *this);
}

void LeaderQuestion::on_disconnected(const base::Error& /*why*/) {
  if (stage_ == Stage::connecting) world_.loop.at_end_of_turn(*this);
}

void LeaderQuestion::on_status(const rpc::Status& status) {
  ASSERT(stage_ == Stage::asked);
  stage_ = Stage::answered;
  status_ = status;
  world_.loop.at_end_of_turn(*this);
}

void LeaderQuestion::on_end_of_turn() {
  if (stage_ == Stage::connecting) return try_next();
  const Stage how = std::exchange(stage_, Stage::idle);
  channel_.reset();
  if (how == Stage::not_reached) return listener_.on_leader_not_reached();
  ASSERT(how == Stage::answered);
  listener_.on_leader_answer(std::exchange(status_, {}), std::exchange(answer_, {}));
}

}  // namespace etcd

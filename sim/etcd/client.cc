#include "sim/etcd/client.h"

#include <algorithm>
#include <utility>

#include "core/base/assert.h"

namespace sim::etcd {

Client::Client(const io::World& world, ClientOptions options, std::vector<ClientOperation> operations, KvOracle& oracle, bool& is_finished)
    : world_(world), options_(std::move(options)), oracle_(oracle), operations_(operations.begin(), operations.end()),
      is_finished_(is_finished) {
  is_finished_ = operations_.empty();
}

Client::~Client() {
  world_.clock.disarm(*this);
  world_.loop.forget(*this);
}

void Client::start() { go_on(); }

void Client::on_timer() { go_on(); }

void Client::on_end_of_turn() {
  will_go_on_ = false;
  if (std::exchange(gives_up_channel_, false)) channel_.reset();
  go_on();
}

void Client::go_on() {
  if (is_asking_ || operations_.empty()) return;
  const base::Instant now = world_.clock.now();
  base::Instant when{operations_.front().at};
  const bool has_channel = channel_ != nullptr && !channel_->is_closed();
  if (!has_channel) when = std::max(when, dial_again_at_);
  if (now < when) return world_.clock.arm(*this, when);
  if (!has_channel) dial();
  ask();
}

void Client::dial() {
  rpc::ChannelListener* listener = this;
  channel_ = std::make_unique<rpc::Channel>(world_, options_.server, rpc::ChannelOptions{}, listener);
  dial_again_at_ = world_.clock.now() + options_.redial_delay;
}

void Client::ask() {
  const ClientOperation next = std::move(operations_.front());
  operations_.pop_front();
  is_asking_ = true;
  has_answer_ = false;
  request_ = oracle_.send(options_.client, next.number, next.operation);
  rpc::CallOptions call;
  call.deadline = world_.clock.now() + options_.request_timeout;
  if (!request_.wire.is_stream) return channel_->unary(request_.wire.path, request_.wire.bytes, call, *this);
  channel_->open_stream(request_.wire.path, call, *this);
  channel_->send(*this, request_.wire.bytes);
  channel_->half_close(*this);
}

void Client::on_message(std::string_view message) {
  ASSERT(is_asking_);
  if (request_.wire.is_stream) return oracle_.on_part(request_, message);
  ASSERT(!has_answer_);
  has_answer_ = true;
  oracle_.on_answer(request_, message);
  is_finished_ = operations_.empty();
}

void Client::on_status(const rpc::Status& status) {
  ASSERT(is_asking_);
  is_asking_ = false;
  if (request_.wire.is_stream && status.code == rpc::StatusCode::ok) {
    oracle_.on_end(request_);
    is_finished_ = operations_.empty();
  } else if (!has_answer_) {
    oracle_.on_error(request_, status);
  }
  // Nobody answered for that long: perhaps nobody is there, as on a connection whose other end lost its power.
  if (status.code == rpc::StatusCode::deadline_exceeded) gives_up_channel_ = true;
  if (will_go_on_) return;
  will_go_on_ = true;
  world_.loop.at_end_of_turn(*this);
}

void Client::on_connected() {}

void Client::on_disconnected(const base::Error&) { dial_again_at_ = world_.clock.now() + options_.redial_delay; }

}  // namespace sim::etcd

#include "apps/lockstep/drive_client.h"

#include <algorithm>
#include <utility>

#include "core/base/assert.h"

namespace lockstep {

namespace {

// After anything that failed: a server that refuses at once must not be asked in a busy loop.
constexpr base::Duration kPause = std::chrono::milliseconds(20);
constexpr base::Duration kConnectTimeout = std::chrono::seconds(1);

std::string_view kind_of(const sim::etcd::LoadRequest& request) {
  switch (request.call) {
    case sim::etcd::HistoryCall::put: return "put";
    case sim::etcd::HistoryCall::range: return request.is_serializable ? "serializable range" : "range";
    case sim::etcd::HistoryCall::txn: return "txn";
  }
  return "?";
}

}  // namespace

DriveClient::DriveClient(const io::World& world, const DriveOptions& options, const sim::etcd::HistoryLoad& load, std::uint32_t client,
                         DriveRecorder& recorder)
    : world_(world), options_(options), load_(load), client_(client), recorder_(recorder), seen_(options.load),
      endpoint_(client % static_cast<std::uint32_t>(options.endpoints.size())) {}

DriveClient::~DriveClient() {
  world_.clock.disarm(*this);
  world_.loop.forget(*this);
}

void DriveClient::start() {
  begin_ = world_.clock.now();
  go_on();
}

base::Instant DriveClient::due(std::uint32_t number) const {
  if (options_.rate <= 0) return begin_;
  // The clients take turns.
  const double place = static_cast<double>(number) * options_.clients + client_;
  return begin_ + std::chrono::duration_cast<base::Duration>(std::chrono::duration<double>(place / options_.rate));
}

void DriveClient::go_on() {
  if (is_asking_ || is_stopping_) return;
  const base::Instant when = std::max(not_before_, due(number_));
  if (world_.clock.now() < when) return world_.clock.arm(*this, when);
  if (channel_ == nullptr) return dial();
  if (channel_->is_closed()) return leave_endpoint();
  if (channel_->is_connected()) ask();
}

void DriveClient::dial() {
  rpc::ChannelListener* const listener = this;
  rpc::ChannelOptions options;
  options.connect_timeout = kConnectTimeout;
  channel_ = std::make_unique<rpc::Channel>(world_, options_.endpoints[endpoint_], options, listener);
}

void DriveClient::on_connected() { go_on(); }

void DriveClient::on_disconnected(const base::Error&) { leave_endpoint(); }

void DriveClient::ask() {
  const sim::etcd::LoadRequest request = load_.draw(client_, number_, seen_, recorder_.first_revision(), recorder_.shown());
  operation_ = {};
  operation_.client = client_;
  operation_.number = number_++;
  operation_.endpoint = endpoint_;
  operation_.call = request.call;
  operation_.request = recorder_.arena().add(request.bytes);
  kind_ = kind_of(request);
  is_asking_ = true;
  has_answer_ = false;
  rpc::CallOptions call;
  call.deadline = world_.clock.now() + options_.request_timeout;
  operation_.start_ns = recorder_.stamp();
  channel_->unary(path_of(request.call), operation_.request, call, *this);
}

void DriveClient::on_message(std::string_view message) {
  ASSERT(is_asking_);
  ASSERT(!has_answer_);
  has_answer_ = true;
  recorder_.on_answer(operation_, kind_, message);
  seen_.learn(operation_.call, operation_.request, message);
}

void DriveClient::on_status(const rpc::Status& status) {
  ASSERT(is_asking_);
  is_asking_ = false;
  if (!has_answer_) {
    recorder_.on_error(operation_, kind_, status);
    not_before_ = world_.clock.now() + kPause;
    if (status.code == rpc::StatusCode::unavailable || status.code == rpc::StatusCode::deadline_exceeded) return leave_endpoint();
  }
  if (std::exchange(will_go_on_, true)) return;
  world_.loop.at_end_of_turn(*this);
}

// The channel may be in the middle of a callback, and have more to say about this connection.
void DriveClient::leave_endpoint() {
  if (std::exchange(is_leaving_, true)) return;
  if (std::exchange(will_go_on_, true)) return;
  world_.loop.at_end_of_turn(*this);
}

void DriveClient::on_end_of_turn() {
  will_go_on_ = false;
  if (is_leaving_ && !is_asking_) {
    is_leaving_ = false;
    channel_.reset();
    endpoint_ = (endpoint_ + 1) % static_cast<std::uint32_t>(options_.endpoints.size());
    not_before_ = std::max(not_before_, world_.clock.now() + kPause);
  }
  go_on();
}

void DriveClient::abandon() {
  if (is_asking_) recorder_.on_open(operation_, kind_);
  is_asking_ = false;
  channel_.reset();
}

}  // namespace lockstep

#include "sim/etcd/client.h"

#include <algorithm>
#include <utility>

#include "core/base/assert.h"
#include "sim/etcd/outcome.h"

namespace sim::etcd {

namespace {

// One request in so many goes to another member for no reason.
constexpr std::uint64_t kRoams = 25;
constexpr std::uint32_t kFirstInsisted = 1'000'000;  // numbers of requests that no plan has
constexpr base::Duration kInsistDelay = std::chrono::milliseconds(50);

}  // namespace

Client::Client(const io::World& world, ClientOptions options, std::vector<ClientOperation> operations, KvOracle& oracle, bool& is_finished)
    : world_(world), options_(std::move(options)), oracle_(oracle), operations_(operations.begin(), operations.end()),
      is_finished_(is_finished) {
  ASSERT(!options_.servers.empty());
  is_finished_ = operations_.empty();
  if (options_.roams_until) server_ = static_cast<std::size_t>(io::below(world_.random.draw("client-server", {}), options_.servers.size()));
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
  if (is_asking_) return;
  skip_overdue_moves();
  if (operations_.empty()) return;
  const base::Instant now = world_.clock.now();
  base::Instant when{operations_.front().at};
  const bool has_channel = channel_ != nullptr && !channel_->is_closed();
  if (!has_channel) when = std::max(when, dial_again_at_);
  if (now < when) return world_.clock.arm(*this, when);
  if (has_channel && wants_to_roam(operations_.front().number)) {
    roamed_ = operations_.front().number;
    go_elsewhere(roamed_);
    channel_.reset();
    return go_on();
  }
  if (!has_channel) dial();
  ask();
}

// Who is behind when the faults have ended still has leadership to move, perhaps to a member that is broken for good, as often as not
// all over again when that has just been mended.
void Client::skip_overdue_moves() {
  if (!options_.roams_until || world_.clock.now() < base::Instant(*options_.roams_until)) return;
  while (!operations_.empty() && operations_.front().operation.kind == OperationKind::move) {
    operations_.pop_front();
    is_finished_ = operations_.empty();
  }
}

// Not when the faults have ended: who has found somebody then stays there, for the others may never answer.
bool Client::wants_to_roam(std::uint32_t number) {
  if (!options_.roams_until || roamed_ == number || world_.clock.now() >= base::Instant(*options_.roams_until)) return false;
  return io::below(world_.random.draw("client-roams", {number}), kRoams) == 0;
}

void Client::dial() {
  rpc::ChannelListener* listener = this;
  channel_ = std::make_unique<rpc::Channel>(world_, options_.servers[server_], rpc::ChannelOptions{}, listener);
  dial_again_at_ = world_.clock.now() + options_.redial_delay;
}

void Client::ask() {
  asked_ = std::move(operations_.front());
  operations_.pop_front();
  is_asking_ = true;
  has_answer_ = false;
  request_ = oracle_.send(options_.client, asked_.number, asked_.operation);
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
  if (options_.servers.size() > 1 && is_no_answer(status)) {
    gives_up_channel_ = true;
    go_elsewhere(asked_.number);
  }
  if (is_no_answer(status)) insist();
  if (will_go_on_) return;
  will_go_on_ = true;
  world_.loop.at_end_of_turn(*this);
}

void Client::go_elsewhere(std::uint64_t why) {
  if (options_.servers.size() == 1) return;
  const std::uint64_t others = options_.servers.size() - 1;
  const std::size_t step = 1 + static_cast<std::size_t>(io::below(world_.random.draw("client-next-server", {why}), others));
  server_ = (server_ + step) % options_.servers.size();
}

void Client::insist() {
  if (!options_.roams_until || asked_.at < *options_.roams_until) return;
  ClientOperation again = asked_;
  again.number = kFirstInsisted + insisted_++;
  again.at = world_.clock.now().since_start() + kInsistDelay;
  operations_.push_front(std::move(again));
}

void Client::on_connected() {}

void Client::on_disconnected(const base::Error&) { dial_again_at_ = world_.clock.now() + options_.redial_delay; }

}  // namespace sim::etcd

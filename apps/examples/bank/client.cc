#include "apps/examples/bank/client.h"

#include <utility>

#include "apps/examples/bank/bank.h"
#include "core/base/assert.h"

namespace bank {

namespace {
constexpr base::Duration kPause = std::chrono::milliseconds(50);
constexpr std::string_view kOk = "ok ";
}  // namespace

Client::Client(const io::World& world, ClientOptions options, ClientListener& listener)
    : world_(world), options_(std::move(options)), listener_(listener) {
  ASSERT(!options_.servers.empty());
}

Client::~Client() { world_.clock.disarm(*this); }

void Client::write(std::string_view what) {
  if (!session_.empty()) return begin("Write", session_ + " " + std::to_string(++number_) + " " + std::string(what));
  next_ = what;
  begin("Write", "session");
}

void Client::read(std::string_view accounts) { begin("Read", std::string(accounts)); }

void Client::begin(std::string_view method, std::string request) {
  ASSERT(!is_asking_);
  is_asking_ = true;
  path_ = "/" + std::string(kService) + "/" + std::string(method);
  request_ = std::move(request);
  listener_.on_asking(request_);
  attempt();
}

void Client::attempt() {
  if (channel_ == nullptr || channel_->is_closed()) {
    channel_ = std::make_unique<rpc::Channel>(world_, options_.servers[server_], rpc::ChannelOptions(), nullptr);
  }
  rpc::CallOptions options;
  options.deadline = world_.clock.now() + options_.attempt_max;
  channel_->unary(path_, request_, options, *this);
}

void Client::on_status(const rpc::Status& status) {
  const bool is_too_large = status.code == rpc::StatusCode::resource_exhausted;  // for every member
  if (status.code != rpc::StatusCode::ok && !is_too_large) {
    server_ = (server_ + 1) % options_.servers.size();
    channel_.reset();
    return world_.clock.arm(*this, world_.clock.now() + kPause);
  }
  is_asking_ = false;
  const std::string answer = is_too_large ? "no: " + status.message : std::exchange(answer_, {});
  if (next_.empty() || !answer.starts_with(kOk)) {
    if (answer.starts_with("no session")) session_.clear();
    next_.clear();
    return listener_.on_answer(answer);
  }
  session_ = answer.substr(kOk.size());
  number_ = 0;
  write(std::exchange(next_, {}));
}

}  // namespace bank

#include "sim/etcd/kv.h"

#include <algorithm>

#include "core/base/assert.h"
#include "sim/etcd/outcome.h"

namespace sim::etcd {

// One request, from sending to its end.
class Kv::Call final : public rpc::ClientCall {
 public:
  Call(Kv& kv, Connection* connection, Request request, Told told)
      : kv_(kv), connection_(connection), request_(std::move(request)), told_(std::move(told)) {}

  void on_message(std::string_view message) override {
    ASSERT(!has_answer_);
    has_answer_ = true;
    answer_ = message;
    kv_.machine_.oracle().on_answer(request_, answer_);
  }
  void on_status(const rpc::Status& status) override {
    if (!has_answer_) kv_.machine_.oracle().on_error(request_, status);
    kv_.on_end(*this, status);
  }

  const Request& request() const { return request_; }
  Connection& connection() { return *connection_; }
  // May destroy the Kv.
  void tell(const rpc::Status& status) const {
    if (has_answer_) return told_(Fate::done, {}, answer_);
    told_(meaning_of(status) == ErrorMeaning::unknown ? Fate::unknown : Fate::refused, status, {});
  }

 private:
  Kv& kv_;
  Connection* const connection_;
  const Request request_;
  const Told told_;
  bool has_answer_ = false;
  std::string answer_;
};

Kv::Kv(Machine& machine) : machine_(machine) {
  ASSERT(!machine_.servers().empty());
  server_ = static_cast<std::size_t>(machine_.below("client-server", {}, machine_.servers().size()));
}

Kv::~Kv() = default;

void Kv::send(std::string_view method, const std::string& bytes, Told told) {
  base::Result<ForeignRequest> foreign = read_foreign("/etcdserverpb.KV/" + std::string(method), bytes);
  if (!foreign) {
    const rpc::Status status{rpc::StatusCode::unimplemented, foreign.error().detail};
    return machine_.after({}, [told = std::move(told), status] { told(Fate::refused, status, {}); });
  }
  const OperationName name = machine_.next_request(foreign->wire.is_write);
  Connection& to = connection();
  ++to.open;
  Request request = machine_.oracle().send(name.client, name.number, std::move(*foreign), machine_.job().what);
  calls_.push_back(std::make_unique<Call>(*this, &to, std::move(request), std::move(told)));
  Call& call = *calls_.back();
  rpc::CallOptions options;
  options.deadline = machine_.world().clock.now() + machine_.patience();
  to.channel->unary(call.request().wire.path, call.request().wire.bytes, options, call);
}

Kv::Connection& Kv::connection() {
  if (!connections_.empty() && !is_given_up_ && !connections_.back().channel->is_closed()) return connections_.back();
  connections_.remove_if([](const Connection& one) { return one.open == 0; });
  Connection& one = connections_.emplace_back();
  one.channel = std::make_unique<rpc::Channel>(machine_.world(), machine_.servers()[server_], rpc::ChannelOptions{}, nullptr);
  is_given_up_ = false;
  return one;
}

void Kv::on_end(Call& call, const rpc::Status& status) {
  Connection& from = call.connection();
  --from.open;
  const bool is_current = &from == &connections_.back() && !is_given_up_;
  if (is_current && status.code != rpc::StatusCode::ok && is_no_answer(status)) {
    is_given_up_ = true;
    const std::size_t others = machine_.servers().size() - 1;
    const std::uint64_t number = call.request().number;
    if (others > 0) server_ = (server_ + 1 + static_cast<std::size_t>(machine_.below("client-next-server", {number}, others))) % (others + 1);
  }
  const auto place = std::find_if(calls_.begin(), calls_.end(), [&](const std::unique_ptr<Call>& one) { return one.get() == &call; });
  ASSERT(place != calls_.end());
  const std::unique_ptr<Call> ended = std::move(*place);
  calls_.erase(place);
  ended->tell(status);
}

}  // namespace sim::etcd

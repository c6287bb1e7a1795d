#include "sim/plain_client.h"

#include <utility>

#include "core/base/assert.h"

namespace sim {

namespace {

constexpr std::uint32_t kFirstInsisted = 1'000'000;  // numbers of requests that no plan has
constexpr base::Duration kInsistDelay = std::chrono::milliseconds(50);
constexpr std::string_view kRead = "read";
constexpr std::string_view kWrite = "write";

PlainRequest request_of(std::uint32_t client, const Operation& line) {
  const bool is_read = line.what.substr(0, kRead.size()) == kRead;
  const std::size_t word = (is_read ? kRead : kWrite).size();
  return {{client, line.number}, is_read, line.what.size() > word ? line.what.substr(word + 1) : std::string()};
}

}  // namespace

PlainClient::PlainClient(io::sim::Node& node, std::uint32_t number, PlainPart& part, PlainSurroundings around)
    : node_(node), number_(number), part_(part), around_(std::move(around)), server_(number % around_.servers.size()), alarms_(node.world().clock) {
  part_.asked.reset();  // its process was killed
  for (const Disturbance& one : part_.disturbances) {
    if (one.at < now() || one.at >= around_.plan.faults_until) continue;
    alarms_.after(one.at - now(), [this, one] {
      if (one.is_kill) around_.machines.kill_client(number_, one.lasting);
      else around_.machines.pause_client(number_, one.lasting);
    });
  }
  wait();
}

void PlainClient::wait() {
  if (part_.lines.empty()) return;
  alarms_.after(part_.lines.front().at - now(), [this] {
    line_ = std::move(part_.lines.front());
    part_.lines.pop_front();
    ask(request_of(number_, line_));
  });
}

void PlainClient::ask(PlainRequest request) {
  ASSERT(!part_.asked.has_value());
  part_.asked = std::move(request);
  ++around_.counts.sent;
  if (!part_.asked->is_read && is_noticed_in_calm(around_.plan, now())) around_.counts.has_written_in_calm = true;
  if (around_.listener != nullptr) around_.listener->on_asked(part_.asked->name, (part_.asked->is_read ? "read " : "write ") + part_.asked->text);
  around_.judge.on_asked(*part_.asked);
  if (channel_ == nullptr || channel_->is_closed()) {
    channel_ = std::make_unique<rpc::Channel>(node_.world(), around_.servers[server_], rpc::ChannelOptions(), nullptr);
  }
  rpc::CallOptions options;
  options.deadline = node_.world().clock.now() + around_.attempt_max;
  channel_->unary("/" + around_.service + (part_.asked->is_read ? "/Read" : "/Write"), part_.asked->text, options, *this);
}

void PlainClient::on_status(const rpc::Status& status) {
  const PlainRequest request = *std::exchange(part_.asked, {});
  const bool is_answered = status.code == rpc::StatusCode::ok;
  const std::string answer = std::exchange(answer_, {});
  ++(is_answered ? around_.counts.answered : around_.counts.lost);
  if (around_.listener != nullptr) {
    around_.listener->on_ended(request.name, is_answered ? OperationEnd::answered : OperationEnd::unknown, is_answered ? answer : rpc::to_text(status));
  }
  if (is_answered) {
    around_.judge.on_answered(request, answer);
  } else {
    around_.judge.on_lost(request);
    server_ = (server_ + 1) % around_.servers.size();
    channel_.reset();
    if (line_.at >= around_.plan.faults_until) insist();
  }
  wait();
}

void PlainClient::insist() {
  Operation again = line_;
  again.number = kFirstInsisted + part_.insisted++;
  again.at = now() + kInsistDelay;
  part_.lines.push_front(std::move(again));
}

}  // namespace sim

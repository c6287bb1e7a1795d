#include "property_tests/differential/servers.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <vector>

namespace property_tests::differential {

namespace {

constexpr base::Duration kAnswerTimeMax = std::chrono::seconds(60);
constexpr base::Duration kStartTimeMax = std::chrono::seconds(60);
constexpr base::Duration kPollTime = std::chrono::milliseconds(10);

}  // namespace

struct Servers::Call final : rpc::ClientCall {
  void on_message(std::string_view message) override { messages.emplace_back(message); }
  void on_status(const rpc::Status& status_) override { status = status_; }

  std::vector<std::string> messages;
  std::optional<rpc::Status> status;
};

Servers::Servers(io::real::RealWorld& world, const Programs& programs) : world_(world) {
  // Both come up at the same time. A port that was free may be taken by the time it is listened on: then again.
  constexpr int kAttemptCount = 5;
  const auto start = [&](Side& side, const std::string& program) {
    side.process = std::make_unique<ServerProcess>(program, programs.parent);
  };
  start(ours_, programs.ours);
  start(theirs_, programs.theirs);
  const std::pair<Side*, const std::string*> sides[] = {{&ours_, &programs.ours}, {&theirs_, &programs.theirs}};
  for (const auto& [side, program] : sides) {
    for (int attempt = 1; !is_serving_in_time(*side); ++attempt) {
      if (attempt == kAttemptCount) {
        std::fprintf(stderr, "%s does not serve. It wrote:\n%s\n", program->c_str(), side->process->log_tail().c_str());
        std::exit(2);
      }
      start(*side, *program);
    }
  }
}

void Servers::connect(Side& side) {
  const io::Address address{"127.0.0.1", side.process->port()};
  side.channel = std::make_unique<rpc::Channel>(world_.world(), address, rpc::ChannelOptions{}, nullptr);
}

// Tries a read that needs a leader until it succeeds; it leaves no trace in the store. False when the process has ended.
bool Servers::is_serving_in_time(Side& side) {
  Request probe;
  etcdserverpb::RangeRequest range;
  range.set_key("probe");
  probe.body = range;
  const base::Instant deadline = world_.world().clock.now() + kStartTimeMax;
  while (world_.world().clock.now() < deadline && side.process->is_running()) {
    connect(side);
    Call call;
    begin(side, probe, call);
    finish(call);
    if (call.status->code == rpc::StatusCode::ok) return true;
    const base::Instant again = world_.world().clock.now() + kPollTime;
    while (world_.world().clock.now() < again) world_.run_turn(kPollTime);
  }
  return false;
}

void Servers::begin(Side& side, const Request& request, Call& call) {
  if (side.channel->is_closed()) connect(side);
  rpc::CallOptions options;
  options.deadline = world_.world().clock.now() + kAnswerTimeMax;
  options.metadata = request.metadata;
  if (request.kind == Kind::range_stream) {
    side.channel->open_stream(request.path(), options, call);
    side.channel->send(call, request.bytes());
    side.channel->half_close(call);
  } else {
    side.channel->unary(request.path(), request.bytes(), options, call);
  }
}

void Servers::finish(Call& call) {
  while (!call.status) world_.run_turn(std::chrono::seconds(1));
}

Answers Servers::ask(const Request& ours, const Request& theirs) {
  Call our_call, their_call;
  begin(ours_, ours, our_call);
  begin(theirs_, theirs, their_call);
  finish(our_call);
  finish(their_call);
  return {make_answer(ours.kind, *our_call.status, our_call.messages), make_answer(theirs.kind, *their_call.status, their_call.messages)};
}

Answer Servers::ask_ours(const Request& request) {
  Call call;
  begin(ours_, request, call);
  finish(call);
  return make_answer(request.kind, *call.status, call.messages);
}

std::string Servers::health() {
  std::string text;
  if (!ours_.process->is_running()) text += "our server has ended; it wrote:\n" + ours_.process->log_tail() + "\n";
  if (!theirs_.process->is_running()) text += "etcd has ended; it wrote:\n" + theirs_.process->log_tail() + "\n";
  return text;
}

}  // namespace property_tests::differential

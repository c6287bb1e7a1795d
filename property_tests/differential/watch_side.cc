#include "property_tests/differential/watch_side.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "core/api/kv.pb.h"
#include "core/rpc/status.h"

namespace property_tests::differential {

namespace {

constexpr base::Duration kAskTimeMax = std::chrono::seconds(30);
constexpr base::Duration kServeTimeMax = std::chrono::seconds(60);
constexpr base::Duration kTurn = std::chrono::milliseconds(10);

struct OneAnswer final : rpc::ClientCall {
  void on_message(std::string_view bytes) override { message = bytes; }
  void on_status(const rpc::Status& with) override { status = with; }
  std::string message;
  std::optional<rpc::Status> status;
};

std::string event_text(const mvccpb::Event& event) {
  const auto kv_text = [](const mvccpb::KeyValue& kv) {
    return kv.key() + "=" + kv.value() + "@" + std::to_string(kv.create_revision()) + "/" + std::to_string(kv.mod_revision()) + "v" +
           std::to_string(kv.version()) + "l" + std::to_string(kv.lease());
  };
  std::string out = std::string(event.type() == mvccpb::Event::PUT ? "put " : "delete ") + kv_text(event.kv());
  if (event.has_prev_kv()) out += " before: " + kv_text(event.prev_kv());
  return out;
}

}  // namespace

WatchSide::WatchSide(io::real::RealWorld& world, const std::string& program, const std::string& parent) : world_(world) {
  constexpr int kAttempts = 5;  // a port that was free may be taken by the time it is listened on
  for (int attempt = 1;; ++attempt) {
    process_ = std::make_unique<ServerProcess>(program, parent);
    if (is_serving_in_time()) break;
    if (attempt < kAttempts) continue;
    std::fprintf(stderr, "%s does not serve. It wrote:\n%s\n", program.c_str(), process_->log_tail().c_str());
    std::exit(2);
  }
  for (std::size_t i = 0; i < kStreams; ++i) {
    streams_.push_back(std::make_unique<Stream>(*this));
    channel_->open_stream("/etcdserverpb.Watch/Watch", {}, *streams_.back());
    etcdserverpb::WatchRequest request;
    request.mutable_create_request()->set_key(std::string(kBarrierKey));
    request.mutable_create_request()->set_watch_id(kBarrierId);
    send(i, request);
    if (!wait_for_answers(i, 1, kAskTimeMax)) broken_ = "a stream does not answer";
  }
}

WatchSide::~WatchSide() = default;

bool WatchSide::is_serving_in_time() {
  etcdserverpb::RangeRequest probe;
  probe.set_key("probe");
  const base::Instant deadline = world_.world().clock.now() + kServeTimeMax;
  while (world_.world().clock.now() < deadline && process_->is_running()) {
    channel_ = std::make_unique<rpc::Channel>(world_.world(), io::Address{"127.0.0.1", process_->port()}, rpc::ChannelOptions{}, nullptr);
    if (ask("/etcdserverpb.KV/Range", probe.SerializeAsString()).status.code == rpc::StatusCode::ok) return true;
    wait(kTurn);
  }
  return false;
}

WatchSide::Unary WatchSide::ask(std::string_view path, const std::string& request) {
  OneAnswer call;
  rpc::CallOptions options;
  options.deadline = world_.world().clock.now() + kAskTimeMax;
  channel_->unary(path, request, options, call);
  while (!call.status) world_.run_turn(kTurn);
  return {*call.status, call.message};
}

void WatchSide::send(std::size_t stream, const etcdserverpb::WatchRequest& request) {
  channel_->send(*streams_[stream], request.SerializeAsString());
}

void WatchSide::wait(base::Duration time) {
  const base::Instant until = world_.world().clock.now() + time;
  while (world_.world().clock.now() < until) world_.run_turn(kTurn);
}

bool WatchSide::wait_for_answers(std::size_t stream, std::uint64_t count, base::Duration time) {
  const base::Instant deadline = world_.world().clock.now() + time;
  while (answers(stream) < count) {
    if (world_.world().clock.now() >= deadline) return false;
    world_.run_turn(kTurn);
  }
  return true;
}

bool WatchSide::wait_for_barrier(std::int64_t revision) {
  const base::Instant deadline = world_.world().clock.now() + kAskTimeMax;
  for (const auto& stream : streams_) {
    while (stream->barrier < revision && broken_.empty()) {
      if (world_.world().clock.now() >= deadline) return false;
      world_.run_turn(kTurn);
    }
  }
  return true;
}

void WatchSide::on_message(Stream& stream, std::string_view bytes) {
  etcdserverpb::WatchResponse response;
  if (!response.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    broken_ = "an answer is no WatchResponse";
    return;
  }
  const std::int64_t id = response.watch_id();
  if (stream.fragment_of && *stream.fragment_of != id) broken_ = "another answer stands between the pieces of one";
  const bool goes_on = stream.fragment_of.has_value();
  stream.fragment_of = response.fragment() ? std::optional(id) : std::nullopt;
  std::vector<std::string>& told = stream.told[id];
  if (response.created() || (response.canceled() && response.compact_revision() == 0)) ++stream.answers;
  const std::string at = " at " + std::to_string(response.header().revision());
  if (response.created() && response.canceled()) told.push_back("refused: " + response.cancel_reason() + at);
  else if (response.created()) told.push_back("created" + at);
  else if (response.canceled() && response.compact_revision() != 0) told.push_back("compacted: " + std::to_string(response.compact_revision()) + at);
  else if (response.canceled()) told.push_back("canceled" + at);
  else if (response.events().empty()) told.push_back("progress" + at);
  std::int64_t& last = stream.last_revision[id];
  if (response.created()) last = 0;
  bool is_first = !goes_on;
  for (const mvccpb::Event& event : response.events()) {
    const std::int64_t revision = event.kv().mod_revision();
    if (revision < last) broken_ = "events go back: " + event_text(event);
    if (revision == last && is_first) broken_ = "a revision is told in two answers: " + event_text(event);
    last = revision;
    is_first = false;
    if (id == kBarrierId) stream.barrier = revision;
    else told.push_back(event_text(event));
  }
}

std::string to_text(const Told& told) {
  std::string out;
  for (const auto& one : told) {
    out += "    watcher " + std::to_string(one.first) + ":\n";
    for (const std::string& item : one.second) out += "      " + item.substr(0, 200) + "\n";
  }
  return out;
}

}  // namespace property_tests::differential

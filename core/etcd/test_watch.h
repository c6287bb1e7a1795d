// core/etcd/test_watch.h: a Watch stream of a client in a test, and its responses as text.
#pragma once

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/api/watch.pb.h"
#include "core/rpc/client.h"

namespace etcd::testing {

// `id=N rev=N`, then what stands in it: `created`, `canceled`, `compacted=N`, `reason='…'`, `more`, and the events: `+key=value@rev`, `-key@rev`,
// each with `(old value)` where that was told.
inline std::string text_of(const etcdserverpb::WatchResponse& response) {
  std::string out = "id=" + std::to_string(response.watch_id()) + " rev=" + std::to_string(response.header().revision());
  if (response.created()) out += " created";
  if (response.canceled()) out += " canceled";
  if (response.compact_revision() != 0) out += " compacted=" + std::to_string(response.compact_revision());
  if (!response.cancel_reason().empty()) out += " reason='" + response.cancel_reason() + "'";
  if (response.fragment()) out += " more";
  for (const mvccpb::Event& event : response.events()) {
    const bool is_put = event.type() == mvccpb::Event::PUT;
    out += std::string(is_put ? " +" : " -") + event.kv().key() + (is_put ? "=" + event.kv().value() : "") + "@" + std::to_string(event.kv().mod_revision());
    if (event.has_prev_kv()) out += "(" + event.prev_kv().value() + ")";
  }
  return out;
}

class TestWatch final : public rpc::ClientCall {
 public:
  TestWatch(rpc::Channel& channel, rpc::CallOptions options = {}) : channel_(channel) { channel.open_stream("/etcdserverpb.Watch/Watch", options, *this); }

  void send(const etcdserverpb::WatchRequest& request) { channel_.send(*this, request.SerializeAsString()); }
  void create(std::string key, std::string end = {}, std::int64_t start = 0) {
    send(request_of(std::move(key), std::move(end), start));
  }
  void cancel(std::int64_t id) {
    etcdserverpb::WatchRequest request;
    request.mutable_cancel_request()->set_watch_id(id);
    send(request);
  }
  void ask_for_progress() {
    etcdserverpb::WatchRequest request;
    request.mutable_progress_request();
    send(request);
  }
  void half_close() { channel_.half_close(*this); }
  void pause(bool is_paused) { channel_.pause_receiving(*this, is_paused); }

  static etcdserverpb::WatchRequest request_of(std::string key, std::string end = {}, std::int64_t start = 0) {
    etcdserverpb::WatchRequest request;
    request.mutable_create_request()->set_key(std::move(key));
    request.mutable_create_request()->set_range_end(std::move(end));
    request.mutable_create_request()->set_start_revision(start);
    return request;
  }

  // What has come since it was last asked, a line each.
  std::string take() {
    std::string out;
    for (; taken_ < responses.size(); ++taken_) out += text_of(responses[taken_]) + "\n";
    return out;
  }

  std::vector<etcdserverpb::WatchResponse> responses;
  std::optional<rpc::Status> status;

 private:
  void on_message(std::string_view bytes) override {
    responses.emplace_back();
    REQUIRE(responses.back().ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
  }
  void on_status(const rpc::Status& with) override { status = with; }

  rpc::Channel& channel_;
  std::size_t taken_ = 0;
};

}  // namespace etcd::testing

// A whole member in the simulated world, asked anything: it answers every request, and never stops.
//
// The input is a list of requests, put together from small parts or taken from its bytes as they are, with a kill now and then.
// A member lives for several inputs, since starting one takes long; should one input alone not fail again, run the
// corpus before it.
#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/api/kv.pb.h"
#include "core/base/assert.h"
#include "core/etcd/server.h"
#include "core/rpc/client.h"
#include "io/sim/simulation.h"
#include "property_tests/fuzz/input.h"

namespace {

constexpr std::array<const char*, 8> kPaths = {
    "/etcdserverpb.KV/Range",         "/etcdserverpb.KV/Put",       "/etcdserverpb.KV/DeleteRange",  "/etcdserverpb.KV/Txn",
    "/etcdserverpb.Maintenance/Status", "/etcdserverpb.KV/Compact", "/etcdserverpb.Cluster/MemberList", "/etcdserverpb.Maintenance/HashKV"};

struct Call final : rpc::ClientCall {
  void on_message(std::string_view bytes) override { message = bytes; }
  void on_status(const rpc::Status& with) override { status = with; }
  std::string message;
  std::optional<rpc::Status> status;
};

class Member final : private etcd::ServerListener {
 public:
  Member() : member_(sim_.add_node("m1")), client_(sim_.add_node("client")) {
    config_.listen_client = {{"m1", 2379}};
    config_.advertise_client_urls = {"http://m1:2379"};
    config_.max_request_bytes = 4096;
    config_.max_txn_ops = 8;
    // What is rare in a daemon happens here all the time.
    config_.tuning.log_segment_bytes = 64U << 10U;
    config_.tuning.truncate_step_entries = 10;
    config_.tuning.catch_up_entries = 20;
    config_.tuning.store_batch_rows = 10;
    config_.tuning.store_checkpoint_delay = std::chrono::milliseconds(200);
    begin();
  }
  ~Member() { kill(); }

  void run(fuzz::Input& input) {
    while (!input.is_empty()) {
      switch (input.below(16)) {
        case 0: call(kPaths[input.below(kPaths.size())], std::string(input.bytes())); break;
        case 1: sim_.run_for(std::chrono::milliseconds(input.below(500))); break;
        case 2:
          if (input.below(8) != 7) break;
          kill();
          member_.restart();
          begin();
          break;
        case 3:
        case 4:
        case 5: call(kPaths[0], range(input).SerializeAsString()); break;
        case 6:
        case 7:
        case 8: call(kPaths[1], put(input).SerializeAsString()); break;
        case 9:
        case 10: call(kPaths[2], erase(input).SerializeAsString()); break;
        case 11: compact(input); break;
        default: call(kPaths[3], txn(input, 2).SerializeAsString()); break;
      }
    }
  }

 private:
  void begin() {
    is_ready_ = false;
    etcd::ServerListener& listener = *this;
    server_ = std::make_unique<etcd::Server>(member_.world(), config_, listener);
    server_->start();
    ASSERT(sim_.run_until([&] { return is_ready_; }, std::chrono::seconds(60)));
    channel_ = std::make_unique<rpc::Channel>(client_.world(), config_.listen_client[0], rpc::ChannelOptions(), nullptr);
  }
  void kill() {
    channel_.reset();
    member_.crash(io::sim::CrashKind::process_kill);
    server_.reset();
  }
  void on_ready() override { is_ready_ = true; }
  void on_failed(const base::Error&) override { ASSERT(false); }  // nothing that a client sends stops a member

  void call(const char* path, const std::string& request) {
    Call waiting;
    channel_->unary(path, request, {}, waiting);
    ASSERT(sim_.run_until([&] { return waiting.status.has_value(); }, std::chrono::seconds(60)));
    ASSERT(waiting.status->code != rpc::StatusCode::unavailable);
    ASSERT(waiting.status->code != rpc::StatusCode::internal || !waiting.status->message.empty());
  }

  void compact(fuzz::Input& input) {
    etcdserverpb::CompactionRequest request;
    request.set_revision(static_cast<std::int64_t>(input.number()));
    request.set_physical(input.below(2) == 1);
    call(kPaths[5], request.SerializeAsString());
  }

  // Few keys, so that requests meet.
  static std::string key(fuzz::Input& input) {
    const std::uint64_t which = input.below(12);
    if (which == 0) return std::string(input.bytes());
    if (which == 1) return std::string(1, '\0');
    return std::string(which % 3 + 1, static_cast<char>('a' + which % 4));
  }
  static std::string end(fuzz::Input& input) { return input.below(3) == 0 ? key(input) : std::string(); }

  static etcdserverpb::RangeRequest range(fuzz::Input& input) {
    etcdserverpb::RangeRequest out;
    out.set_key(key(input));
    out.set_range_end(end(input));
    const std::uint8_t shape = input.byte();
    if ((shape & 1U) != 0) out.set_limit(static_cast<std::int64_t>(input.number()));
    if ((shape & 2U) != 0) out.set_revision(static_cast<std::int64_t>(input.number()));
    if ((shape & 4U) != 0) {
      out.set_sort_order(static_cast<etcdserverpb::RangeRequest::SortOrder>(input.below(4)));
      out.set_sort_target(static_cast<etcdserverpb::RangeRequest::SortTarget>(input.below(6)));
    }
    if ((shape & 8U) != 0) out.set_max_mod_revision(static_cast<std::int64_t>(input.number()));
    if ((shape & 16U) != 0) out.set_min_create_revision(static_cast<std::int64_t>(input.number()));
    out.set_serializable((shape & 32U) != 0);
    out.set_keys_only((shape & 64U) != 0);
    out.set_count_only((shape & 128U) != 0);
    return out;
  }
  static etcdserverpb::PutRequest put(fuzz::Input& input) {
    etcdserverpb::PutRequest out;
    out.set_key(key(input));
    const std::uint8_t shape = input.byte();
    if ((shape & 1U) == 0) out.set_value(std::string(input.bytes()));
    out.set_ignore_value((shape & 2U) != 0);
    out.set_ignore_lease((shape & 4U) != 0);
    out.set_prev_kv((shape & 8U) != 0);
    if ((shape & 48U) == 48U) out.set_lease(static_cast<std::int64_t>(input.number()));
    return out;
  }
  static etcdserverpb::DeleteRangeRequest erase(fuzz::Input& input) {
    etcdserverpb::DeleteRangeRequest out;
    out.set_key(key(input));
    out.set_range_end(end(input));
    out.set_prev_kv(input.below(2) == 1);
    return out;
  }
  static void add_operation(fuzz::Input& input, unsigned depth, etcdserverpb::RequestOp& out) {
    switch (input.below(depth > 0 ? 5 : 4)) {
      case 0: *out.mutable_request_range() = range(input); return;
      case 1: *out.mutable_request_put() = put(input); return;
      case 2: *out.mutable_request_delete_range() = erase(input); return;
      case 3: return;  // an operation that is none
      default: *out.mutable_request_txn() = txn(input, depth - 1); return;
    }
  }
  static etcdserverpb::TxnRequest txn(fuzz::Input& input, unsigned depth) {
    etcdserverpb::TxnRequest out;
    for (std::uint64_t left = input.below(3); left > 0; --left) {
      etcdserverpb::Compare& compare = *out.add_compare();
      compare.set_key(key(input));
      compare.set_range_end(end(input));
      compare.set_result(static_cast<etcdserverpb::Compare::CompareResult>(input.below(5)));
      compare.set_target(static_cast<etcdserverpb::Compare::CompareTarget>(input.below(6)));
      switch (input.below(6)) {
        case 0: compare.set_version(static_cast<std::int64_t>(input.number())); break;
        case 1: compare.set_create_revision(static_cast<std::int64_t>(input.number())); break;
        case 2: compare.set_mod_revision(static_cast<std::int64_t>(input.number())); break;
        case 3: compare.set_value(std::string(input.bytes())); break;
        case 4: compare.set_lease(static_cast<std::int64_t>(input.number())); break;
        default: break;  // compared with nothing
      }
    }
    for (std::uint64_t left = input.below(4); left > 0; --left) add_operation(input, depth, *out.add_success());
    for (std::uint64_t left = input.below(4); left > 0; --left) add_operation(input, depth, *out.add_failure());
    return out;
  }

  io::sim::Simulation sim_{1};
  io::sim::Node& member_;
  io::sim::Node& client_;
  etcd::ServerConfig config_;
  bool is_ready_ = false;
  std::unique_ptr<etcd::Server> server_;
  std::unique_ptr<rpc::Channel> channel_;
};

constexpr unsigned kInputsPerMember = 200;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Member* member = nullptr;  // the last one is left to the end of the process: other statics end before this one would
  static unsigned inputs = 0;
  if (inputs++ % kInputsPerMember == 0) {
    delete member;
    member = new Member();
  }
  fuzz::Input input(data, size);
  member->run(input);
  return 0;
}

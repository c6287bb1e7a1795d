// sim/etcd/client.h: one simulated client: gRPC over a simulated stream, one request at a time.
//
// A request starts at its own time, or when the one before it has ended. It is sent once: like etcd's stock
// client this one does not repeat a write whose outcome is open. A lost connection is dialled again. Where there are several
// members a client that got no answer goes to another one, and now and then it does so for no reason.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "core/rpc/client.h"
#include "io/world.h"
#include "sim/etcd/kv_oracle.h"
#include "sim/etcd/operation.h"

namespace sim::etcd {

struct ClientOperation {
  std::uint32_t number = 0;
  base::Duration at{};
  KvOperation operation;
};

struct ClientOptions {
  std::uint32_t client = 0;
  std::vector<io::Address> servers;
  // Goes to any of them, and stays with one that answers only from this time on; what was to be asked since then is asked anew, as
  // another request, until somebody answers. None: it begins with the first, and asks once.
  std::optional<base::Duration> roams_until;
  base::Duration request_timeout = std::chrono::seconds(8);  // a little more than the server's own
  base::Duration redial_delay = std::chrono::milliseconds(100);
};

// Idle -> waiting (for its time or a connection) -> asking -> …
class Client final : private io::Timer, private rpc::ClientCall, private rpc::ChannelListener, private io::EndOfTurn {
 public:
  // `is_finished` becomes true once the last operation has been answered with a result.
  Client(const io::World& world, ClientOptions options, std::vector<ClientOperation> operations, KvOracle& oracle, bool& is_finished);
  ~Client();
  void start();

 private:
  void on_timer() override;
  void on_end_of_turn() override;
  void on_message(std::string_view message) override;
  void on_status(const rpc::Status& status) override;
  void on_connected() override;
  void on_disconnected(const base::Error& why) override;

  void go_on();
  void dial();
  void ask();
  void skip_overdue_moves();
  bool wants_to_roam(std::uint32_t number);
  void go_elsewhere(std::uint64_t why);
  void insist();

  const io::World& world_;
  const ClientOptions options_;
  KvOracle& oracle_;
  std::deque<ClientOperation> operations_;
  ClientOperation asked_;
  std::uint32_t insisted_ = 0;  // how often anything was
  std::size_t server_ = 0;
  std::uint32_t roamed_ = UINT32_MAX;  // the request before which it last went elsewhere for no reason
  std::unique_ptr<rpc::Channel> channel_;
  base::Instant dial_again_at_;
  bool is_asking_ = false;
  bool has_answer_ = false;
  bool will_go_on_ = false;
  bool gives_up_channel_ = false;
  Request request_;
  bool& is_finished_;
};

}  // namespace sim::etcd

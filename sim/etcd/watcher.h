// sim/etcd/watcher.h: one simulated client that watches: a stream with a few watchers, which go on wherever it is opened next.
//
//   no stream -> open (creates what is wanted, does its lines, asks whether anybody is there) -> broken -> no stream, to another member …
//
// A watcher begins anew where it stood: behind the last revision of which it knows everything, or where it was told that history begins.
// Who hears nothing asks for a watcher that must be refused, and gives a stream up that does not even answer that.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/api/watch.pb.h"
#include "core/rpc/client.h"
#include "io/world.h"
#include "sim/etcd/kv_oracle.h"
#include "sim/etcd/watch_oracle.h"
#include "sim/etcd/watch_plan.h"
#include "sim/etcd/watch_stream.h"

namespace sim::etcd {

struct ScheduledWatchLine {
  std::uint32_t number = 0;
  base::Duration at{};
  WatchLine line;
};

struct WatcherOptions {
  std::uint32_t client = 0;
  std::vector<io::Address> servers;
  OperationListener* listener = nullptr;  // for the story of a run; null: nobody wants to know
  base::Duration faults_until{};
  std::optional<std::uint64_t> window_bytes;  // what may come before it reads; none: as the channel has it
  std::set<std::uint32_t> broken;  // servers that nobody has to go by when the faults have ended
};

class Watcher final : private io::Timer, private rpc::ClientCall {
 public:
  // Which revisions are old or to come is what anybody was told, as `answers` knows. All references outlive it.
  Watcher(const io::World& world, WatcherOptions options, const std::vector<ScheduledWatchLine>& lines, const KvOracle& answers,
          WatchOracle& oracle);
  ~Watcher();
  void start() { go_on(); }

 private:
  struct Own {
    etcdserverpb::WatchCreateRequest create;  // its start revision is where it stands
    std::optional<std::int64_t> id;           // once it is created
    bool is_asked_for = false;                // on this stream
    bool is_unwanted = false;
  };

  void on_timer() override { go_on(); }
  void on_message(std::string_view message) override;
  void on_status(const rpc::Status& status) override;

  void go_on();
  void go_on_soon() { world_.clock.arm(*this, world_.clock.now()); }
  void do_line(const ScheduledWatchLine& scheduled);
  void create(std::uint32_t number, const WatchLine& line);
  void cancel(std::uint32_t number);
  void open();
  void close();
  void go_elsewhere();
  void send(const etcdserverpb::WatchRequest& request);
  void send_create(const etcdserverpb::WatchCreateRequest& create, std::optional<std::uint32_t> number);
  void send_cancel(std::int64_t id);
  void ask_whether_anybody_is_there();
  void on_created(const etcdserverpb::WatchResponse& response);
  void on_canceled(std::uint32_t number, const etcdserverpb::WatchResponse& response);
  static void note(Own& own, std::int64_t next_revision);
  void forget(std::uint32_t number, OperationEnd end, const std::string& how);
  bool is_calm() const { return world_.clock.now() >= base::Instant(options_.faults_until); }
  bool is_reading() const { return world_.clock.now() >= reads_at_; }

  const io::World& world_;
  const WatcherOptions options_;
  std::deque<ScheduledWatchLine> lines_;
  const KvOracle& answers_;
  WatchOracle& oracle_;

  std::map<std::uint32_t, Own> owns_;  // by the line that began it
  std::size_t server_ = 0;
  std::uint64_t moves_ = 0;    // to another server
  std::uint64_t streams_ = 0;  // opened
  std::unique_ptr<rpc::Channel> channel_;
  std::optional<WatchStream> stream_;                // while there is one
  std::deque<std::optional<std::uint32_t>> asked_;   // creations on the stream that are not answered; none: nobody watches
  std::map<std::int64_t, std::uint32_t> numbers_;    // of owns_, by id on the stream
  std::optional<base::Instant> unanswered_since_;    // the question whether anybody is there
  base::Instant ask_again_at_;                       // likewise
  base::Instant open_again_at_;
  base::Instant heard_at_;                           // an answer to what was asked
  base::Instant reads_at_;
  bool has_paused_ = false;
  bool has_seen_calm_ = false;
};

}  // namespace sim::etcd

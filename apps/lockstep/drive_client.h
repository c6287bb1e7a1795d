// apps/lockstep/drive_client.h: one client of a drive: one request at a time, on a connection of its own.
//
// Like etcd's stock clients it stays with an endpoint until that fails it (a lost connection, an unavailable service, no answer in
// time) and then goes to the next one; and it never repeats a write whose outcome is open. What it asks next is a new request.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "apps/lockstep/drive_options.h"
#include "apps/lockstep/drive_recorder.h"
#include "core/rpc/client.h"
#include "io/world.h"
#include "sim/etcd/history_load.h"

namespace lockstep {

// idle -> (dialling ->) asking -> idle …, until stop()
class DriveClient final : private rpc::ClientCall, private rpc::ChannelListener, private io::Timer, private io::EndOfTurn {
 public:
  DriveClient(const io::World& world, const DriveOptions& options, const sim::etcd::HistoryLoad& load, std::uint32_t client,
              DriveRecorder& recorder);
  ~DriveClient();

  void start();
  // Nothing more is asked; what is under way may still be answered.
  void stop() { is_stopping_ = true; }
  bool is_asking() const { return is_asking_; }
  // Nobody will hear of it again.
  void abandon();

 private:
  void on_message(std::string_view message) override;
  void on_status(const rpc::Status& status) override;
  void on_connected() override;
  void on_disconnected(const base::Error& why) override;
  void on_timer() override { go_on(); }
  void on_end_of_turn() override;

  void go_on();
  void dial();
  void ask();
  void leave_endpoint();
  base::Instant due(std::uint32_t number) const;

  const io::World& world_;
  const DriveOptions& options_;
  const sim::etcd::HistoryLoad& load_;
  const std::uint32_t client_;
  DriveRecorder& recorder_;
  sim::etcd::SeenKeys seen_;
  std::unique_ptr<rpc::Channel> channel_;
  std::uint32_t endpoint_;
  std::uint32_t number_ = 0;  // of the next operation
  base::Instant begin_;
  base::Instant not_before_;  // after a failure
  bool is_asking_ = false;
  bool has_answer_ = false;
  bool is_stopping_ = false;
  bool is_leaving_ = false;  // at the end of this turn
  bool will_go_on_ = false;
  sim::etcd::HistoryOperation operation_;
  std::string_view kind_;
};

}  // namespace lockstep

// core/replica/boot.h: a replica's start: the durable log first, then the store against the log's mark.
//   reading_log (a job) -> opening_store -> done
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "core/base/result.h"
#include "core/replica/state_machine.h"
#include "io/world.h"
#include "storage/wal/wal.h"

namespace replica {

// What a booted replica continues from: the log's words, and the files to append to.
using Booted = wal::Recovered;

class BootListener {
 public:
  virtual void on_booted(base::Result<Booted> booted) = 0;  // once

 protected:
  ~BootListener() = default;
};

class Boot final : private io::Job, private io::Completion {
 public:
  Boot(const io::World& world, StateMachine& machine, BootListener& listener);

  // `initial` creates the log when there is none. `stores` hears from the state machine from now on.
  void start(const wal::Options& options, wal::State initial, StateMachineListener& stores);

 private:
  enum class Stage : std::uint8_t { idle, reading_log, opening_store, done };

  void run() override;
  void finished() override;
  void complete(base::Status status) override;
  void finish(base::Result<Booted> booted);

  const io::World& world_;
  StateMachine& machine_;
  BootListener& listener_;
  StateMachineListener* stores_ = nullptr;
  Stage stage_ = Stage::idle;
  wal::Options options_;
  wal::State initial_;
  std::optional<base::Result<wal::Recovered>> recovered_;  // the job's until it finished
  std::unique_ptr<io::WorkQueue> queue_;
};

}  // namespace replica

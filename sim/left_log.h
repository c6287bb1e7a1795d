// sim/left_log.h: the log that a member left on its disk, for inspections: it names the store that counts.
#pragma once

#include <memory>
#include <optional>

#include "core/base/result.h"
#include "io/world.h"
#include "storage/wal/wal.h"

namespace sim {

class LeftLogListener {
 public:
  virtual void on_log_read(base::Result<wal::State> state) = 0;  // once, on a turn of its own

 protected:
  ~LeftLogListener() = default;
};

// Reads it as the next incarnation would.
class LeftLog final : private io::Job {
 public:
  LeftLog(const io::World& world, LeftLogListener& listener);

 private:
  void run() override;
  void finished() override;

  const io::World& world_;
  LeftLogListener& listener_;
  std::optional<base::Result<wal::Recovered>> recovered_;  // the job's while it runs
  std::unique_ptr<io::WorkQueue> queue_;
};

}  // namespace sim

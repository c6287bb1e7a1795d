#include "sim/left_log.h"

#include <utility>

namespace sim {

LeftLog::LeftLog(const io::World& world, LeftLogListener& listener)
    : world_(world), listener_(listener), queue_(world.workers.open_queue("inspection")) {
  queue_->submit(*this);
}

// Of whichever member.
void LeftLog::run() { recovered_.emplace(wal::recover(world_.disk, world_.random, wal::Options(), wal::State())); }

void LeftLog::finished() {
  if (*recovered_) return listener_.on_log_read(std::move((*recovered_)->state));
  listener_.on_log_read(base::fail(recovered_->error()));
}

}  // namespace sim

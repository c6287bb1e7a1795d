#include "sim/left_log.h"

#include <utility>

namespace sim {

namespace {

constexpr std::uint64_t kSegmentBytes = 64U << 10U;

}  // namespace

LeftLog::LeftLog(const io::World& world, LeftLogListener& listener)
    : world_(world), listener_(listener), queue_(world.workers.open_queue("inspection")) {
  queue_->submit(*this);
}

// Of whichever member. Recovery begins a segment, which nobody will write to: a small one is filled sooner.
void LeftLog::run() {
  wal::Options options;
  options.segment_bytes = kSegmentBytes;
  recovered_.emplace(wal::recover(world_.disk, world_.random, options, wal::State()));
}

void LeftLog::finished() {
  if (*recovered_) return listener_.on_log_read(std::move((*recovered_)->state));
  listener_.on_log_read(base::fail(recovered_->error()));
}

}  // namespace sim

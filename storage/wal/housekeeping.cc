#include "storage/wal/housekeeping.h"

#include <algorithm>
#include <utility>

#include "core/base/assert.h"
#include "core/base/mark.h"

namespace wal {
namespace {
constexpr std::size_t kSparesMax = 2;
}  // namespace

Housekeeping::Housekeeping(const io::World& world, const Options& options, const Identity& identity,
                           HousekeepingListener& listener)
    : observer_(world.observer),
      disk_(world.disk),
      random_(world.random),
      listener_(listener),
      options_(options),
      identity_(identity),
      preparing_(*this),
      retiring_(*this),
      queue_(world.workers.open_queue("wal-prepare")) {}

void Housekeeping::prepare(SegmentNumber number, std::uint64_t bytes) {
  ASSERT(!preparing_.is_running);
  ASSERT(!prepared_ || prepared_->header.number == number);
  prepared_.reset();
  preparing_.is_running = true;
  preparing_.number = number;
  preparing_.bytes = bytes;
  preparing_.recycled.reset();
  if (bytes == segment_bytes_for(options_, 0) && !spares_.empty()) {
    observer_.reached(base::Mark::log_segment_recycled);
    preparing_.recycled = spares_.back();
    spares_.pop_back();
  }
  queue_->submit(preparing_);
}

void Housekeeping::PrepareJob::run() {
  const SegmentHeader header = new_header(owner.random_, owner.identity_, number, bytes);
  const base::Status status = make_segment(owner.disk_, owner.options_.directory, header, {}, recycled);
  if (status) {
    made = open_segment(owner.disk_, owner.options_.directory, header);
  } else {
    made = base::fail(status.error());
  }
}

void Housekeeping::on_prepare_finished() {
  ASSERT(preparing_.is_running);
  preparing_.is_running = false;
  if (!preparing_.made) return listener_.on_prepared(base::fail(preparing_.made.error()));
  prepared_ = std::move(*preparing_.made);
  listener_.on_prepared({});
}

OpenSegment Housekeeping::take() {
  ASSERT(prepared_.has_value());
  OpenSegment taken = std::move(*prepared_);
  prepared_.reset();
  return taken;
}

void Housekeeping::retire(const std::vector<ClosedSegment>& segments) {
  to_retire_.insert(to_retire_.end(), segments.begin(), segments.end());
  if (!retiring_.is_running && !to_retire_.empty()) submit_retire();
}

void Housekeeping::submit_retire() {
  retiring_.is_running = true;
  retiring_.to_spare.clear();
  retiring_.to_remove.clear();
  for (const ClosedSegment& segment : to_retire_) {
    const bool has_room = spares_.size() + retiring_.to_spare.size() < kSparesMax;
    const bool fits = segment.bytes == segment_bytes_for(options_, 0);
    (has_room && fits ? retiring_.to_spare : retiring_.to_remove).push_back(segment.number);
  }
  to_retire_.clear();
  queue_->submit(retiring_);
}

void Housekeeping::RetireJob::run() {
  status = {};
  const std::string& directory = owner.options_.directory;
  for (auto segment = to_spare.begin(); segment != to_spare.end();) {
    status = owner.disk_.rename(segment_path(directory, *segment), path_of(directory, {FileKind::spare, *segment}));
    if (status) {
      ++segment;
    } else if (status.error().code == base::Code::no_space) {
      owner.observer_.reached(base::Mark::log_spare_given_up);
      // A directory that cannot grow is no reason to stop: the space is wanted elsewhere.
      to_remove.push_back(*segment);
      segment = to_spare.erase(segment);
    } else {
      return;
    }
  }
  for (const SegmentNumber segment : to_remove) {
    status = owner.disk_.remove(segment_path(directory, segment));
    if (!status) return;
  }
  // Before a spare is written to: a crash must not bring back the old name with a new header in the file.
  status = owner.disk_.sync_directory(directory);
}

void Housekeeping::on_retire_finished() {
  ASSERT(retiring_.is_running);
  retiring_.is_running = false;
  if (retiring_.status) {
    spares_.insert(spares_.end(), retiring_.to_spare.begin(), retiring_.to_spare.end());
    if (!to_retire_.empty()) submit_retire();
  }
  listener_.on_retired(retiring_.status);
}

}  // namespace wal

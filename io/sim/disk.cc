#include "io/sim/disk.h"

#include <algorithm>
#include <string>
#include <utility>

#include "core/base/assert.h"
#include "core/base/bytes.h"

namespace io::sim {

namespace {

base::Error dead_error() { return {base::Code::io, "the machine has crashed"}; }

base::Error io_error(std::string_view call, std::string_view path) {
  return {base::Code::io, std::string(call) + " " + std::string(path) + ": input/output error"};
}

base::Error no_space_error(std::string_view path) {
  return {base::Code::no_space, std::string(path) + ": no space left on device"};
}

}  // namespace

class Disk::Operation final : public Event {
 public:
  explicit Operation(Disk& disk) : Event(TurnKind::disk), disk_(disk) {}
  void begin(LogFile& file, const Call& call, base::Status status, io::Completion& done) {
    file_ = &file;
    call_ = call;
    status_ = std::move(status);
    done_ = &done;
    disk_.life_.host.schedule(*this, call.span.end);
  }
  void fire() override;

 private:
  Disk& disk_;
  LogFile* file_ = nullptr;
  Call call_;
  base::Status status_;
  io::Completion* done_ = nullptr;
};

class Disk::LogFile final : public io::LogFile {
 public:
  LogFile(Disk& disk, Target& target, std::string_view path, std::shared_ptr<Inode> inode)
      : disk_(disk), handle_(disk.life_), target_(target), path_(path), inode_(std::move(inode)) {}
  ~LogFile() override { ASSERT(disk_.life_.is_dead || in_flight_ == 0); }

  void write(std::uint64_t offset, std::span<const std::byte> data, io::Completion& done) override {
    ASSERT(!data.empty());
    if (disk_.life_.is_dead) return;
    Host& host = disk_.life_.host;
    host.note(base::hash64(base::as_text(data), offset));
    const Call call = begin("disk.write", disk_.faults_.write);
    base::Status status = sticky();
    if (status && offset + data.size() > inode_->size() && disk_.is_out_of_space(call)) {
      host.count(FaultKind::disk_no_space);
      status = base::fail(no_space_error(path_));
    } else if (status && disk_.fails(call, "disk.write_error", disk_.faults_.write_error_per_million)) {
      host.count(FaultKind::disk_write_error);
      status = base::fail(io_error("write", path_));
      // What a failed write left behind is unknown: a beginning of it.
      data = data.first(static_cast<std::size_t>(host.decisions().below("disk.written", call.identity, data.size())));
      if (!data.empty()) inode_->write(call.span, offset, data);
    } else if (status) {
      inode_->write(call.span, offset, data, disk_.place_of(call, *inode_, offset, data.size()));
    }
    finish(call, std::move(status), done);
  }

  void sync(io::Completion& done) override {
    if (disk_.life_.is_dead) return;
    const Call call = begin("disk.sync", disk_.faults_.sync);
    base::Status status = sticky();
    if (status && disk_.fails(call, "disk.sync_error", disk_.faults_.sync_error_per_million)) {
      disk_.life_.host.count(FaultKind::disk_sync_error);
      status = base::fail(io_error("sync", path_));
      disk_.fail_sync(call, *inode_);
    } else if (status) {
      inode_->sync(call.span);
    }
    finish(call, std::move(status), done);
  }

  void one_done() { --in_flight_; }

 private:
  Call begin(std::string_view purpose, const Latency& latency) {
    ASSERT(!disk_.life_.host.is_in_job());
    inode_->settle(disk_.life_.host.now());
    return disk_.begin(target_, std::max(free_at_, inode_->last_end()), purpose, latency);
  }
  base::Status sticky() const {
    if (!failure_) return {};
    return base::fail(*failure_);
  }
  void finish(const Call& call, base::Status status, io::Completion& done) {
    free_at_ = call.span.end;
    if (!status && !failure_) failure_ = std::make_unique<base::Error>(status.error());
    ++in_flight_;
    disk_.take_operation().begin(*this, call, std::move(status), done);
  }

  Disk& disk_;
  Handle handle_;
  Target& target_;
  std::string path_;
  std::shared_ptr<Inode> inode_;
  VirtualTime free_at_;                   // requests are performed one after another
  std::unique_ptr<base::Error> failure_;  // of the first request that failed; the later ones fail with it
  int in_flight_ = 0;
};

void Disk::Operation::fire() {
  io::Completion* const done = done_;
  base::Status status = std::move(status_);
  file_->one_done();
  disk_.count_delay(call_);
  disk_.life_.host.note(call_.span.name ^ (status ? 0U : 1U));
  disk_.free_operations_.push_back(this);
  done->complete(std::move(status));
}

class Disk::PageFile final : public io::PageFile {
 public:
  PageFile(Disk& disk, Target& target, std::string_view path, std::shared_ptr<Inode> inode)
      : disk_(disk), handle_(disk.life_), target_(target), path_(path), inode_(std::move(inode)) {}

  base::Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> into) override {
    if (disk_.life_.is_dead) return base::fail(dead_error());
    const Call call = disk_.begin_now(target_, VirtualTime(), "disk.read", disk_.faults_.read);
    disk_.count_delay(call);
    if (disk_.fails(call, "disk.read_error", disk_.faults_.read_error_per_million)) {
      disk_.life_.host.count(FaultKind::disk_read_error);
      return base::fail(io_error("read", path_));
    }
    return inode_->read(offset, into);
  }

  base::Status write(std::uint64_t offset, std::span<const std::byte> data) override {
    if (disk_.life_.is_dead) return base::fail(dead_error());
    if (data.empty()) return {};
    Host& host = disk_.life_.host;
    host.note(base::hash64(base::as_text(data), offset));
    const Call call = begin("disk.write", disk_.faults_.write);
    if (offset + data.size() > inode_->size() && disk_.is_out_of_space(call)) {
      host.count(FaultKind::disk_no_space);
      return base::fail(no_space_error(path_));
    }
    if (disk_.fails(call, "disk.write_error", disk_.faults_.write_error_per_million)) {
      host.count(FaultKind::disk_write_error);
      data = data.first(static_cast<std::size_t>(host.decisions().below("disk.written", call.identity, data.size())));
      if (!data.empty()) inode_->write(call.span, offset, data);
      return base::fail(io_error("write", path_));
    }
    inode_->write(call.span, offset, data, disk_.place_of(call, *inode_, offset, data.size()));
    return {};
  }

  base::Status truncate(std::uint64_t size) override {
    if (disk_.life_.is_dead) return base::fail(dead_error());
    const Call call = begin("disk.truncate", disk_.faults_.metadata);
    disk_.life_.host.note(size);
    if (size > inode_->size() && disk_.is_out_of_space(call)) {
      disk_.life_.host.count(FaultKind::disk_no_space);
      return base::fail(no_space_error(path_));
    }
    if (disk_.fails(call, "disk.write_error", disk_.faults_.write_error_per_million)) {
      disk_.life_.host.count(FaultKind::disk_write_error);
      return base::fail(io_error("truncate", path_));
    }
    inode_->truncate(call.span, size);
    return {};
  }

  base::Status sync() override {
    if (disk_.life_.is_dead) return base::fail(dead_error());
    const Call call = begin("disk.sync", disk_.faults_.sync);
    if (disk_.fails(call, "disk.sync_error", disk_.faults_.sync_error_per_million)) {
      disk_.life_.host.count(FaultKind::disk_sync_error);
      disk_.fail_sync(call, *inode_);
      return base::fail(io_error("sync", path_));
    }
    inode_->sync(call.span);
    return {};
  }

  base::Result<std::uint64_t> size() override {
    if (disk_.life_.is_dead) return base::fail(dead_error());
    return inode_->size();
  }

 private:
  Call begin(std::string_view purpose, const Latency& latency) {
    inode_->settle(disk_.life_.host.now());
    const Call call = disk_.begin_now(target_, inode_->last_end(), purpose, latency);
    disk_.count_delay(call);
    return call;
  }

  Disk& disk_;
  Handle handle_;
  Target& target_;
  std::string path_;
  std::shared_ptr<Inode> inode_;
};

Disk::Disk(Life& life, Volume& volume, const DiskFaults& faults) : life_(life), volume_(volume), faults_(faults) {}

Disk::~Disk() {
  for (const std::unique_ptr<Operation>& operation : operations_) life_.host.cancel(*operation);
}

Disk::Target& Disk::target(std::string_view path) {
  Target& found = targets_[key(path)];
  found.key = key(path);
  return found;
}

Disk::Operation& Disk::take_operation() {
  if (free_operations_.empty()) {
    operations_.push_back(std::make_unique<Operation>(*this));
    return *operations_.back();
  }
  Operation& operation = *free_operations_.back();
  free_operations_.pop_back();
  return operation;
}

Disk::Call Disk::begin(Target& target, VirtualTime earliest, std::string_view purpose, const Latency& latency) {
  Host& host = life_.host;
  Call call;
  call.span.begin = std::max(host.instant(), earliest);
  const std::uint64_t millisecond = call.span.begin.millisecond();
  call.identity = Identity{host.key(), life_.incarnation, target.key, millisecond, target.ordinal.next(millisecond)};
  call.span.name = call.identity.hash();
  base::Duration time = draw_latency(host.decisions(), purpose, call.identity, latency);
  if (host.decisions().happens("disk.slow", call.identity, faults_.slow_per_million)) {
    call.is_slow = true;
    time += draw_latency(host.decisions(), "disk.slow_time", call.identity, faults_.slow);
  }
  if (host.decisions().happens("disk.hung", call.identity, faults_.hung_per_million)) {
    call.is_hung = true;
    time += draw_latency(host.decisions(), "disk.hung_time", call.identity, faults_.hung);
  }
  call.span.end = call.span.begin + time;
  return call;
}

void Disk::count_delay(const Call& call) {
  if (call.is_slow) life_.host.count(FaultKind::disk_slow);
  if (call.is_hung) life_.host.count(FaultKind::disk_hung);
}

Disk::Call Disk::begin_now(Target& target, VirtualTime earliest, std::string_view purpose, const Latency& latency) {
  const Call call = begin(target, earliest, purpose, latency);
  life_.host.spend(call.span.end - life_.host.instant());
  return call;
}

bool Disk::fails(const Call& call, std::string_view purpose, std::uint32_t per_million) {
  return life_.host.decisions().happens(purpose, call.identity, per_million);
}

void Disk::fail_sync(const Call& call, Inode& inode) {
  const bool reverts = life_.host.decisions().happens("disk.reverted", call.identity, faults_.reverted_sync_per_million);
  const AfterFailedSync after = reverts ? AfterFailedSync::reverted : AfterFailedSync::kept;
  life_.host.count(FaultKind::disk_reverted_page, inode.failed_sync(call.span, faults_.dropped_sector_per_million, after));
}

bool Disk::is_out_of_space(const Call& call) {
  return faults_.is_full || life_.host.decisions().happens("disk.no_space", call.identity, faults_.no_space_per_million);
}

std::uint64_t Disk::place_of(const Call& call, Inode& inode, std::uint64_t offset, std::size_t size) {
  Decisions& decisions = life_.host.decisions();
  const bool is_by_chance = decisions.happens("disk.misdirected", call.identity, faults_.misdirected_per_million);
  if (!is_by_chance && !inode.misdirects_next()) return offset;
  const std::uint64_t end = std::max<std::uint64_t>(inode.size(), offset + size);
  const std::uint64_t places = (end - size) / kSectorBytes + 1;
  const std::uint64_t place = decisions.below("disk.place", call.identity, places) * kSectorBytes;
  if (place == offset) return offset;
  inode.set_misdirects_next(false);
  life_.host.count(FaultKind::disk_misdirected);
  return place;
}

base::Result<Disk::Call> Disk::begin_metadata(std::string_view path, bool needs_space) {
  if (life_.is_dead) return base::fail(dead_error());
  Target& where = target(path);
  const Call call = begin_now(where, VirtualTime(), "disk.metadata", faults_.metadata);
  count_delay(call);
  life_.host.note(where.key);
  if (needs_space && is_out_of_space(call)) {
    life_.host.count(FaultKind::disk_no_space);
    return base::fail(no_space_error(path));
  }
  if (fails(call, "disk.metadata_error", faults_.metadata_error_per_million)) {
    life_.host.count(FaultKind::disk_metadata_error);
    return base::fail(io_error("access", path));
  }
  return call;
}

base::Result<std::unique_ptr<io::LogFile>> Disk::open_log_file(std::string_view path) {
  const base::Result<Call> call = begin_metadata(path, false);
  if (!call) return base::fail(call.error());
  base::Result<std::shared_ptr<Inode>> inode = volume_.find_file(path);
  if (!inode) return base::fail(inode.error());
  return std::make_unique<LogFile>(*this, target(path), path, std::move(*inode));
}

base::Result<std::unique_ptr<io::PageFile>> Disk::open_page_file(std::string_view path, Open mode) {
  if (life_.is_dead) return base::fail(dead_error());
  base::Result<std::shared_ptr<Inode>> inode = volume_.find_file(path);
  const bool is_new = !inode && inode.error().code == base::Code::not_found && mode == Open::create;
  const base::Result<Call> call = begin_metadata(path, is_new);
  if (!call) return base::fail(call.error());
  if (is_new) inode = volume_.create_file(call->span, path);
  if (!inode) return base::fail(inode.error());
  return std::make_unique<PageFile>(*this, target(path), path, std::move(*inode));
}

base::Status Disk::create_directory(std::string_view path) {
  const base::Result<Call> call = begin_metadata(path, true);
  if (!call) return base::fail(call.error());
  return volume_.create_directory(call->span, path);
}

base::Status Disk::rename(std::string_view from, std::string_view to) {
  const base::Result<Call> call = begin_metadata(from, true);
  if (!call) return base::fail(call.error());
  life_.host.note(key(to));
  return volume_.rename(call->span, from, to);
}

base::Status Disk::remove(std::string_view path) {
  const base::Result<Call> call = begin_metadata(path, false);
  if (!call) return base::fail(call.error());
  return volume_.remove(call->span, path);
}

base::Result<bool> Disk::exists(std::string_view path) {
  const base::Result<Call> call = begin_metadata(path, false);
  if (!call) return base::fail(call.error());
  return volume_.exists(path);
}

base::Result<std::vector<std::string>> Disk::list(std::string_view directory) {
  const base::Result<Call> call = begin_metadata(directory, false);
  if (!call) return base::fail(call.error());
  return volume_.list(directory);
}

base::Status Disk::sync_directory(std::string_view directory) {
  if (life_.is_dead) return base::fail(dead_error());
  const Call call = begin_now(target(directory), VirtualTime(), "disk.sync", faults_.sync);
  count_delay(call);
  life_.host.note(call.span.name);
  volume_.settle_names(life_.host.now());
  if (fails(call, "disk.sync_error", faults_.sync_error_per_million)) {
    life_.host.count(FaultKind::disk_sync_error);
    return base::fail(io_error("sync", directory));
  }
  return volume_.sync_directory(call.span, directory);
}

}  // namespace io::sim

#include "core/replica/file_machine.h"

#include <algorithm>
#include <utility>

#include "core/base/assert.h"
#include "core/base/bytes.h"
#include "core/base/codec.h"

namespace replica {

namespace {
// generation, applied index, checksum of the state (128 bits), its size; then the state.
constexpr std::size_t kFileHeaderBytes = 40;
constexpr std::string_view kPrefix = "state-";

std::string path_of(base::StoreGeneration generation) { return std::string(kPrefix) + base::to_text(generation); }

base::Error damaged(base::StoreGeneration generation, std::string_view what) {
  return {base::Code::damaged, "the file `" + path_of(generation) + "` " + std::string(what) +
                                   ": restore it, or, in a group of several, remove this member and add it anew with an empty directory"};
}

std::string encode_file(const base::StoreMark& mark, const std::string& state) {
  const base::Hash128 sum = base::hash128(state, mark.applied.value());
  std::string file;
  base::ByteWriter writer(file);
  writer.u64(mark.generation.value());
  writer.u64(mark.applied.value());
  writer.u64(sum.high);
  writer.u64(sum.low);
  writer.u64(state.size());
  ASSERT(file.size() == kFileHeaderBytes);
  file += state;
  return file;
}

// In a job. There is the old file or the new one at any time, whole.
base::Status write_file(io::Disk& disk, base::StoreGeneration generation, std::string_view bytes) {
  const std::string path = path_of(generation);
  const std::string new_path = path + ".new";
  {
    const auto file = disk.open_page_file(new_path, io::Open::create);
    if (!file) return base::fail(file.error());
    if (base::Status done = (*file)->truncate(0); !done) return done;
    if (base::Status done = (*file)->write(0, base::as_bytes(bytes)); !done) return done;
    if (base::Status done = (*file)->sync(); !done) return done;
  }
  if (base::Status done = disk.rename(new_path, path); !done) return done;
  return disk.sync_directory("");
}

// In a job. What generations before and after this one, and attempts at them, have left.
base::Status remove_others(io::Disk& disk, base::StoreGeneration generation) {
  const base::Result<std::vector<std::string>> names = disk.list("");
  if (!names) return base::fail(names.error());
  for (const std::string& name : *names) {
    if (name.substr(0, kPrefix.size()) != kPrefix || name == path_of(generation)) continue;
    if (base::Status done = disk.remove(name); !done) return done;
  }
  return {};
}

}  // namespace

FileMachine::FileMachine(const io::World& world, std::uint64_t write_after_bytes)
    : world_(world), write_after_bytes_(write_after_bytes), queue_(world.workers.open_queue("store")) {}

void FileMachine::open(const base::StoreMark& mark, base::LogIndex first_kept, StateMachineListener& listener, io::Completion& done) {
  ASSERT(listener_ == nullptr);
  listener_ = &listener;
  opened_ = &done;
  generation_ = mark.generation;
  required_ = std::max(mark.applied, first_kept.previous());
  begin_reading();
}

void FileMachine::begin_reading() {
  is_reading_ = true;
  queue_->submit(*this);
}

base::Hash128 FileMachine::state_hash() const { return base::hash128(encode_state(), 0); }

base::Result<Effect> FileMachine::apply(const Command& command, std::string* response) {
  ASSERT(command.id.index == applied_.next());
  unwritten_bytes_ += command.bytes.size();
  std::string answer = apply_command(command);
  if (response != nullptr) *response = std::move(answer);
  const Effect effect = apply_empty(command.id);
  if (is_due()) write();
  return effect;
}

// The state is small: what an entry changed is told by what it left.
Effect FileMachine::apply_empty(base::EntryId id) {
  applied_ = id.index;
  return {{0, applied_.value()}, state_hash()};
}

void FileMachine::write() {
  if (is_writing_ || opened_ != nullptr) return;
  is_writing_ = true;
  written_ = {generation_, applied_};
  file_ = encode_file(written_, encode_state());
  unwritten_bytes_ = 0;
  queue_->submit(*this);
}

void FileMachine::run() { status_ = is_reading_ ? read_file() : write_file(world_.disk, written_.generation, file_); }

void FileMachine::finished() {
  if (std::exchange(is_reading_, false)) {
    if (status_ && !decode_state(file_)) status_ = base::fail(damaged(generation_, "holds a state that cannot be read"));
    applied_ = read_applied_;
    unwritten_bytes_ = 0;
    return std::exchange(opened_, nullptr)->complete(std::move(status_));
  }
  is_writing_ = false;
  if (opened_ != nullptr) return begin_reading();  // another state takes its place, written or not
  if (!status_) return listener_->on_failed(status_.error());
  listener_->on_durable(written_);
  // Enough for the next file came while this one was written; perhaps apply waits for it.
  if (is_due()) write();
  listener_->on_room();
}

// Leaves the state in file_.
base::Status FileMachine::read_file() {
  file_.clear();
  if (base::Status done = remove_others(world_.disk, generation_); !done) return done;
  const auto damaged = [this](std::string_view what) { return base::fail(replica::damaged(generation_, what)); };
  const auto file = world_.disk.open_page_file(path_of(generation_), io::Open::existing);
  if (!file && file.error().code != base::Code::not_found) return base::fail(file.error());
  if (!file) {
    read_applied_ = {};
    return required_ == base::LogIndex() ? base::Status() : damaged("is missing, and the log does not go back to the beginning");
  }
  std::string header(kFileHeaderBytes, '\0');
  const base::Result<std::size_t> count = (*file)->read(0, base::as_writable_bytes(header));
  if (!count) return base::fail(count.error());
  if (*count != kFileHeaderBytes) return damaged("is too short");
  base::ByteReader reader(header);
  const base::StoreGeneration generation(reader.u64());
  read_applied_ = base::LogIndex(reader.u64());
  base::Hash128 sum;
  sum.high = reader.u64();
  sum.low = reader.u64();
  const std::uint64_t size = reader.u64();
  const base::Result<std::uint64_t> file_size = (*file)->size();
  if (!file_size) return base::fail(file_size.error());
  if (*file_size != kFileHeaderBytes + size) return damaged("has another size than it says");
  file_.resize(size);
  if (size > 0) {
    const base::Result<std::size_t> body = (*file)->read(kFileHeaderBytes, base::as_writable_bytes(file_));
    if (!body) return base::fail(body.error());
  }
  if (generation != generation_ || sum != base::hash128(file_, read_applied_.value())) return damaged("is not what was written");
  if (read_applied_ < required_) return damaged("is older than the log says");
  return {};
}

// --- snapshots --------------------------------------------------------------------------------------

class FileMachine::Source final : public SnapshotSource {
 public:
  Source(base::LogIndex applied, std::string state) : applied_(applied), state_(std::move(state)) {}
  base::LogIndex applied() const override { return applied_; }
  base::Result<bool> read(std::size_t bytes, std::string& piece) override {
    const std::string_view next = std::string_view(state_).substr(read_, bytes);
    piece += next;
    read_ += next.size();
    return read_ < state_.size();
  }

 private:
  const base::LogIndex applied_;
  const std::string state_;
  std::size_t read_ = 0;
};

// The machine's: it may outlive the sink that it belongs to.
struct FileMachine::SinkJob final : io::Job {
  SinkJob(FileMachine& machine_, const base::StoreMark& mark, const std::string& state)
      : machine(machine_), generation(mark.generation), file(encode_file(mark, state)) {}
  void run() override { status = write_file(machine.world_.disk, generation, file); }
  void finished() override {
    const std::unique_ptr<SinkJob> self = machine.take_sink_job(*this);
    if (done != nullptr) done->complete(std::move(status));
  }
  FileMachine& machine;
  const base::StoreGeneration generation;
  const std::string file;
  io::Completion* done = nullptr;  // null: nobody waits any more
  base::Status status;
};

// Keeps the pieces until all have come.
class FileMachine::Sink final : public SnapshotSink, private io::EndOfTurn {
 public:
  Sink(FileMachine& machine, const base::StoreMark& mark) : machine_(machine), mark_(mark) {}
  ~Sink() override {
    if (done_ == nullptr) return;
    machine_.world_.loop.forget(*this);
    for (const std::unique_ptr<SinkJob>& job : machine_.sink_jobs_) {
      if (job->done == done_) job->done = nullptr;
    }
  }
  void take(std::string piece, io::Completion& done) override {
    state_ += piece;
    done_ = &done;
    machine_.world_.loop.on_next_turn(*this);
  }
  void end(io::Completion& done) override {
    done_ = &done;
    machine_.sink_jobs_.push_back(std::make_unique<SinkJob>(machine_, mark_, state_));
    machine_.sink_jobs_.back()->done = &done;
    machine_.queue_->submit(*machine_.sink_jobs_.back());
  }

 private:
  void on_end_of_turn() override { std::exchange(done_, nullptr)->complete({}); }

  FileMachine& machine_;
  const base::StoreMark mark_;
  std::string state_;
  io::Completion* done_ = nullptr;
};

std::unique_ptr<FileMachine::SinkJob> FileMachine::take_sink_job(const SinkJob& job) {
  const auto found = std::find_if(sink_jobs_.begin(), sink_jobs_.end(), [&](const auto& one) { return one.get() == &job; });
  ASSERT(found != sink_jobs_.end());
  std::unique_ptr<SinkJob> taken = std::move(*found);
  sink_jobs_.erase(found);
  return taken;
}

FileMachine::~FileMachine() = default;

base::Result<std::unique_ptr<SnapshotSource>> FileMachine::take_snapshot() {
  return std::make_unique<Source>(applied_, encode_state());
}

std::unique_ptr<SnapshotSink> FileMachine::receive_snapshot(const base::StoreMark& mark) {
  ASSERT(mark.generation != generation_);
  return std::make_unique<Sink>(*this, mark);
}

void FileMachine::install(const base::StoreMark& mark, io::Completion& done) {
  ASSERT(opened_ == nullptr);
  opened_ = &done;
  generation_ = mark.generation;
  required_ = mark.applied;
  if (!is_writing_) begin_reading();
}

}  // namespace replica

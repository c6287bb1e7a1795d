#include "core/replica/file_machine.h"

#include <algorithm>
#include <utility>

#include "core/base/assert.h"
#include "core/base/bytes.h"
#include "core/base/codec.h"

namespace replica {

namespace {
// generation, applied index, checksum of the state (128 bits), its size; then the state.
constexpr std::size_t kHeaderBytes = 40;
constexpr std::string_view kFile = "state";
constexpr std::string_view kNewFile = "state.new";

base::Error damaged(std::string_view what) {
  return {base::Code::damaged, "the file `state` " + std::string(what) +
                                   ": restore it, or, in a group of several, remove this member and add it anew with an empty directory"};
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
  const std::string state = encode_state();
  const base::Hash128 sum = base::hash128(state, applied_.value());
  file_.clear();
  base::ByteWriter writer(file_);
  writer.u64(generation_.value());
  writer.u64(applied_.value());
  writer.u64(sum.high);
  writer.u64(sum.low);
  writer.u64(state.size());
  ASSERT(file_.size() == kHeaderBytes);
  file_ += state;
  unwritten_bytes_ = 0;
  queue_->submit(*this);
}

void FileMachine::run() { status_ = opened_ != nullptr ? read_file() : write_file(); }

void FileMachine::finished() {
  if (opened_ != nullptr) {
    if (status_ && !decode_state(file_)) status_ = base::fail(damaged("holds a state that cannot be read"));
    return std::exchange(opened_, nullptr)->complete(std::move(status_));
  }
  is_writing_ = false;
  if (!status_) return listener_->on_failed(status_.error());
  listener_->on_durable(written_);
  // Enough for the next file came while this one was written; perhaps apply waits for it.
  if (is_due()) write();
  listener_->on_room();
}

// Leaves the state in file_.
base::Status FileMachine::read_file() {
  file_.clear();
  const auto file = world_.disk.open_page_file(kFile, io::Open::existing);
  if (!file && file.error().code != base::Code::not_found) return base::fail(file.error());
  if (!file) {
    return required_ == base::LogIndex() ? base::Status() : base::fail(damaged("is missing, and the log does not go back to the beginning"));
  }
  std::string header(kHeaderBytes, '\0');
  const base::Result<std::size_t> count = (*file)->read(0, base::as_writable_bytes(header));
  if (!count) return base::fail(count.error());
  if (*count != kHeaderBytes) return base::fail(damaged("is too short"));
  base::ByteReader reader(header);
  const base::StoreGeneration generation(reader.u64());
  applied_ = base::LogIndex(reader.u64());
  base::Hash128 sum;
  sum.high = reader.u64();
  sum.low = reader.u64();
  const std::uint64_t size = reader.u64();
  const base::Result<std::uint64_t> file_size = (*file)->size();
  if (!file_size) return base::fail(file_size.error());
  if (*file_size != kHeaderBytes + size) return base::fail(damaged("has another size than it says"));
  file_.resize(size);
  if (size > 0) {
    const base::Result<std::size_t> body = (*file)->read(kHeaderBytes, base::as_writable_bytes(file_));
    if (!body) return base::fail(body.error());
  }
  if (generation != generation_ || sum != base::hash128(file_, applied_.value())) return base::fail(damaged("is not what was written"));
  if (applied_ < required_) return base::fail(damaged("is older than the log says"));
  return {};
}

base::Status FileMachine::write_file() {
  {
    const auto file = world_.disk.open_page_file(kNewFile, io::Open::create);
    if (!file) return base::fail(file.error());
    if (base::Status done = (*file)->truncate(0); !done) return done;
    if (base::Status done = (*file)->write(0, base::as_bytes(file_)); !done) return done;
    if (base::Status done = (*file)->sync(); !done) return done;
  }
  if (base::Status done = world_.disk.rename(kNewFile, kFile); !done) return done;
  return world_.disk.sync_directory("");
}

}  // namespace replica

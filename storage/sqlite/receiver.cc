#include "storage/sqlite/receiver.h"

#include <algorithm>
#include <utility>

#include "core/base/assert.h"

namespace sqlite {

Receiver::Receiver(const io::World& world, BackendOptions options)
    : world_(world), options_(std::move(options)), queue_(world.workers.open_queue("receive")) {}

Receiver::~Receiver() { world_.loop.forget(*this); }

Receiver::Attempt& Receiver::begin(const base::StoreMark& mark) {
  ASSERT(!is_closed_);
  attempts_.push_back(std::make_unique<Attempt>(*this, mark));
  return *attempts_.back();
}

void Receiver::close(io::Completion& done) {
  ASSERT(!is_closed_);
  is_closed_ = true;
  closed_ = &done;
  if (job_count_ == 0) world_.loop.on_next_turn(*this);
}

void Receiver::submit(io::Job& job) {
  ASSERT(!is_closed_);
  ++job_count_;
  queue_->submit(job);
}

void Receiver::job_ended() {
  ASSERT(job_count_ > 0);
  --job_count_;
  if (is_closed_ && job_count_ == 0) std::exchange(closed_, nullptr)->complete({});
}

void Receiver::forget(const Attempt& attempt) {
  const auto found = std::find_if(attempts_.begin(), attempts_.end(), [&](const auto& one) { return one.get() == &attempt; });
  ASSERT(found != attempts_.end());
  attempts_.erase(found);
}

// --- one attempt ------------------------------------------------------------------------------------

Receiver::Attempt::Attempt(Receiver& receiver, const base::StoreMark& mark)
    : receiver_(receiver), builder_(receiver.world_.disk, receiver.world_.random, receiver.options_, mark) {}

void Receiver::Attempt::take(std::string piece, io::Completion& done) {
  if (receiver_.is_closed_) return;
  piece_ = std::move(piece);
  begin(Stage::taking, done);
}

void Receiver::Attempt::end(io::Completion& done) {
  if (receiver_.is_closed_) return;
  begin(Stage::ending, done);
}

void Receiver::Attempt::begin(Stage stage, io::Completion& done) {
  ASSERT(stage_ == Stage::waiting);
  ASSERT(!is_whole_);
  stage_ = stage;
  done_ = &done;
  receiver_.submit(*this);
}

void Receiver::Attempt::run() {
  ASSERT(stage_ != Stage::waiting);
  status_ = stage_ == Stage::taking ? builder_.add(std::exchange(piece_, {})) : builder_.finish();
}

void Receiver::Attempt::finished() {
  Receiver& receiver = receiver_;  // who is told may let go at once
  const bool was_end = std::exchange(stage_, Stage::waiting) == Stage::ending;
  if (done_ != nullptr && !receiver.is_closed_) {
    is_whole_ = was_end && status_;
    std::exchange(done_, nullptr)->complete(std::move(status_));
  }
  receiver.job_ended();
}

// After a close() the next start clears away what is left.
void Receiver::Attempt::let_go() {
  done_ = nullptr;
  if (!is_whole_ && !receiver_.is_closed_) return receiver_.submit(removal_);
  if (stage_ == Stage::waiting) receiver_.forget(*this);
}

// What cannot be removed now goes with the next attempt, or at the next start.
void Receiver::Attempt::Removal::run() { static_cast<void>(attempt_.builder_.remove()); }

void Receiver::Attempt::gone() {
  Receiver& receiver = receiver_;
  receiver.forget(*this);
  receiver.job_ended();
}

}  // namespace sqlite

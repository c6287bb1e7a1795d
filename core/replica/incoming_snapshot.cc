#include "core/replica/incoming_snapshot.h"

#include <string>
#include <string_view>
#include <utility>

#include "core/base/assert.h"

namespace replica {

// The state of one on its way. Who sends it hears only that it did not work: what was wrong with the disk is said here.
class IncomingSnapshot::Sink final : public SnapshotSink, private io::Completion {
 public:
  Sink(IncomingSnapshot& owner, Arrived what, std::unique_ptr<SnapshotSink> sink)
      : owner_(owner), what_(std::move(what)), sink_(std::move(sink)) {
    owner_.is_receiving_ = true;
  }
  ~Sink() override { owner_.is_receiving_ = false; }

  void take(std::string piece, io::Completion& done) override {
    done_ = &done;
    sink_->take(std::move(piece), *this);
  }
  void end(io::Completion& done) override {
    done_ = &done;
    is_ending_ = true;
    sink_->end(*this);
  }

 private:
  // The one who waits is told last: it may be the end of this.
  void complete(base::Status status) override {
    if (!status) {
      owner_.world_.observer.log(io::Level::warn, "a snapshot could not be taken", {{"error", std::string_view(status.error().detail)}});
    } else if (is_ending_) {
      owner_.arrived_ = std::move(what_);
      owner_.listener_.on_snapshot_arrived();
    }
    done_->complete(std::move(status));
  }

  IncomingSnapshot& owner_;
  Arrived what_;
  bool is_ending_ = false;
  io::Completion* done_ = nullptr;
  const std::unique_ptr<SnapshotSink> sink_;
};

IncomingSnapshot::IncomingSnapshot(const io::World& world, StateMachine& machine, IncomingSnapshotListener& listener)
    : world_(world), machine_(machine), listener_(listener) {}

std::unique_ptr<SnapshotSink> IncomingSnapshot::receive(const Arrived& what, base::StoreGeneration open) {
  if (!is_free()) return nullptr;
  store_ = {base::StoreGeneration(open.value() + 1), what.snapshot.last.index};
  std::unique_ptr<SnapshotSink> sink = machine_.receive_snapshot(store_);
  if (sink == nullptr) return nullptr;
  return std::make_unique<Sink>(*this, what, std::move(sink));
}

std::optional<IncomingSnapshot::Arrived> IncomingSnapshot::take_arrived() {
  if (!arrived_) return std::nullopt;
  ASSERT(!is_receiving_);
  return std::exchange(arrived_, std::nullopt);
}

base::StoreMark IncomingSnapshot::begin_install() {
  ASSERT(is_free());
  installing_ = store_;
  is_asked_ = false;
  return store_;
}

void IncomingSnapshot::install() {
  ASSERT(waits_for_log());
  is_asked_ = true;
  machine_.install(*installing_, *this);
}

void IncomingSnapshot::complete(base::Status status) {
  ASSERT(is_asked_);
  const base::StoreMark store = *std::exchange(installing_, std::nullopt);
  if (!status) return listener_.on_snapshot_installed(base::fail(status.error()));
  listener_.on_snapshot_installed(store);
}

}  // namespace replica

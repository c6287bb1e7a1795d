#include "core/replica/outgoing_snapshots.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "core/base/assert.h"
#include "core/base/mark.h"

namespace replica {

namespace {

// Says when it goes, which is when all of it has been read or the attempt is over.
class CountedSource final : public SnapshotSource {
 public:
  CountedSource(std::unique_ptr<SnapshotSource> source, std::shared_ptr<std::size_t> count) : source_(std::move(source)), count_(std::move(count)) {
    ++*count_;
  }
  CountedSource(const CountedSource&) = delete;
  CountedSource& operator=(const CountedSource&) = delete;
  ~CountedSource() override { --*count_; }
  base::LogIndex applied() const override { return source_->applied(); }
  base::Result<bool> read(std::size_t bytes, std::string& piece) override { return source_->read(bytes, piece); }

 private:
  const std::unique_ptr<SnapshotSource> source_;
  const std::shared_ptr<std::size_t> count_;
};

}  // namespace

OutgoingSnapshots::OutgoingSnapshots(const io::World& world, StateMachine& machine, Transport* transport, std::size_t count_max)
    : world_(world), machine_(machine), transport_(transport), count_max_(count_max) {}

base::Status OutgoingSnapshots::begin(base::MemberId to, const raft::Raft& raft) {
  ASSERT(transport_ != nullptr);
  // An answer to something older told raft that the member has more than it thought, and it looked again. When the one on its way is
  // over, raft hears of it and looks once more.
  if (sent_.count(to) != 0) return {};
  // Who has all of it and takes its time, or never comes to an end, keeps nobody else waiting.
  if (*open_ >= count_max_) {
    world_.observer.reached(base::Mark::snapshot_waits_for_another);
    failed_.push_back(to);
    return {};
  }
  base::Result<std::unique_ptr<SnapshotSource>> source = machine_.take_snapshot();
  if (!source && source.error().code == base::Code::overloaded) {
    world_.observer.reached(base::Mark::snapshot_not_taken);
    failed_.push_back(to);
    return {};
  }
  if (!source) return base::fail(source.error());
  const raft::Snapshot snapshot = raft.snapshot_at((*source)->applied());
  sent_[to] = snapshot.last.index;
  world_.observer.on_event(io::SnapshotBegun{to, snapshot.last});
  transport_->send_snapshot(to, snapshot, std::make_unique<CountedSource>(std::move(*source), open_));
  return {};
}

base::Result<bool> OutgoingSnapshots::on_over(base::MemberId to, const base::Status& status) {
  sent_.erase(to);
  world_.observer.on_event(io::SnapshotEnded{to, status.has_value()});
  if (status) return true;
  const base::Error& error = status.error();
  if (error.code == base::Code::io || error.code == base::Code::damaged) return base::fail(error);
  world_.observer.reached(base::Mark::snapshot_failed);
  const std::string member = base::to_text(to);
  world_.observer.log(io::Level::warn, "a snapshot did not reach a member",
                      {{"member", std::string_view(member)}, {"error", std::string_view(error.detail)}});
  failed_.push_back(to);  // not at once: what went wrong has a moment to mend
  return false;
}

std::vector<base::MemberId> OutgoingSnapshots::take_failed() { return std::exchange(failed_, {}); }

void OutgoingSnapshots::cancel_needless(const raft::Raft& raft) {
  for (auto sent = sent_.begin(); sent != sent_.end();) {
    if (raft.progress(sent->first) != nullptr) {
      ++sent;
      continue;
    }
    world_.observer.reached(base::Mark::snapshot_needless);
    transport_->cancel_snapshot(sent->first);
    world_.observer.on_event(io::SnapshotEnded{sent->first, false});
    sent = sent_.erase(sent);
  }
}

std::optional<base::LogIndex> OutgoingSnapshots::oldest() const {
  std::optional<base::LogIndex> oldest;
  for (const auto& sent : sent_) oldest = std::min(oldest.value_or(sent.second), sent.second);
  return oldest;
}

}  // namespace replica

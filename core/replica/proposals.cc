#include "core/replica/proposals.h"

#include <algorithm>
#include <utility>

#include "core/base/assert.h"
#include "core/replica/command.h"

namespace replica {

void Proposals::add(std::string_view command, std::string_view user, std::uint64_t auth_revision, Proposal& proposal) {
  ASSERT(proposal.request_id_ == 0);
  ASSERT(next_request_id_ != 0);
  proposal.request_id_ = next_request_id_;
  next_request_id_ += 2;  // stays odd, hence never 0
  waiting_.emplace(proposal.request_id_, &proposal);
  auto record = std::make_shared<const std::string>(encode_command({proposal.request_id_, user, auth_revision}, command));
  queued_bytes_ += record->size();
  ++queued_count_;
  queued_.push_back({proposal.request_id_, std::move(record)});
}

void Proposals::abandon(Proposal& proposal) {
  waiting_.erase(proposal.request_id_);
  const auto queued = std::lower_bound(queued_.begin(), queued_.end(), proposal.request_id_,
                                       [](const QueuedCommand& one, std::uint64_t id) { return one.request_id < id; });
  if (queued != queued_.end() && queued->request_id == proposal.request_id_) {
    --queued_count_;
    queued_bytes_ -= queued->record->size();
    queued->record.reset();
    forget_abandoned();
  }
  proposal.request_id_ = 0;
}

// While there is no leader nobody else takes them out.
void Proposals::forget_abandoned() {
  constexpr std::uint64_t kNotWorthIt = 1000;
  if (queued_.size() < 2 * queued_count_ + kNotWorthIt) return;
  queued_.erase(std::remove_if(queued_.begin(), queued_.end(), [](const QueuedCommand& one) { return one.record == nullptr; }), queued_.end());
}

Proposal* Proposals::find(std::uint64_t request_id) const {
  const auto found = waiting_.find(request_id);
  return found == waiting_.end() ? nullptr : found->second;
}

void Proposals::refuse_all(const base::Error& error) {
  while (!waiting_.empty()) {
    Proposal& one = *waiting_.begin()->second;
    waiting_.erase(waiting_.begin());  // first: who is refused may be gone then, or may end others that wait
    one.request_id_ = 0;
    one.on_refused(error);
  }
}

Proposals::Batch Proposals::next_batch(std::uint64_t bytes_max) const {
  Batch batch;
  for (const QueuedCommand& one : queued_) {
    if (one.record != nullptr) {
      if (!batch.propose.items.empty() && batch.size_bytes + one.record->size() > bytes_max) break;
      batch.size_bytes += one.record->size();
      batch.propose.items.push_back({base::EntryKind::command, one.record});
    }
    ++batch.queued_count;
  }
  return batch;
}

void Proposals::drop(const Batch& batch) {
  ASSERT(batch.queued_count <= queued_.size());
  ASSERT(batch.propose.items.size() <= queued_count_);
  ASSERT(batch.size_bytes <= queued_bytes_);
  queued_.erase(queued_.begin(), queued_.begin() + static_cast<std::ptrdiff_t>(batch.queued_count));
  queued_count_ -= batch.propose.items.size();
  queued_bytes_ -= batch.size_bytes;
}

void Proposals::add_passed_on(const raft::ForwardedProposal& proposal) {
  if (passed_on_.items.empty()) passed_on_ticks_ = 0;
  for (const raft::ProposalItem& item : proposal.items) {
    passed_on_bytes_ += item.data != nullptr ? item.data->size() : 0;
    passed_on_.items.push_back(item);
  }
}

raft::Propose Proposals::take_passed_on() {
  passed_on_bytes_ = 0;
  return std::exchange(passed_on_, {});
}

bool Proposals::tick(std::uint32_t ticks_max) {
  if (++passed_on_ticks_ <= ticks_max || passed_on_.items.empty()) return false;
  passed_on_ = {};
  passed_on_bytes_ = 0;
  return true;
}

}  // namespace replica

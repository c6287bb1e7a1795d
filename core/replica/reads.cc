#include "core/replica/reads.h"

#include <algorithm>
#include <utility>

namespace replica {

namespace {

void refuse(base::IntrusiveList<ReadWait>& reads, const base::Error& error) {
  while (!reads.is_empty()) reads.pop_front().on_refused(error);
}

}  // namespace

std::optional<raft::ReadToken> Reads::ask() {
  if (queued_.is_empty()) return std::nullopt;
  auto group = std::make_unique<Group>();
  group->waiting.take_all(queued_);
  groups_.push_back(std::move(group));
  return next_token(*groups_.back());
}

raft::ReadToken Reads::next_token(Group& group) {
  const raft::ReadToken token{next_token_++};
  group.tokens.push_back(token);
  group.waited_ticks = 0;
  return token;
}

void Reads::forget_abandoned() {
  while (!groups_.empty() && groups_.front()->waiting.is_empty()) groups_.pop_front();
}

// A question to another member may be lost, or its answer.
std::vector<raft::ReadToken> Reads::ask_again(std::uint32_t retry_ticks) {
  std::vector<raft::ReadToken> tokens;
  for (const std::unique_ptr<Group>& group : groups_) {
    if (!group->is_confirmed && !group->waiting.is_empty() && ++group->waited_ticks >= retry_ticks) tokens.push_back(next_token(*group));
  }
  return tokens;
}

// Whoever was asked earlier may be answered with it as well: what was committed then is committed now.
void Reads::on_ready(const raft::ReadReady& ready) {
  const auto is_asked = [&](const std::unique_ptr<Group>& group) {
    return std::binary_search(group->tokens.begin(), group->tokens.end(), ready.token);
  };
  const auto found = std::find_if(groups_.begin(), groups_.end(), is_asked);
  if (found == groups_.end()) return;
  for (auto group = groups_.begin(); group <= found; ++group) {
    if ((*group)->is_confirmed) continue;
    (*group)->is_confirmed = true;
    (*group)->index = ready.index;
  }
}

void Reads::answer(base::LogIndex applied) {
  while (!groups_.empty()) {
    Group& front = *groups_.front();
    if (front.waiting.is_empty()) {
      groups_.pop_front();
      continue;
    }
    if (!front.is_confirmed || front.index > applied) return;
    // Taken out first: a reader may ask the next question from its answer.
    const std::unique_ptr<Group> group = std::move(groups_.front());
    groups_.pop_front();
    while (!group->waiting.is_empty()) group->waiting.pop_front().on_readable();
  }
}

void Reads::refuse_under_way(const base::Error& error) {
  base::IntrusiveList<ReadWait> refused;
  for (const std::unique_ptr<Group>& group : groups_) {
    if (!group->is_confirmed) refused.take_all(group->waiting);
  }
  refuse(refused, error);
}

void Reads::refuse_all(const base::Error& error) {
  base::IntrusiveList<ReadWait> refused;
  for (const std::unique_ptr<Group>& group : groups_) refused.take_all(group->waiting);
  refused.take_all(queued_);
  refuse(refused, error);
}

}  // namespace replica

// core/etcd/bootstrap_check.h: before a member begins with an empty log, the others are asked whether it has been here before.
//
// A member that lost its data and comes back under its old id has forgotten its votes and acknowledgements, which the others count
// on: it must not take part (behaviour reference §7.2). Whoever does not answer within a second is not waited for.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/ids.h"
#include "core/base/result.h"
#include "core/etcd/group.h"
#include "core/etcd/peer_question.h"
#include "io/world.h"

namespace etcd {

class BootstrapCheckListener {
 public:
  // Once: go on, or `invalid`. On a turn of its own; may destroy the check.
  virtual void on_bootstrap_checked(base::Status status) = 0;

 protected:
  ~BootstrapCheckListener() = default;
};

class BootstrapCheck final : private PeerQuestionListener {
 public:
  // Requires: there are others.
  BootstrapCheck(const io::World& world, base::MemberId self, const PeerAddresses& others, BootstrapCheckListener& listener);
  void start();

 private:
  void on_peer_answer(PeerQuestion& question, std::optional<std::string> answer) override;

  const base::MemberId self_;
  BootstrapCheckListener& listener_;
  std::vector<std::unique_ptr<PeerQuestion>> questions_;
  std::size_t open_count_ = 0;
};

}  // namespace etcd

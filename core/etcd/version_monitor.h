// core/etcd/version_monitor.h: the leader sees to it that the cluster version is what all members can take part in
// (behaviour reference §7.4).
//   idle -> asking (every member for its version) -> proposed -> waiting (four seconds) -> asking …
//
// A leader that does not hear from somebody leaves the version as it is, or begins with 3.0.0. Once it is the highest that this
// server knows there is nothing left to do.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/etcd/group.h"
#include "core/etcd/peer_question.h"
#include "core/etcd/state_machine.h"
#include "core/etcd/version.h"
#include "core/replica/replica.h"
#include "io/world.h"

namespace etcd {

class VersionMonitor final : private io::Timer, private PeerQuestionListener, private replica::Proposal {
 public:
  VersionMonitor(const io::World& world, replica::Replica& replica, const StateMachine& machine);
  ~VersionMonitor();

  void on_leader(bool is_self);  // again whenever somebody leads, or nobody
  void stop();                   // for good
  void set_others(const PeerAddresses& others);  // whom to ask

 private:
  void on_timer() override;
  void on_peer_answer(PeerQuestion& question, std::optional<std::string> answer) override;
  void on_applied(std::string response) override;
  void on_refused(const base::Error& error) override;
  void pause();
  void decide();

  const io::World& world_;
  replica::Replica& replica_;
  const StateMachine& machine_;
  PeerAddresses others_;
  std::vector<std::unique_ptr<PeerQuestion>> questions_;
  bool is_stopped_ = false;
  bool is_leading_ = false;
  bool is_proposed_ = false;
  // Of the round under way.
  std::size_t open_count_ = 0;
  bool is_somebody_silent_ = false;
  Version lowest_;
};

}  // namespace etcd

// core/etcd/join.h: how a member comes into a cluster that exists: it asks who belongs there, and finds itself (behaviour reference §7.2).
//   idle -> asking (everybody of --initial-cluster, one after the other: who belongs, and who was removed) -> done: what it is, or
//   why it cannot be
//
// One that lags may know a member that was there before, at the same URLs: whoever knows that it was removed knows better.
//
// The cluster's id, this member's and the group come from there. What it begins with is the group of now: the log that it then
// gets tells of all that was before.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/api/cluster.pb.h"
#include "core/base/result.h"
#include "core/etcd/config.h"
#include "core/etcd/peer_question.h"
#include "core/raft/configuration.h"
#include "io/world.h"
#include "storage/wal/wal.h"

namespace etcd {

struct Joined {
  wal::Identity identity;
  raft::Configuration configuration;
};

// Each entry of --initial-cluster stands for one member of the cluster, by its peer URLs, and this member's for one that has never
// run: a member that has and lost its log has forgotten what it promised. invalid, with etcd's texts.
base::Result<Joined> join(const ServerConfig& config, const etcdserverpb::MemberListResponse& cluster);

// Of what several members say of the cluster, what this one goes by. Lists with a member at its URLs that anybody says was removed are
// of an earlier time. Of the others, one that has heard of it that it runs has the last word; whoever lists it knows more than who does
// not. invalid likewise; unavailable: there is no list.
base::Result<Joined> join(const ServerConfig& config, const std::vector<etcdserverpb::MemberListResponse>& lists,
                          const std::set<base::MemberId>& removed);

class JoinListener {
 public:
  // Once, perhaps within start(); may destroy the question.
  virtual void on_joined(base::Result<Joined> joined) = 0;

 protected:
  ~JoinListener() = default;
};

class JoinQuestion final : private PeerQuestionListener {
 public:
  // Requires: validate_bootstrap(config) succeeded.
  JoinQuestion(const io::World& world, const ServerConfig& config, JoinListener& listener);
  void start();

 private:
  void on_peer_answer(PeerQuestion& question, std::optional<std::string> answer) override;
  void ask_next();
  void end();

  const io::World& world_;
  const ServerConfig& config_;
  JoinListener& listener_;
  std::size_t next_ = 0;  // of the initial cluster
  bool asks_removed_ = false;  // after who belongs
  std::vector<etcdserverpb::MemberListResponse> lists_;
  std::set<base::MemberId> removed_;
  std::unique_ptr<PeerQuestion> question_;
};

}  // namespace etcd

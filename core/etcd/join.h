// core/etcd/join.h: how a member comes into a cluster that exists: it asks who belongs there, and finds itself (behaviour reference §7.2).
//   idle -> asking (everybody of --initial-cluster, one after the other) -> done: what it is, or why it cannot be
//
// The cluster's id, this member's and the group come from there. What it begins with is the group of now: the log that it then
// gets tells of all that was before.
#pragma once

#include <memory>
#include <optional>
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

// The cluster has heard of the member at this one's peer URLs that it runs.
bool has_run(const ServerConfig& config, const etcdserverpb::MemberListResponse& cluster);

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
  std::optional<base::Result<Joined>> joined_;  // the best so far
  std::unique_ptr<PeerQuestion> question_;
};

}  // namespace etcd

// core/etcd/http_pages.h: what is told to a plain GET at once (behaviour reference §7.4, §10.2).
//
//   /version   on both listeners: {"etcdserver":"3.7.1","etcdcluster":"3.7.0","storage":"3.7.0"}
//   /members   on the peer listener: those who belong, with a line end, and X-Etcd-Cluster-Id
//
// The bytes are those of Go's encoder, but that it writes `<`, `>` and `&` as \u003c, \u003e and \u0026.
#pragma once

#include <string>

#include "core/api/cluster.pb.h"
#include "core/etcd/service_context.h"
#include "core/rpc/http.h"

namespace etcd {

// Empty while the cluster has not decided.
std::string version_page(const std::string& cluster_version);
std::string members_page(const google::protobuf::RepeatedPtrField<etcdserverpb::Member>& members);

class VersionPage final : public rpc::HttpHandler {
 public:
  // From now on there may be a cluster version.
  void begin(const ServiceContext& context) { context_ = &context; }
  void handle(rpc::HttpCall& call) override;

 private:
  const ServiceContext* context_ = nullptr;
};

// Unavailable until begin().
class MembersPage final : public rpc::HttpHandler {
 public:
  void begin(const ServiceContext& context) { context_ = &context; }
  void handle(rpc::HttpCall& call) override;

 private:
  const ServiceContext* context_ = nullptr;
};

}  // namespace etcd

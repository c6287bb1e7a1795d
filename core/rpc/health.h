// core/rpc/health.h: the standard health service (grpc.health.v1.Health), which knows one service: "".
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "core/rpc/server.h"

namespace rpc {

// Check answers SERVING or NOT_SERVING for "" and NOT_FOUND for any other name; Watch sends the state at
// once and at each change, and SERVICE_UNKNOWN, for good, for any other name. Not serving until told so.
class HealthService final : private UnaryHandler, private StreamHandler {
 public:
  HealthService();
  HealthService(const HealthService&) = delete;
  HealthService& operator=(const HealthService&) = delete;
  ~HealthService();  // Requires: the server is gone

  void add_to(Server& server);
  void set_serving(bool serving);
  // New calls end with this, until told otherwise: the owner is of a kind that does not say how it is.
  void set_refusal(std::optional<Status> refusal) { refusal_ = std::move(refusal); }

 private:
  class Watcher;

  void handle(UnaryCall& call, std::string_view request) override;
  StreamReceiver* open(StreamCall& call) override;

  bool serving_ = false;
  std::optional<Status> refusal_;
  std::map<std::uint64_t, std::unique_ptr<Watcher>> watchers_;  // by number of opening
  std::uint64_t next_number_ = 1;
};

}  // namespace rpc

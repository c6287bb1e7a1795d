// core/rpc/health.h: the standard health service (grpc.health.v1.Health), which knows one service: "".
#pragma once

#include <memory>

#include "core/rpc/server.h"

namespace rpc {

// Check answers SERVING or NOT_SERVING for "" and NOT_FOUND for any other name; Watch sends the state at
// once and at each change, and SERVICE_UNKNOWN for any other name.
class HealthService {
 public:
  HealthService();
  HealthService(const HealthService&) = delete;
  HealthService& operator=(const HealthService&) = delete;
  ~HealthService();  // after the server

  void add_to(Server& server);
  void set_serving(bool serving);

 private:
  class Check;
  class Watch;
  std::unique_ptr<Check> check_;
  std::unique_ptr<Watch> watch_;
};

}  // namespace rpc

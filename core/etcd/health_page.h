// core/etcd/health_page.h: /health on the client listener: can this member answer a read (behaviour reference §10.2)?
//
//   200 {"health":"true","reason":""}
//   503 {"health":"false","reason":"RAFT NO LEADER"}, or RANGE ERROR:… with the error of the read, and a line end
//
// A linearizable read is tried, or with ?serializable=true one of what this member has. There are no alarms yet, so `exclude` leaves
// nothing out.
#pragma once

#include <string>
#include <string_view>

#include "core/etcd/linearizable_read.h"
#include "core/etcd/pool.h"
#include "core/rpc/http.h"

namespace etcd {

// Empty `reason`: it is well.
rpc::HttpResponse health_answer(std::string_view reason);

class HealthPage final : public rpc::HttpHandler {
 public:
  explicit HealthPage(ServiceContext& context) : context_(context) {}
  void handle(rpc::HttpCall& call) override;

 private:
  // Waits for a read index, then reads.
  class Check final : private ReadIndexWait, private rpc::CallCancelled {
   public:
    Check(ServiceContext& context, Pool<Check>& pool) : ReadIndexWait(context), pool_(pool) {}
    void start(rpc::HttpCall& call);

   private:
    void on_read_allowed() override;
    void on_read_refused(ErrorId why) override;
    void on_cancelled() override;

    Pool<Check>& pool_;
    rpc::HttpCall* call_ = nullptr;  // null: idle
  };

  ServiceContext& context_;
  Pool<Check> checks_;
};

}  // namespace etcd

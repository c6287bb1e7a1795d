// core/etcd/compact_operation.h: KV/Compact (behaviour reference §2.5).
//   idle -> proposed -> idle, or for a physical one: -> removing -> idle
//
// A physical compaction is answered when the old revisions are gone from the store's files. So is one that is
// refused because its revision was compacted before. Like etcd's, that wait has no limit but the client's patience.
#pragma once

#include <string>

#include "core/api/kv.pb.h"
#include "core/etcd/compactor.h"
#include "core/etcd/log_write.h"
#include "core/etcd/pool.h"

namespace etcd {

class CompactOperation final : private LogWrite {
 public:
  CompactOperation(ServiceContext& context, Pool<CompactOperation>& pool)
      : LogWrite(context), pool_(pool), removal_(*this) {}

  // Answers the call, now or later, and returns to the pool.
  void start(rpc::UnaryCall& call, const etcdserverpb::CompactionRequest& request);

 private:
  // After the entry was applied, while the compactor is at work.
  class Removal final : public RemovalWait, public rpc::CallCancelled {
   public:
    explicit Removal(CompactOperation& operation) : operation_(operation) {}
    void begin(rpc::UnaryCall& call, std::string answer);
    void on_removed() override;
    void on_cancelled() override;

   private:
    CompactOperation& operation_;
    rpc::UnaryCall* call_ = nullptr;
    std::string answer_;
  };

  void applied(rpc::UnaryCall& call, std::string answer) override;
  void abandoned() override { pool_.give_back(*this); }

  Pool<CompactOperation>& pool_;
  bool is_physical_ = false;
  Removal removal_;
};

}  // namespace etcd

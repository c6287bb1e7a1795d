// core/etcd/kv_service.h: the service etcdserverpb.KV.
#pragma once

#include "core/api/kv.pb.h"
#include "core/etcd/compact_operation.h"
#include "core/etcd/range_operation.h"
#include "core/etcd/range_stream.h"
#include "core/etcd/txn_operation.h"
#include "core/etcd/typed_handler.h"
#include "core/etcd/write_operation.h"

namespace etcd {

class KvService {
 public:
  explicit KvService(ServiceContext& context);
  void add_to(rpc::Server& server);

  // For services of this member that are made of these.
  rpc::UnaryHandler& range() { return range_; }
  rpc::UnaryHandler& delete_range() { return delete_range_; }
  rpc::UnaryHandler& txn() { return txn_; }

 private:
  class Range final : public TypedHandler<etcdserverpb::RangeRequest> {
   public:
    Range(ServiceContext& context, SliceQueue& slices) : TypedHandler(context), reader_(context, slices) {}

   private:
    void serve(rpc::UnaryCall& call, etcdserverpb::RangeRequest& request) override;
    bool is_for_learners(const etcdserverpb::RangeRequest& request) const override { return request.serializable(); }
    RangeReader reader_;
    Pool<RangeOperation> operations_;
  };

  class Put final : public TypedHandler<etcdserverpb::PutRequest> {
   public:
    Put(ServiceContext& context, Pool<WriteOperation>& operations) : TypedHandler(context), operations_(operations) {}

   private:
    void serve(rpc::UnaryCall& call, etcdserverpb::PutRequest& request) override;
    Pool<WriteOperation>& operations_;
  };

  class DeleteRange final : public TypedHandler<etcdserverpb::DeleteRangeRequest> {
   public:
    DeleteRange(ServiceContext& context, Pool<WriteOperation>& operations) : TypedHandler(context), operations_(operations) {}

   private:
    void serve(rpc::UnaryCall& call, etcdserverpb::DeleteRangeRequest& request) override;
    Pool<WriteOperation>& operations_;
  };

  class Txn final : public TypedHandler<etcdserverpb::TxnRequest> {
   public:
    Txn(ServiceContext& context, Pool<WriteOperation>& writes) : TypedHandler(context), writes_(writes) {}

   private:
    void serve(rpc::UnaryCall& call, etcdserverpb::TxnRequest& request) override;
    Pool<WriteOperation>& writes_;
    Pool<TxnOperation> reads_;
  };

  class Compact final : public TypedHandler<etcdserverpb::CompactionRequest> {
   public:
    using TypedHandler::TypedHandler;

   private:
    void serve(rpc::UnaryCall& call, etcdserverpb::CompactionRequest& request) override;
    Pool<CompactOperation> operations_;
  };

  Pool<WriteOperation> writes_;
  SliceQueue slices_;
  Range range_;
  RangeStreamHandler range_stream_;
  Put put_;
  DeleteRange delete_range_;
  Txn txn_;
  Compact compact_;
};

}  // namespace etcd

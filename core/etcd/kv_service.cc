#include "core/etcd/kv_service.h"

#include "core/etcd/command.h"
#include "core/etcd/txn.h"
#include "core/etcd/txn_validation.h"
#include "core/etcd/validation.h"

namespace etcd {

namespace {

// Sends what the client asked for through the log. Requires: the request is valid.
template <typename Request>
void write(ServiceContext& context, Pool<WriteOperation>& operations, CommandKind kind, rpc::UnaryCall& call, Request& request) {
  request.DiscardUnknownFields();
  operations.take(context, operations).start(call, encode_command(kind, request));
}

}  // namespace

KvService::KvService(ServiceContext& context)
    : slices_(context.loop),
      range_(context, slices_),
      range_stream_(context, slices_),
      put_(context, writes_),
      delete_range_(context, writes_),
      txn_(context, writes_),
      compact_(context) {}

void KvService::add_to(rpc::Server& server) {
  server.add_unary("/etcdserverpb.KV/Range", range_);
  server.add_stream("/etcdserverpb.KV/RangeStream", range_stream_);
  server.add_unary("/etcdserverpb.KV/Put", put_);
  server.add_unary("/etcdserverpb.KV/DeleteRange", delete_range_);
  server.add_unary("/etcdserverpb.KV/Txn", txn_);
  server.add_unary("/etcdserverpb.KV/Compact", compact_);
}

void KvService::Range::serve(rpc::UnaryCall& call, etcdserverpb::RangeRequest& request) {
  if (const std::optional<ErrorId> refused = validate(request)) return call.fail(to_status(*refused));
  if (request.serializable()) return reader_.answer(call, request);
  operations_.take(context_, reader_, operations_).start(call, request);
}

void KvService::Put::serve(rpc::UnaryCall& call, etcdserverpb::PutRequest& request) {
  if (const std::optional<ErrorId> refused = validate(request)) return call.fail(to_status(*refused));
  write(context_, operations_, CommandKind::put, call, request);
}

void KvService::DeleteRange::serve(rpc::UnaryCall& call, etcdserverpb::DeleteRangeRequest& request) {
  if (const std::optional<ErrorId> refused = validate(request)) return call.fail(to_status(*refused));
  write(context_, operations_, CommandKind::delete_range, call, request);
}

void KvService::Txn::serve(rpc::UnaryCall& call, etcdserverpb::TxnRequest& request) {
  const std::optional<ErrorId> refused = validate(request, context_.config.max_txn_ops);
  if (refused) return call.fail(to_status(*refused));
  if (!is_read_only(request)) return write(context_, writes_, CommandKind::txn, call, request);
  if (is_serializable(request)) return answer_txn_now(context_, request, call);
  reads_.take(context_, reads_).start(call, request);
}

void KvService::Compact::serve(rpc::UnaryCall& call, etcdserverpb::CompactionRequest& request) {
  request.DiscardUnknownFields();
  operations_.take(context_, operations_).start(call, request);
}

}  // namespace etcd

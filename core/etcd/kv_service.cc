#include "core/etcd/kv_service.h"

#include "core/etcd/command.h"
#include "core/etcd/validation.h"

namespace etcd {

namespace {

// Validates, and sends what the client asked for through the log.
template <typename Request>
void write(ServiceContext& context, Pool<WriteOperation>& operations, CommandKind kind, rpc::UnaryCall& call, Request& request) {
  if (const std::optional<ErrorId> refused = validate(request)) return call.fail(to_status(*refused));
  request.DiscardUnknownFields();
  operations.take(context, operations).start(call, encode_command(kind, request));
}

}  // namespace

KvService::KvService(ServiceContext& context) : range_(context), put_(context, writes_), delete_range_(context, writes_) {}

void KvService::add_to(rpc::Server& server) {
  server.add_unary("/etcdserverpb.KV/Range", range_);
  server.add_unary("/etcdserverpb.KV/Put", put_);
  server.add_unary("/etcdserverpb.KV/DeleteRange", delete_range_);
}

void KvService::Range::serve(rpc::UnaryCall& call, etcdserverpb::RangeRequest& request) {
  if (const std::optional<ErrorId> refused = validate(request)) return call.fail(to_status(*refused));
  if (request.serializable()) return answer_range_now(context_, request, call);
  operations_.take(context_, operations_).start(call, request);
}

void KvService::Put::serve(rpc::UnaryCall& call, etcdserverpb::PutRequest& request) {
  write(context_, operations_, CommandKind::put, call, request);
}

void KvService::DeleteRange::serve(rpc::UnaryCall& call, etcdserverpb::DeleteRangeRequest& request) {
  write(context_, operations_, CommandKind::delete_range, call, request);
}

}  // namespace etcd

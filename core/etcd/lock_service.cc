#include "core/etcd/lock_service.h"

#include <utility>

#include "core/base/assert.h"
#include "core/etcd/parse.h"

namespace etcd {

void LockService::add_to(rpc::Server& server) {
  server.add_unary("/v3lockpb.Lock/Lock", lock_);
  server.add_unary("/v3lockpb.Lock/Unlock", unlock_);
}

void LockOperation::start(rpc::UnaryCall& call, const v3lockpb::LockRequest& request) {
  ASSERT(call_ == nullptr);
  call_ = &call;
  call.on_cancel(*this);
  caller_ = RememberedCaller(call);
  QueueRecipeListener& listener = *this;
  recipe_ = std::make_unique<QueueRecipe>(context_.world, services_, QueueRecipe::Kind::lock, listener);
  recipe_->start(caller_, request.name(), request.lease(), {});
}

void LockOperation::on_cancelled() {
  call_ = nullptr;
  recipe_->leave();
}

void LockOperation::on_first() {
  v3lockpb::LockResponse response;
  *response.mutable_header() = recipe_->header();
  response.set_key(recipe_->key());
  ASSERT(call_ != nullptr);  // who has gone is not first any more
  std::exchange(call_, nullptr)->respond(response.SerializeAsString());
  end();
}

void LockOperation::on_queue_failed(const rpc::Status& status) {
  if (call_ != nullptr) std::exchange(call_, nullptr)->fail(status);
  end();
}

void LockOperation::end() { pool_.give_back(*this); }

void UnlockOperation::start(rpc::UnaryCall& call, const v3lockpb::UnlockRequest& request) {
  ASSERT(call_ == nullptr);
  call_ = &call;
  call.on_cancel(*this);
  etcdserverpb::DeleteRangeRequest gone;
  gone.set_key(request.key());
  question_.ask(call, services_.delete_range, gone.SerializeAsString());
}

void UnlockOperation::on_cancelled() {
  call_ = nullptr;
  question_.stop();
  pool_.give_back(*this);
}

void UnlockOperation::on_local_answer(const rpc::Status& status, std::string_view message) {
  rpc::UnaryCall& call = *std::exchange(call_, nullptr);
  etcdserverpb::DeleteRangeResponse answer;
  if (status.code == rpc::StatusCode::ok && parse(answer, message)) {
    v3lockpb::UnlockResponse response;
    *response.mutable_header() = answer.header();
    call.respond(response.SerializeAsString());
  } else {
    call.fail(as_unknown(status));
  }
  pool_.give_back(*this);
}

}  // namespace etcd

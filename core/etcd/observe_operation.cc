#include "core/etcd/observe_operation.h"

#include <utility>

#include "core/api/kv.pb.h"
#include "core/api/watch.pb.h"
#include "core/base/assert.h"
#include "core/etcd/parse.h"
#include "core/etcd/queue_recipe.h"

namespace etcd {

void ObserveOperation::start(rpc::StreamCall& call) {
  ASSERT(client_ == nullptr);
  client_ = &call;
  stage_ = Stage::waiting;
}

void ObserveOperation::on_message(std::string_view message) {
  if (stage_ != Stage::waiting) return;  // one request and no more
  v3electionpb::LeaderRequest request;
  if (!parse(request, message)) return finish(to_status(ErrorId::unmarshal_failed));
  prefix_ = queue_prefix(request.name());
  look();
}

void ObserveOperation::on_half_close() {
  if (stage_ == Stage::waiting) finish(to_status(ErrorId::unmarshal_failed));
}

void ObserveOperation::look() {
  stage_ = Stage::looking;
  etcdserverpb::RangeRequest request;
  ask_for_oldest(prefix_, request);
  call_.ask(*client_, services_.range, request.SerializeAsString());
}

void ObserveOperation::on_local_answer(const rpc::Status& status, std::string_view message) {
  ASSERT(stage_ == Stage::looking);
  etcdserverpb::RangeResponse response;
  if (status.code != rpc::StatusCode::ok) return finish(as_unknown(status));
  if (!parse(response, message)) return finish(to_status(ErrorId::unmarshal_failed));
  if (response.kvs_size() > 0) return follow(response.header(), response.kvs(0));
  etcdserverpb::RangeRequest all;
  ask_for_oldest(prefix_, all);
  watch(Stage::waiting_for_anybody, all.key(), all.range_end(), response.header().revision());
}

// Each of his values, until he goes.
void ObserveOperation::follow(const etcdserverpb::ResponseHeader& header, const mvccpb::KeyValue& leader) {
  tell(header, leader);
  watch(Stage::following, leader.key(), {}, header.revision() + 1);
}

void ObserveOperation::watch(Stage stage, const std::string& key, const std::string& end, std::int64_t from) {
  stage_ = stage;
  etcdserverpb::WatchRequest request;
  request.mutable_create_request()->set_key(key);
  request.mutable_create_request()->set_range_end(end);
  request.mutable_create_request()->set_start_revision(from);
  stream_.open(*client_, services_.watch, request.SerializeAsString());
}

void ObserveOperation::on_local_messages(std::vector<std::string> messages) {
  for (const std::string& message : messages) {
    etcdserverpb::WatchResponse response;
    if (!parse(response, message)) return finish(to_status(ErrorId::unmarshal_failed));
    if (response.canceled()) {  // compacted meanwhile: whoever leads now is the one to tell of
      stream_.stop();
      return look();
    }
    for (const mvccpb::Event& event : response.events()) {
      const bool is_put = event.type() == mvccpb::Event::PUT;
      if (stage_ == Stage::waiting_for_anybody && is_put) {
        stream_.stop();
        etcdserverpb::ResponseHeader header = response.header();
        header.set_revision(event.kv().mod_revision());
        return follow(header, event.kv());
      }
      if (stage_ != Stage::following) continue;
      if (!is_put) {
        stream_.stop();
        return look();
      }
      tell(response.header(), event.kv());
    }
  }
}

void ObserveOperation::on_local_end(const rpc::Status& status) { finish(as_unknown(status)); }

void ObserveOperation::tell(const etcdserverpb::ResponseHeader& header, const mvccpb::KeyValue& leader) {
  v3electionpb::LeaderResponse response;
  *response.mutable_header() = header;
  *response.mutable_kv() = leader;
  client_->send(response.SerializeAsString());
}

void ObserveOperation::finish(const rpc::Status& status) {
  client_->finish(status);
  reset();
}

void ObserveOperation::reset() {
  call_.stop();
  stream_.stop();
  client_ = nullptr;
  stage_ = Stage::idle;
  pool_.give_back(*this);
}

}  // namespace etcd

#include "core/etcd/queue_recipe.h"

#include <utility>

#include "core/api/lease.pb.h"
#include "core/api/watch.pb.h"
#include "core/base/assert.h"
#include "core/base/text.h"
#include "core/etcd/parse.h"

namespace etcd {

using etcdserverpb::Compare;
using etcdserverpb::RangeRequest;

namespace {

constexpr std::int64_t kOwnLeaseSeconds = 60;  // of who brings none; nobody keeps it alive
constexpr std::string_view kSessionExpired = "mutex: session is expired";
constexpr std::string_view kLostWatcher = "lost watcher waiting for delete";

// As Go prints it: a negative number with its sign.
std::string to_hex(std::int64_t lease) {
  const auto bits = static_cast<std::uint64_t>(lease);
  return lease < 0 ? "-" + base::hex(~bits + 1) : base::hex(bits);
}

// The first key behind all that begin with `prefix`, which ends with a slash.
std::string end_of(std::string_view prefix) {
  ASSERT(!prefix.empty() && prefix.back() == '/');
  std::string end(prefix);
  ++end.back();
  return end;
}

rpc::Status broken_answer() { return {rpc::StatusCode::unknown, "an answer within the member could not be read"}; }

}  // namespace

rpc::Status as_unknown(const rpc::Status& status) { return {rpc::StatusCode::unknown, status.message}; }

std::string queue_prefix(std::string_view name) { return std::string(name) + "/"; }

void compare_created(const std::string& key, std::int64_t revision, etcdserverpb::TxnRequest& request) {
  Compare& compare = *request.add_compare();
  compare.set_key(key);
  compare.set_target(Compare::CREATE);
  compare.set_result(Compare::EQUAL);
  compare.set_create_revision(revision);
}

etcdserverpb::TxnRequest proclamation(const std::string& key, std::int64_t created, const std::string& value, std::int64_t lease) {
  etcdserverpb::TxnRequest request;
  compare_created(key, created, request);
  etcdserverpb::PutRequest& put = *request.add_success()->mutable_request_put();
  put.set_key(key);
  put.set_value(value);
  put.set_lease(lease);
  return request;
}

void ask_for_oldest(std::string_view prefix, RangeRequest& request) {
  request.set_key(std::string(prefix));
  request.set_range_end(end_of(prefix));
  request.set_sort_target(RangeRequest::CREATE);
  request.set_sort_order(RangeRequest::ASCEND);
  request.set_limit(1);
}

void QueueRecipe::start(const rpc::CallContext& caller, std::string_view name, std::int64_t lease, std::string_view value) {
  ASSERT(stage_ == Stage::idle);
  caller_ = &caller;
  prefix_ = queue_prefix(name);
  value_ = value;
  lease_ = lease;
  if (lease != 0) return put();
  etcdserverpb::LeaseGrantRequest request;
  request.set_ttl(kOwnLeaseSeconds);
  ask(Stage::granting, services_.lease_grant, request);
}

void QueueRecipe::leave() {
  if (stage_ == Stage::leaving || stage_ == Stage::over) return;
  call_.stop();
  give_up({rpc::StatusCode::cancelled, "context canceled"});
}

void QueueRecipe::on_local_answer(const rpc::Status& status, std::string_view message) {
  if (stage_ == Stage::leaving) {
    stage_ = Stage::over;
    return listener_.on_queue_failed(why_);
  }
  if (status.code != rpc::StatusCode::ok) return give_up(as_unknown(status));
  switch (stage_) {
    case Stage::granting: return on_granted(message);
    case Stage::putting: return on_put(message);
    case Stage::proclaiming: return look();
    case Stage::looking: return on_looked(message);
    case Stage::reading: return on_read(message);
    case Stage::idle:
    case Stage::watching:
    case Stage::leaving:
    case Stage::over: break;
  }
  ASSERT(false && "nothing was asked");
}

void QueueRecipe::on_granted(std::string_view message) {
  etcdserverpb::LeaseGrantResponse response;
  if (!parse(response, message)) return give_up(broken_answer());
  lease_ = response.id();
  put();
}

// The key, unless it is there: then who has the lease is in line already.
void QueueRecipe::put() {
  key_ = prefix_ + to_hex(lease_);
  etcdserverpb::TxnRequest request;
  compare_created(key_, 0, request);
  etcdserverpb::PutRequest& put = *request.add_success()->mutable_request_put();
  put.set_key(key_);
  put.set_value(value_);
  put.set_lease(lease_);
  request.add_failure()->mutable_request_range()->set_key(key_);
  ask_for_oldest(prefix_, *request.add_success()->mutable_request_range());
  ask_for_oldest(prefix_, *request.add_failure()->mutable_request_range());
  ask(Stage::putting, services_.txn, request);
}

void QueueRecipe::on_put(std::string_view message) {
  etcdserverpb::TxnResponse response;
  if (!parse(response, message) || response.responses_size() != 2) return give_up(broken_answer());
  header_ = response.header();
  created_ = response.header().revision();
  const auto& oldest = response.responses(1).response_range();
  if (!response.succeeded()) {
    const auto& own = response.responses(0).response_range();
    if (own.kvs_size() != 1) return give_up(broken_answer());
    created_ = own.kvs(0).create_revision();
    if (kind_ == Kind::election && own.kvs(0).value() != value_) {
      return ask(Stage::proclaiming, services_.txn, proclamation(key_, created_, value_, lease_));
    }
  }
  const bool is_first = oldest.kvs_size() == 0 || oldest.kvs(0).create_revision() == created_;
  if (!is_first) return look();
  stage_ = Stage::over;
  listener_.on_first();
}

// Who stands right before?
void QueueRecipe::look() {
  RangeRequest request;
  request.set_key(prefix_);
  request.set_range_end(end_of(prefix_));
  request.set_sort_target(RangeRequest::CREATE);
  request.set_sort_order(RangeRequest::DESCEND);
  request.set_max_create_revision(created_ - 1);
  request.set_limit(1);
  ask(Stage::looking, services_.range, request);
}

void QueueRecipe::on_looked(std::string_view message) {
  etcdserverpb::RangeResponse response;
  if (!parse(response, message)) return give_up(broken_answer());
  if (response.kvs_size() == 0) return on_nobody_before();
  watch(response.kvs(0).key(), response.header().revision());
}

void QueueRecipe::watch(const std::string& key, std::int64_t from) {
  stage_ = Stage::watching;
  etcdserverpb::WatchRequest request;
  request.mutable_create_request()->set_key(key);
  request.mutable_create_request()->set_start_revision(from);
  stream_.open(*caller_, services_.watch, request.SerializeAsString());
}

void QueueRecipe::on_local_messages(std::vector<std::string> messages) {
  ASSERT(stage_ == Stage::watching);
  for (const std::string& message : messages) {
    etcdserverpb::WatchResponse response;
    if (!parse(response, message)) return give_up(broken_answer());
    // Compacted meanwhile, say; but who is before may well have changed, and that can be asked again.
    if (response.canceled()) {
      stream_.stop();
      return look();
    }
    for (const mvccpb::Event& event : response.events()) {
      if (event.type() != mvccpb::Event::DELETE) continue;
      stream_.stop();
      return look();
    }
  }
}

void QueueRecipe::on_local_end(const rpc::Status& status) {
  give_up(status.code == rpc::StatusCode::ok ? rpc::Status{rpc::StatusCode::unknown, std::string(kLostWatcher)} : as_unknown(status));
}

void QueueRecipe::on_nobody_before() {
  if (kind_ == Kind::election) {
    stage_ = Stage::over;
    return listener_.on_first();
  }
  RangeRequest request;
  request.set_key(key_);
  ask(Stage::reading, services_.range, request);
}

// Whose lease has run out while he waited is not first.
void QueueRecipe::on_read(std::string_view message) {
  etcdserverpb::RangeResponse response;
  if (!parse(response, message)) return give_up(broken_answer());
  if (response.kvs_size() == 0) {
    stage_ = Stage::over;
    return listener_.on_queue_failed({rpc::StatusCode::unknown, std::string(kSessionExpired)});
  }
  header_ = response.header();
  stage_ = Stage::over;
  listener_.on_first();
}

// Whoever goes does not leave others waiting for him.
void QueueRecipe::give_up(rpc::Status why) {
  stream_.stop();
  if (!may_have_key()) {
    stage_ = Stage::over;
    return listener_.on_queue_failed(why);
  }
  why_ = std::move(why);
  etcdserverpb::DeleteRangeRequest request;
  request.set_key(key_);
  ask(Stage::leaving, services_.delete_range, request);
}

}  // namespace etcd

#include "core/etcd/election_service.h"

#include <utility>

#include "core/base/assert.h"
#include "core/etcd/observe_operation.h"
#include "core/etcd/parse.h"

namespace etcd {

using v3electionpb::LeaderKey;

namespace {

constexpr std::string_view kNotLeader = "election: not leader";
constexpr std::string_view kNoLeader = "election: no leader";
constexpr std::string_view kLeaderMissing = "\"leader\" field must be provided";

}  // namespace

// --- winning ----------------------------------------------------------------------------------------

void CampaignOperation::start(rpc::UnaryCall& call, const v3electionpb::CampaignRequest& request) {
  ASSERT(call_ == nullptr);
  call_ = &call;
  call.on_cancel(*this);
  caller_ = RememberedCaller(call);
  name_ = request.name();
  QueueRecipeListener& listener = *this;
  recipe_ = std::make_unique<QueueRecipe>(context_.world, services_, QueueRecipe::Kind::election, listener);
  recipe_->start(caller_, name_, request.lease(), request.value());
}

void CampaignOperation::on_cancelled() {
  call_ = nullptr;
  recipe_->leave();
}

void CampaignOperation::on_first() {
  v3electionpb::CampaignResponse response;
  *response.mutable_header() = recipe_->header();
  LeaderKey& leader = *response.mutable_leader();
  leader.set_name(name_);
  leader.set_key(recipe_->key());
  leader.set_rev(recipe_->created());
  leader.set_lease(recipe_->lease());
  ASSERT(call_ != nullptr);  // who has gone does not win any more
  std::exchange(call_, nullptr)->respond(response.SerializeAsString());
  pool_.give_back(*this);
}

void CampaignOperation::on_queue_failed(const rpc::Status& status) {
  if (call_ != nullptr) std::exchange(call_, nullptr)->fail(status);
  pool_.give_back(*this);
}

// --- what a winner says, and who asks for him -------------------------------------------------------

void ElectionQuestion::start(rpc::UnaryCall& call, const v3electionpb::ProclaimRequest& request) {
  if (!request.has_leader()) return refuse(call, kLeaderMissing);
  const LeaderKey& leader = request.leader();
  const etcdserverpb::TxnRequest txn = proclamation(leader.key(), leader.rev(), request.value(), leader.lease());
  ask(What::proclaim, call, services_.txn, txn.SerializeAsString());
}

void ElectionQuestion::start(rpc::UnaryCall& call, const v3electionpb::ResignRequest& request) {
  if (!request.has_leader()) return refuse(call, kLeaderMissing);
  etcdserverpb::TxnRequest txn;
  compare_created(request.leader().key(), request.leader().rev(), txn);
  txn.add_success()->mutable_request_delete_range()->set_key(request.leader().key());
  ask(What::resign, call, services_.txn, txn.SerializeAsString());
}

void ElectionQuestion::start(rpc::UnaryCall& call, const v3electionpb::LeaderRequest& request) {
  etcdserverpb::RangeRequest range;
  ask_for_oldest(queue_prefix(request.name()), range);
  ask(What::leader, call, services_.range, range.SerializeAsString());
}

void ElectionQuestion::ask(What what, rpc::UnaryCall& call, rpc::UnaryHandler& handler, const std::string& request) {
  ASSERT(call_ == nullptr);
  what_ = what;
  call_ = &call;
  call.on_cancel(*this);
  question_.ask(call, handler, request);
}

void ElectionQuestion::on_cancelled() {
  call_ = nullptr;
  question_.stop();
  pool_.give_back(*this);
}

void ElectionQuestion::refuse(rpc::UnaryCall& call, std::string_view text) {
  call.fail({rpc::StatusCode::unknown, std::string(text)});
  pool_.give_back(*this);
}

void ElectionQuestion::on_local_answer(const rpc::Status& status, std::string_view message) {
  rpc::UnaryCall& call = *std::exchange(call_, nullptr);
  if (status.code != rpc::StatusCode::ok) {
    call.fail(as_unknown(status));
    return pool_.give_back(*this);
  }
  answer(call, message);
}

void ElectionQuestion::answer(rpc::UnaryCall& call, std::string_view message) {
  etcdserverpb::TxnResponse txn;
  etcdserverpb::RangeResponse range;
  const bool is_read = what_ == What::leader ? parse(range, message) : parse(txn, message);
  if (!is_read) return refuse(call, to_status(ErrorId::unmarshal_failed).message);
  switch (what_) {
    case What::proclaim: {
      if (!txn.succeeded()) return refuse(call, kNotLeader);
      v3electionpb::ProclaimResponse response;
      *response.mutable_header() = txn.header();
      call.respond(response.SerializeAsString());
      break;
    }
    case What::resign: {
      v3electionpb::ResignResponse response;
      *response.mutable_header() = txn.header();
      call.respond(response.SerializeAsString());
      break;
    }
    case What::leader: {
      if (range.kvs_size() == 0) return refuse(call, kNoLeader);
      v3electionpb::LeaderResponse response;
      *response.mutable_header() = range.header();
      *response.mutable_kv() = range.kvs(0);
      call.respond(response.SerializeAsString());
      break;
    }
  }
  pool_.give_back(*this);
}

// --- the service ------------------------------------------------------------------------------------

ElectionService::ElectionService(ServiceContext& context, const LocalServices& services)
    : campaign_(context, services), proclaim_(context, services), resign_(context, services), leader_(context, services), observe_(context, services) {}

ElectionService::~ElectionService() = default;

void ElectionService::add_to(rpc::Server& server) {
  server.add_unary("/v3electionpb.Election/Campaign", campaign_);
  server.add_unary("/v3electionpb.Election/Proclaim", proclaim_);
  server.add_unary("/v3electionpb.Election/Leader", leader_);
  server.add_unary("/v3electionpb.Election/Resign", resign_);
  server.add_stream("/v3electionpb.Election/Observe", observe_);
}

ElectionService::Observe::Observe(ServiceContext& context, const LocalServices& services) : context_(context), services_(services) {}
ElectionService::Observe::~Observe() = default;

rpc::StreamReceiver* ElectionService::Observe::open(rpc::StreamCall& call) {
  const std::optional<ErrorId> refused = context_.is_learner ? std::optional(ErrorId::not_supported_for_learner) : check_gates(context_, call);
  if (refused) {
    call.finish(to_status(*refused));
    return nullptr;
  }
  ObserveOperation& operation = operations_.take(context_, services_, operations_);
  operation.start(call);
  return &operation;
}

}  // namespace etcd

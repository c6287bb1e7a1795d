// core/etcd/election_service.h: the service v3electionpb.Election (behaviour reference §13).
#pragma once

#include <map>
#include <memory>
#include <string>

#include "core/api/election.pb.h"
#include "core/etcd/local_call.h"
#include "core/etcd/local_handler.h"
#include "core/etcd/pool.h"
#include "core/etcd/queue_recipe.h"
#include "core/etcd/service_context.h"

namespace etcd {

// One Campaign: until its caller leads, or has gone and his key with him.
class CampaignOperation final : private rpc::CallCancelled, private QueueRecipeListener {
 public:
  CampaignOperation(ServiceContext& context, const LocalServices& services, Pool<CampaignOperation>& pool)
      : context_(context), services_(services), pool_(pool) {}
  void start(rpc::UnaryCall& call, const v3electionpb::CampaignRequest& request);

 private:
  void on_cancelled() override;
  void on_first() override;
  void on_queue_failed(const rpc::Status& status) override;

  ServiceContext& context_;
  const LocalServices& services_;
  Pool<CampaignOperation>& pool_;
  rpc::UnaryCall* call_ = nullptr;  // null: idle, or the caller has gone
  RememberedCaller caller_;
  std::string name_;
  std::unique_ptr<QueueRecipe> recipe_;
};

// Proclaim, Resign and Leader: one question to the store, whose answer is put in other words.
class ElectionQuestion final : private rpc::CallCancelled, private LocalCallListener {
 public:
  ElectionQuestion(ServiceContext& context, const LocalServices& services, Pool<ElectionQuestion>& pool)
      : services_(services), pool_(pool), question_(context.world, *this) {}
  void start(rpc::UnaryCall& call, const v3electionpb::ProclaimRequest& request);
  void start(rpc::UnaryCall& call, const v3electionpb::ResignRequest& request);
  void start(rpc::UnaryCall& call, const v3electionpb::LeaderRequest& request);

 private:
  enum class What : std::uint8_t { proclaim, resign, leader };

  void on_cancelled() override;
  void on_local_answer(const rpc::Status& status, std::string_view message) override;
  void ask(What what, rpc::UnaryCall& call, rpc::UnaryHandler& handler, const std::string& request);
  void refuse(rpc::UnaryCall& call, std::string_view text);
  void answer(rpc::UnaryCall& call, std::string_view message);

  const LocalServices& services_;
  Pool<ElectionQuestion>& pool_;
  What what_ = What::leader;
  rpc::UnaryCall* call_ = nullptr;
  LocalCall question_;
};

class ObserveOperation;

class ElectionService {
 public:
  ElectionService(ServiceContext& context, const LocalServices& services);
  ~ElectionService();
  void add_to(rpc::Server& server);

 private:
  class Observe final : public rpc::StreamHandler {
   public:
    Observe(ServiceContext& context, const LocalServices& services);
    ~Observe();

   private:
    rpc::StreamReceiver* open(rpc::StreamCall& call) override;

    ServiceContext& context_;
    const LocalServices& services_;
    Pool<ObserveOperation> operations_;
  };

  LocalHandler<v3electionpb::CampaignRequest, CampaignOperation> campaign_;
  LocalHandler<v3electionpb::ProclaimRequest, ElectionQuestion> proclaim_;
  LocalHandler<v3electionpb::ResignRequest, ElectionQuestion> resign_;
  LocalHandler<v3electionpb::LeaderRequest, ElectionQuestion> leader_;
  Observe observe_;
};

}  // namespace etcd

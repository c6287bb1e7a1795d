// core/etcd/observe_operation.h: one Election/Observe: who leads, what he proclaims, and who comes next, for as long as the caller listens.
//
//   waiting for the request -> looking -> [ waiting for anybody -> ] following -> looking …
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/api/election.pb.h"
#include "core/api/header.pb.h"
#include "core/etcd/local_call.h"
#include "core/etcd/pool.h"
#include "core/etcd/service_context.h"

namespace etcd {

class ObserveOperation final : public rpc::StreamReceiver, private LocalCallListener, private LocalStreamListener {
 public:
  ObserveOperation(ServiceContext& context, const LocalServices& services, Pool<ObserveOperation>& pool)
      : services_(services), pool_(pool), call_(context.world, *this), stream_(context.world, *this) {}
  void start(rpc::StreamCall& call);

 private:
  enum class Stage : std::uint8_t { idle, waiting, looking, waiting_for_anybody, following };

  // rpc::StreamReceiver
  void on_message(std::string_view message) override;
  void on_half_close() override;
  void on_room() override {}
  void on_cancelled() override { reset(); }

  void on_local_answer(const rpc::Status& status, std::string_view message) override;
  void on_local_messages(std::vector<std::string> messages) override;
  void on_local_end(const rpc::Status& status) override;

  void look();
  void watch(Stage stage, const std::string& key, const std::string& end, std::int64_t from);
  void tell(const etcdserverpb::ResponseHeader& header, const mvccpb::KeyValue& leader);
  void follow(const etcdserverpb::ResponseHeader& header, const mvccpb::KeyValue& leader);
  void finish(const rpc::Status& status);
  void reset();

  const LocalServices& services_;
  Pool<ObserveOperation>& pool_;
  rpc::StreamCall* client_ = nullptr;  // null: idle
  Stage stage_ = Stage::idle;
  std::string prefix_;
  LocalCall call_;
  LocalStream stream_;
};

}  // namespace etcd

// core/etcd/keep_alive.h: Lease/LeaseKeepAlive: one answer per request, in order (behaviour reference §5.2).
//
//   idle -> asking for the first of those that wait -> idle ... -> finished, or the client went away
#pragma once

#include <deque>

#include "core/etcd/led_streams.h"
#include "core/etcd/lease_question.h"
#include "core/etcd/pool.h"

namespace etcd {

class KeepAliveOperation final : public rpc::StreamReceiver, private LeaseQuestion, private LedStream {
 public:
  KeepAliveOperation(LeaseContext& context, Pool<KeepAliveOperation>& pool) : LeaseQuestion(context), pool_(pool) {}

  // Then the receiver of the call, until it ends; back to the pool with that.
  void start(rpc::StreamCall& call, LedStreams& streams);

 private:
  void on_message(std::string_view message) override;
  void on_half_close() override;
  void on_room() override { run(); }
  void on_cancelled() override;
  void on_no_leader() override { finish(to_status(ErrorId::no_leader)); }
  void on_lease_answer(const etcdserverpb::LeaseTimeToLiveResponse& answer) override;
  void on_lease_refused(ErrorId why) override { finish(to_status(why)); }

  void run();
  void finish(const rpc::Status& status);
  rpc::StreamCall& end();  // back to the pool; the call is the caller's

  Pool<KeepAliveOperation>& pool_;
  rpc::StreamCall* call_ = nullptr;  // null: idle
  std::deque<std::int64_t> waiting_;
  bool is_paused_ = false;       // too many wait
  bool is_half_closed_ = false;  // no more will come
  bool is_asking_ = false;
  bool is_running_ = false;  // run() is on the stack
  Header header_;            // of the next answer: from before the renewal
};

class KeepAliveHandler final : public rpc::StreamHandler {
 public:
  explicit KeepAliveHandler(LeaseContext& context)
      : context_(context),
        streams_(context.context.world.clock, context.context.leadership, context.context.config.election_timeout) {}

 private:
  rpc::StreamReceiver* open(rpc::StreamCall& call) override;

  LeaseContext& context_;
  LedStreams streams_;
  Pool<KeepAliveOperation> operations_;
};

}  // namespace etcd

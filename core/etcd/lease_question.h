// core/etcd/lease_question.h: what only the leader knows of a lease, asked by a client here or by another member.
//
//   idle -> deciding (this member leads) -> idle
//        \-> passed on (another one does) -> idle, or looking again every 50 ms until the request timeout
//
// To ask twice does no harm: a lease is renewed twice.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/api/lease.pb.h"
#include "core/etcd/leader_channel.h"
#include "core/etcd/lessor.h"
#include "core/etcd/linearizable_read.h"
#include "core/etcd/service_context.h"

namespace etcd {

inline constexpr std::string_view kPeerRenewPath = "/lockstep.etcd.Peers/RenewLease";
inline constexpr std::string_view kPeerTimeToLivePath = "/lockstep.etcd.Peers/LeaseTimeToLive";

// What the leader's side and the follower's side of it share.
struct LeaseContext {
  ServiceContext& context;
  Lessor& lessor;
  LeaderChannel& leader;
};

class LeaseQuestion : private RenewalWait, private LeaderAsk, private Expiring, private io::Timer {
 public:
  enum class Kind : std::uint8_t { renew, time_to_live };
  enum class By : std::uint8_t { client, member };  // a member's question is not passed on

  explicit LeaseQuestion(LeaseContext& lease_context);
  void stop();  // without an answer; no effect when idle

 protected:
  ~LeaseQuestion() { world_.clock.disarm(*this); }

  // Then exactly one of the two below, now or later, unless it is stopped. Requires: idle.
  void ask(Kind kind, By by, const etcdserverpb::LeaseTimeToLiveRequest& request);

  // Idle again when called. The answer is without a header. Of `renew` only ID and TTL count, which is 0 when there is no such lease;
  // then the others have the numbers of an etcdserverpb.LeaseKeepAliveResponse.
  virtual void on_lease_answer(const etcdserverpb::LeaseTimeToLiveResponse& answer) = 0;
  virtual void on_lease_refused(ErrorId why) = 0;

  ServiceContext& context_;

 private:
  // Until what was committed when it was asked is applied.
  class CatchUp final : public ReadIndexWait {
   public:
    CatchUp(ServiceContext& context, LeaseQuestion& question) : ReadIndexWait(context), question_(question) {}
    using ReadIndexWait::begin_waiting;
    using ReadIndexWait::stop_waiting;

   private:
    void on_read_allowed() override { question_.on_caught_up(); }
    void on_read_refused(ErrorId why) override { question_.refuse(why); }
    LeaseQuestion& question_;
  };

  void on_renewal(const Renewal& renewal) override;
  void on_leader_said(std::string_view answer) override;
  void on_leader_silent() override { look_again(); }
  void on_expired() override;
  void on_timer() override;

  void on_caught_up();
  void look();
  void look_again();
  void decide();
  void answer(std::int64_t ttl);
  void tell_time_to_live();
  bool must_catch_up() const;
  void refuse(ErrorId why);

  const io::World& world_;
  LeaseContext& lease_context_;
  Kind kind_ = Kind::renew;
  By by_ = By::client;
  CatchUp catch_up_;
  bool is_catching_up_ = false;
  bool has_caught_up_ = false;
  etcdserverpb::LeaseTimeToLiveRequest request_;
};

}  // namespace etcd

// core/etcd/leader_channel.h: one connection to whoever leads, over the peer listener, for questions that may be asked again.
//
// Unlike that of a LeaderQuestion it is shared and stays open: a follower's clients renew their leases all the time.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/intrusive_list.h"
#include "core/base/time.h"
#include "core/etcd/leadership.h"
#include "core/replica/replica.h"
#include "core/rpc/client.h"
#include "io/world.h"

namespace etcd {

// A question, embedded in whoever has it. Question and answer are sealed (sealed.h).
class LeaderAsk : public base::ListNode<LeaderAsk> {
 public:
  // Not asked any more when called; on a later turn than it was asked.
  virtual void on_leader_said(std::string_view answer) = 0;
  // No answer, or none to trust, or a refusal; or somebody else leads by now. May come within another one's ask().
  virtual void on_leader_silent() = 0;

  // The channel's matter.
  rpc::ClientCall& begin_call(std::string_view path);
  void cancel_call(rpc::Channel& channel) { channel.cancel(call_); }

 protected:
  LeaderAsk() : call_(*this) {}
  ~LeaderAsk() = default;

 private:
  class Call final : public rpc::ClientCall {
   public:
    explicit Call(LeaderAsk& ask) : ask_(ask) {}
    void on_message(std::string_view message) override { answer = message; }
    void on_status(const rpc::Status& status) override;
    std::string path;
    std::string answer;

   private:
    LeaderAsk& ask_;
  };
  Call call_;
};

class LeaderChannel final : private LeaderWait {
 public:
  LeaderChannel(const io::World& world, Leadership& leadership, const replica::Replica& replica);

  // False: nobody is known to lead, or it is this member, or it has no address. Requires: it is not asked.
  bool ask(LeaderAsk& question, std::string_view path, std::string_view request, base::Instant deadline);
  // No effect on what is not asked.
  void give_up(LeaderAsk& question);

 private:
  void on_new_leader(base::MemberId leader) override;
  bool connect();
  void drop();

  const io::World& world_;
  Leadership& leadership_;
  const replica::Replica& replica_;
  base::MemberId leader_;    // at the other end
  std::size_t attempts_ = 0;  // every address has its turn, one after each that failed
  std::unique_ptr<rpc::Channel> channel_;
  base::IntrusiveList<LeaderAsk> asked_;  // over channel_
};

}  // namespace etcd

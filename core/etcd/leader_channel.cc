#include "core/etcd/leader_channel.h"

#include <optional>
#include <utility>
#include <vector>

#include "core/base/assert.h"
#include "core/etcd/group.h"
#include "core/etcd/sealed.h"

namespace etcd {

namespace {
constexpr base::Duration kLeaderConnectTimeout = std::chrono::seconds(1);
}

rpc::ClientCall& LeaderAsk::begin_call(std::string_view path) {
  call_.path = path;
  call_.answer.clear();
  return call_;
}

void LeaderAsk::Call::on_status(const rpc::Status& status) {
  ask_.unlink();
  const std::string sealed = std::exchange(answer, {});
  const std::optional<std::string_view> bytes = unseal(sealed, path);
  if (status.code != rpc::StatusCode::ok || !bytes) return ask_.on_leader_silent();
  ask_.on_leader_said(*bytes);
}

LeaderChannel::LeaderChannel(const io::World& world, Leadership& leadership, const replica::Replica& replica)
    : world_(world), leadership_(leadership), replica_(replica) {
  leadership_.wait(*this);
}

bool LeaderChannel::ask(LeaderAsk& question, std::string_view path, std::string_view request, base::Instant deadline) {
  ASSERT(!question.is_linked());
  if (!connect()) return false;
  asked_.push_back(question);
  rpc::CallOptions options;
  options.deadline = deadline;
  channel_->unary(path, seal(request, path), options, question.begin_call(path));
  return true;
}

void LeaderChannel::give_up(LeaderAsk& question) {
  if (!question.is_linked()) return;
  question.unlink();
  question.cancel_call(*channel_);
}

void LeaderChannel::on_new_leader(base::MemberId leader) {
  leadership_.wait(*this);
  if (leader != leader_) drop();
}

bool LeaderChannel::connect() {
  const base::MemberId leader = leadership_.leader();
  const base::MemberId self = replica_.identity().member;
  if (leader == base::MemberId::none || leader == self) return false;
  if (channel_ != nullptr && leader == leader_ && !channel_->is_closed()) return true;
  drop();
  const PeerAddresses peers = peers_of(replica_.configuration(), self);
  const auto found = peers.find(leader);
  if (found == peers.end() || found->second.empty()) return false;
  leader_ = leader;
  rpc::ChannelOptions options;
  options.connect_timeout = kLeaderConnectTimeout;
  channel_ = std::make_unique<rpc::Channel>(world_, found->second[attempts_++ % found->second.size()], options, nullptr);
  return true;
}

// With the connection its calls end, without a word.
void LeaderChannel::drop() {
  channel_.reset();
  base::IntrusiveList<LeaderAsk> told;
  told.take_all(asked_);
  while (!told.is_empty()) told.pop_front().on_leader_silent();
}

}  // namespace etcd

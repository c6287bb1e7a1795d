#include "core/etcd/bootstrap_check.h"

#include "core/api/cluster.pb.h"
#include "core/base/assert.h"
#include "core/etcd/peer_service.h"

namespace etcd {

namespace {

constexpr base::Duration kCheckTimeout = std::chrono::seconds(1);

// It has published itself there.
bool knows(const std::string& answer, base::MemberId member) {
  etcdserverpb::MemberListResponse list;
  if (!list.ParseFromString(answer)) return false;
  for (const etcdserverpb::Member& one : list.members()) {
    if (one.id() == member.value() && one.clienturls_size() > 0) return true;
  }
  return false;
}

}  // namespace

BootstrapCheck::BootstrapCheck(const io::World& world, base::MemberId self, const PeerAddresses& others,
                               BootstrapCheckListener& listener)
    : self_(self), listener_(listener) {
  PeerQuestionListener& answers = *this;
  for (const auto& other : others) questions_.push_back(std::make_unique<PeerQuestion>(world, other.second, answers));
}

void BootstrapCheck::start() {
  ASSERT(!questions_.empty());
  open_count_ = questions_.size();
  for (const std::unique_ptr<PeerQuestion>& question : questions_) question->ask(kPeerMembersPath, kCheckTimeout);
}

void BootstrapCheck::on_peer_answer(PeerQuestion& /*question*/, std::optional<std::string> answer) {
  if (answer && knows(*answer, self_)) {
    for (const std::unique_ptr<PeerQuestion>& question : questions_) question->stop();
    return listener_.on_bootstrap_checked(base::fail(
        base::Code::invalid, "member " + base::to_text(self_) + " has already been bootstrapped: its data directory is empty, but the cluster "
                             "knows it. Give it its old data directory, or remove it from the cluster and add it as a new member."));
  }
  if (--open_count_ == 0) listener_.on_bootstrap_checked({});
}

}  // namespace etcd

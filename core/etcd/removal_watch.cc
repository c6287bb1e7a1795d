#include "core/etcd/removal_watch.h"

#include <utility>

#include "core/api/cluster.pb.h"
#include "core/etcd/peer_service.h"

namespace etcd {

namespace {

constexpr base::Duration kAnswerTimeout = std::chrono::seconds(1);
constexpr base::Duration kNews = std::chrono::milliseconds(100);  // until the others have heard as well that it is committed

bool says_removed(const std::string& answer, const wal::Identity& self) {
  etcdserverpb::MemberListResponse list;
  if (!list.ParseFromString(answer) || list.header().cluster_id() != self.cluster.value()) return false;
  for (const etcdserverpb::Member& member : list.members()) {
    if (member.id() == self.member.value()) return true;
  }
  return false;
}

}  // namespace

RemovalWatch::RemovalWatch(const io::World& world, base::Duration interval, const replica::Replica& replica, const Leadership& leadership,
                           const PeerGroup& group, RemovalWatchListener& listener)
    : world_(world), interval_(interval), replica_(replica), leadership_(leadership), group_(group), listener_(listener) {}

void RemovalWatch::start() {
  was_in_group_ = is_in_group();
  world_.clock.arm(*this, world_.clock.now() + interval_);
}

void RemovalWatch::stop() {
  is_stopped_ = true;
  world_.clock.disarm(*this);
  question_.reset();
}

void RemovalWatch::follow() {
  const bool was_in_group = std::exchange(was_in_group_, is_in_group());
  if (is_stopped_ || !was_in_group || was_in_group_ || question_ != nullptr) return;
  was_led_ = false;
  world_.clock.arm(*this, world_.clock.now() + kNews);
}

bool RemovalWatch::is_in_group() const { return replica_.configuration().find(replica_.identity().member) != nullptr; }

void RemovalWatch::on_timer() {
  const bool is_led = leadership_.leader() != base::MemberId::none && is_in_group();
  const bool was_led = std::exchange(was_led_, is_led);
  to_ask_.clear();
  if (!is_led && !was_led) {
    for (const auto& peer : group_.known()) {
      if (!peer.second.empty()) to_ask_.push_back(peer.second);
    }
  }
  ask_next();
}

void RemovalWatch::ask_next() {
  if (to_ask_.empty()) {
    question_.reset();
    return world_.clock.arm(*this, world_.clock.now() + interval_);
  }
  PeerQuestionListener& listener = *this;
  question_ = std::make_unique<PeerQuestion>(world_, std::move(to_ask_.back()), listener);
  to_ask_.pop_back();
  question_->ask(kPeerRemovedPath, kAnswerTimeout);
}

void RemovalWatch::on_peer_answer(PeerQuestion& /*question*/, std::optional<std::string> answer) {
  if (!answer || !says_removed(*answer, replica_.identity())) return ask_next();
  stop();
  listener_.on_removed_elsewhere();
}

}  // namespace etcd

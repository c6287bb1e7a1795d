#include "core/etcd/group_watch.h"

#include <utility>

#include "core/base/mark.h"
#include "core/etcd/peer_service.h"

namespace etcd {

namespace {

constexpr base::Duration kWatchTimeout = std::chrono::seconds(1);
constexpr base::Duration kNews = std::chrono::milliseconds(100);  // until the others have heard as well that it is committed

bool has(const etcdserverpb::MemberListResponse& list, base::MemberId member) {
  for (const etcdserverpb::Member& one : list.members()) {
    if (one.id() == member.value()) return true;
  }
  return false;
}

}  // namespace

GroupWatch::GroupWatch(const io::World& world, base::Duration interval, const replica::Replica& replica, const Leadership& leadership,
                           const PeerGroup& group, GroupWatchListener& listener)
    : world_(world), interval_(interval), replica_(replica), leadership_(leadership), group_(group), listener_(listener) {}

void GroupWatch::start() {
  was_in_group_ = is_in_group();
  world_.clock.arm(*this, world_.clock.now() + interval_);
}

void GroupWatch::stop() {
  is_stopped_ = true;
  world_.clock.disarm(*this);
  question_.reset();
}

void GroupWatch::follow() {
  const bool was_in_group = std::exchange(was_in_group_, is_in_group());
  if (is_stopped_ || !was_in_group || was_in_group_ || question_ != nullptr) return;
  was_led_ = false;
  world_.clock.arm(*this, world_.clock.now() + kNews);
}

bool GroupWatch::is_in_group() const { return replica_.configuration().find(replica_.identity().member) != nullptr; }

void GroupWatch::on_timer() {
  const bool is_led = leadership_.leader() != base::MemberId::none && replica_.status().is_led && is_in_group();
  const bool was_led = std::exchange(was_led_, is_led);
  to_ask_.clear();
  if (!is_led && !was_led) {
    for (const PeerAddresses& peers : {group_.strangers(), group_.known()}) {  // the last are asked first
      for (const auto& peer : peers) {
        if (!peer.second.empty()) to_ask_.push_back(peer.second);
      }
    }
  }
  ask_next();
}

void GroupWatch::ask_next() {
  if (to_ask_.empty()) {
    question_.reset();
    return world_.clock.arm(*this, world_.clock.now() + interval_);
  }
  asks_members_ = false;
  ask(kPeerRemovedPath);
}

void GroupWatch::ask(std::string_view path) {
  PeerQuestionListener& listener = *this;
  question_ = std::make_unique<PeerQuestion>(world_, to_ask_.back(), listener);
  question_->ask(path, kWatchTimeout);
}

void GroupWatch::on_peer_answer(PeerQuestion& /*question*/, std::optional<std::string> answer) {
  etcdserverpb::MemberListResponse list;
  const wal::Identity& self = replica_.identity();
  const bool is_ours = answer && list.ParseFromString(*answer) && list.header().cluster_id() == self.cluster.value();
  if (is_ours && !asks_members_) {
    if (has(list, self.member)) {
      world_.observer.reached(base::Mark::removed_was_told);
      stop();
      return listener_.on_removed_elsewhere();
    }
    asks_members_ = true;
    return ask(kPeerMembersPath);
  }
  to_ask_.pop_back();
  ask_next();
  if (!is_ours) return;
  world_.observer.reached(base::Mark::group_told_by_others);
  listener_.on_group_told(list);
}

}  // namespace etcd

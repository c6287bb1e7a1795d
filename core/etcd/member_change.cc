#include "core/etcd/member_change.h"

#include <algorithm>
#include <set>
#include <utility>

#include "core/api/cluster.pb.h"
#include "core/base/assert.h"
#include "core/etcd/group.h"
#include "core/etcd/ids.h"

namespace etcd {

namespace {

// Of the voters that are left without `except`, how many there are and how many have published themselves.
struct Voters {
  std::size_t count = 0;
  std::size_t started = 0;
  std::size_t healthy = 0;
};

std::size_t quorum_of(std::size_t voters) { return voters / 2 + 1; }

const MemberFacts& facts_of(const GroupFacts& facts, base::MemberId member) {
  static const MemberFacts kNothing;
  const auto found = facts.members.find(member);
  return found == facts.members.end() ? kNothing : found->second;
}

Voters voters_of(const GroupFacts& facts, base::MemberId except = base::MemberId::none) {
  Voters voters;
  for (const base::MemberId voter : facts.configuration.voters()) {
    if (voter == except) continue;
    const MemberFacts& member = facts_of(facts, voter);
    ++voters.count;
    voters.started += member.is_started ? 1 : 0;
    voters.healthy += member.is_healthy ? 1 : 0;
  }
  return voters;
}

std::vector<std::string> context_urls(const raft::Member& member) {
  const base::Result<membershippb::Member> context = context_of(member);
  if (!context) return {};
  return {context->raft_attributes().peer_urls().begin(), context->raft_attributes().peer_urls().end()};
}

bool is_url_taken(const MemberChange& change, const raft::Configuration& configuration) {
  for (const raft::Member& member : configuration.members) {
    if (member.id == change.id) continue;
    for (const std::string& url : context_urls(member)) {
      if (std::find(change.peer_urls.begin(), change.peer_urls.end(), url) != change.peer_urls.end()) return true;
    }
  }
  return false;
}

// --- what could cost the cluster its quorum -----------------------------------------------------------

std::optional<ErrorId> risk_of_add(const MemberChange& change, const GroupFacts& facts) {
  const Voters voters = voters_of(facts);
  const bool is_first_other = voters.count == 1 && voters.started == 1;  // to restore a cluster from one member
  if (!change.is_learner && !is_first_other && voters.started < quorum_of(voters.count + 1)) return ErrorId::member_not_enough_started;
  if (voters.count > 1 && voters.healthy < quorum_of(voters.count + 1)) return ErrorId::unhealthy;
  return std::nullopt;
}

std::optional<ErrorId> risk_of_remove(const MemberChange& change, const GroupFacts& facts) {
  const raft::Member* const member = facts.configuration.find(change.id);
  if (member != nullptr && member->is_learner) return std::nullopt;
  const Voters others = voters_of(facts, change.id);
  if (others.started < quorum_of(others.count)) return ErrorId::member_not_enough_started;
  // Who is down is not of the quorum that is at work.
  if (change.id != facts.self && !facts_of(facts, change.id).is_connected) return std::nullopt;
  const Voters all = voters_of(facts);
  if (all.healthy < 1 + quorum_of(all.count - 1)) return ErrorId::unhealthy;
  return std::nullopt;
}

std::optional<ErrorId> unreadiness(const MemberChange& change, const GroupFacts& facts) {
  const std::optional<base::LogIndex> matched = facts_of(facts, change.id).matched;
  if (!matched) return ErrorId::member_not_found;
  const std::optional<base::LogIndex> own = facts_of(facts, facts.self).matched;
  if (!own || matched->value() * 10 < own->value() * 9) return ErrorId::learner_not_ready;
  if (!facts.is_strict) return std::nullopt;
  const Voters voters = voters_of(facts);
  if (voters.started + 1 < quorum_of(voters.count + 1)) return ErrorId::member_not_enough_started;
  return std::nullopt;
}

}  // namespace

// --- as bytes ----------------------------------------------------------------------------------------

std::string encode_change(const MemberChange& change) {
  etcdserverpb::Member member;
  member.set_id(change.id.value());
  for (const std::string& url : change.peer_urls) member.add_peerurls(url);
  member.set_islearner(change.is_learner);
  return std::string(1, static_cast<char>(change.kind)) + member.SerializeAsString();
}

std::optional<MemberChange> decode_change(std::string_view bytes) {
  if (bytes.empty()) return std::nullopt;
  const auto kind = static_cast<ChangeKind>(bytes.front());
  if (kind < ChangeKind::add || kind > ChangeKind::promote) return std::nullopt;
  etcdserverpb::Member member;
  if (!member.ParseFromArray(bytes.data() + 1, static_cast<int>(bytes.size() - 1))) return std::nullopt;
  return MemberChange{kind, base::MemberId(member.id()), {member.peerurls().begin(), member.peerurls().end()}, member.islearner()};
}

// --- the checks --------------------------------------------------------------------------------------

// A URL that this version does not speak, such as https, is refused as well: nobody would ever reach that member.
std::optional<ErrorId> validate(const MemberChange& change) {
  if (change.kind != ChangeKind::add) return std::nullopt;
  const bool is_good = !change.peer_urls.empty() && std::all_of(change.peer_urls.begin(), change.peer_urls.end(), [](const std::string& url) {
    return peer_address(url).has_value();
  });
  return is_good ? std::nullopt : std::optional(ErrorId::member_bad_urls);
}

base::MemberId added_member_id(const std::vector<std::string>& peer_urls, base::WallTime at) {
  constexpr std::int64_t kNanoseconds = 1'000'000'000;
  return member_id(peer_urls, std::to_string(at.nanoseconds / kNanoseconds));
}

std::optional<ErrorId> risk(const MemberChange& change, const GroupFacts& facts) {
  if (!facts.is_strict) return std::nullopt;
  switch (change.kind) {
    case ChangeKind::add: return risk_of_add(change, facts);
    case ChangeKind::remove: return risk_of_remove(change, facts);
    case ChangeKind::update:
    case ChangeKind::promote: return std::nullopt;  // of a promotion only the leader knows
  }
  ASSERT(false && "a change outside the enumeration");
  return std::nullopt;
}

std::optional<ErrorId> objection(const MemberChange& change, const GroupFacts& facts) {
  const raft::Configuration& configuration = facts.configuration;
  ASSERT(!configuration.is_joint());
  const raft::Member* const member = configuration.find(change.id);
  switch (change.kind) {
    case ChangeKind::add: {
      if (const auto why = risk(change, facts)) return why;
      if (member != nullptr) return ErrorId::member_exist;
      if (is_url_taken(change, configuration)) return ErrorId::peer_url_exist;
      const std::uint64_t learners = configuration.members.size() - configuration.voter_count();
      if (change.is_learner && learners >= facts.learners_max) return ErrorId::too_many_learners;
      return std::nullopt;
    }
    case ChangeKind::remove: {
      if (const auto why = risk(change, facts)) return why;
      if (member == nullptr) return ErrorId::member_not_found;
      // Strict or not: nobody would be left to decide anything.
      if (configuration.voters() == std::vector<base::MemberId>{change.id}) return ErrorId::member_not_enough_started;
      return std::nullopt;
    }
    case ChangeKind::update:
      if (member == nullptr) return ErrorId::member_not_found;
      if (is_url_taken(change, configuration)) return ErrorId::peer_url_exist;
      return std::nullopt;
    case ChangeKind::promote:
      if (const auto unready = unreadiness(change, facts)) return unready;
      if (member == nullptr) return ErrorId::member_not_found;
      if (!member->is_learner) return ErrorId::member_not_learner;
      return std::nullopt;
  }
  ASSERT(false && "a change outside the enumeration");
  return std::nullopt;
}

raft::Configuration target_of(const MemberChange& change, const raft::Configuration& configuration) {
  ASSERT(!configuration.is_joint());
  raft::Configuration target = configuration;
  const auto at = std::lower_bound(target.members.begin(), target.members.end(), change.id,
                                   [](const raft::Member& member, base::MemberId than) { return member.id < than; });
  const bool is_there = at != target.members.end() && at->id == change.id;
  ASSERT(is_there == (change.kind != ChangeKind::add));
  switch (change.kind) {
    case ChangeKind::add: target.members.insert(at, configuration_member(change.id, change.peer_urls, change.is_learner)); break;
    case ChangeKind::remove: target.members.erase(at); break;
    case ChangeKind::update: *at = configuration_member(change.id, change.peer_urls, at->is_learner); break;
    case ChangeKind::promote: *at = configuration_member(change.id, context_urls(*at), false); break;
  }
  return target;
}

bool is_done(const MemberChange& change, const raft::Configuration& configuration) {
  const raft::Member* const member = configuration.find(change.id);
  switch (change.kind) {
    case ChangeKind::add: return member != nullptr;
    case ChangeKind::remove: return member == nullptr;
    case ChangeKind::update: return member != nullptr && context_urls(*member) == change.peer_urls;
    case ChangeKind::promote: return member != nullptr && !member->is_learner;
  }
  ASSERT(false && "a change outside the enumeration");
  return false;
}

}  // namespace etcd

#include "core/etcd/join.h"

#include <algorithm>
#include <utility>

#include "core/base/mark.h"
#include "core/etcd/group.h"
#include "core/etcd/peer_service.h"

namespace etcd {

namespace {

constexpr base::Duration kJoinTimeout = std::chrono::seconds(10);  // etcd cluster_util.go
constexpr base::Duration kObjectionTimeout = std::chrono::seconds(1);  // as BootstrapCheck

std::vector<std::string> sorted(std::vector<std::string> urls) {
  std::sort(urls.begin(), urls.end());
  return urls;
}

std::vector<std::string> urls_of(const etcdserverpb::Member& member) { return sorted({member.peerurls().begin(), member.peerurls().end()}); }

std::string to_text(const std::vector<std::string>& urls) {
  std::string text = "[";
  for (const std::string& url : urls) text += (text.size() > 1 ? " " : "") + url;
  return text + "]";
}

// As etcd writes a cluster.
std::string to_text(const etcdserverpb::MemberListResponse& cluster) {
  std::string text = "{ClusterID:" + base::to_text(base::ClusterId(cluster.header().cluster_id())) + " Members:[";
  for (const etcdserverpb::Member& member : cluster.members()) {
    if (text.back() != '[') text += ' ';
    text += "&{ID:" + base::to_text(base::MemberId(member.id())) + " RaftAttributes:{PeerURLs:" + to_text(urls_of(member)) +
            " IsLearner:" + (member.islearner() ? "true" : "false") + "} Attributes:{Name:" + member.name() + "}}";
  }
  return text + "]}";
}

base::Error mismatch(const etcdserverpb::MemberListResponse& cluster, const std::string& why) {
  return {base::Code::invalid, "error validating peerURLs " + to_text(cluster) + ": " + why};
}

// The member at this one's peer URLs.
const etcdserverpb::Member* at_urls_of(const ServerConfig& config, const etcdserverpb::MemberListResponse& cluster) {
  const std::vector<std::string> urls = sorted(config.initial_advertise_peer_urls);
  const auto found = std::find_if(cluster.members().begin(), cluster.members().end(), [&](const etcdserverpb::Member& one) { return urls_of(one) == urls; });
  return found == cluster.members().end() ? nullptr : &*found;
}

// The cluster has heard of it that it runs.
bool has_run(const ServerConfig& config, const etcdserverpb::MemberListResponse& cluster) {
  const etcdserverpb::Member* const member = at_urls_of(config, cluster);
  return member != nullptr && (!member->name().empty() || member->clienturls_size() > 0);
}

}  // namespace

base::Result<Joined> join(const ServerConfig& config, const etcdserverpb::MemberListResponse& cluster) {
  if (cluster.members_size() != static_cast<int>(config.initial_cluster.size())) {
    return base::fail(mismatch(cluster, "member count is unequal"));
  }
  Joined joined;
  joined.identity.cluster = base::ClusterId(cluster.header().cluster_id());
  std::uint64_t learners = 0;
  for (const etcdserverpb::Member& member : cluster.members()) {
    const base::MemberId id(member.id());
    const std::vector<std::string> urls = urls_of(member);
    const auto named = std::find_if(config.initial_cluster.begin(), config.initial_cluster.end(),
                                    [&](const InitialMember& one) { return sorted(one.peer_urls) == urls; });
    if (named == config.initial_cluster.end()) {
      return base::fail(mismatch(cluster, "PeerURLs: no match found for existing member (" + base::to_text(id) + ", " + to_text(urls) +
                                              "), last resolver error (<nil>)"));
    }
    learners += member.islearner() ? 1 : 0;
    joined.configuration.members.push_back(configuration_member(id, {member.peerurls().begin(), member.peerurls().end()}, member.islearner()));
    if (named->name == config.name) joined.identity.member = id;
  }
  if (has_run(config, cluster)) {
    return base::fail(base::Code::invalid, "member " + base::to_text(joined.identity.member) +
                                               " has already been bootstrapped: its data directory is empty, but the cluster knows it. Give it its old "
                                               "data directory, or remove it from the cluster and add it as a new member.");
  }
  if (learners > config.max_learners) return base::fail(base::Code::invalid, std::string(wire_error(ErrorId::too_many_learners).text));
  auto& members = joined.configuration.members;
  std::sort(members.begin(), members.end(), [](const raft::Member& a, const raft::Member& b) { return a.id < b.id; });
  const bool has_twins = std::adjacent_find(members.begin(), members.end(), [](const raft::Member& a, const raft::Member& b) {
                           return a.id == b.id;
                         }) != members.end();
  if (has_twins || joined.identity.member == base::MemberId::none || joined.configuration.voter_count() == 0) return base::fail(mismatch(cluster, "the list makes no sense"));
  return joined;
}

base::Result<Joined> join(const ServerConfig& config, const std::vector<etcdserverpb::MemberListResponse>& lists,
                          const std::set<base::MemberId>& removed) {
  std::optional<base::Result<Joined>> best;
  for (const etcdserverpb::MemberListResponse& list : lists) {
    const etcdserverpb::Member* const self = at_urls_of(config, list);
    base::Result<Joined> joined = join(config, list);
    if (self != nullptr && removed.count(base::MemberId(self->id())) > 0) {
      joined = base::fail(mismatch(list, "it lists a member at this one's URLs that was removed"));
    } else if (!joined && has_run(config, list)) {
      return joined;
    }
    if (!best || (joined && !*best)) best = std::move(joined);
  }
  if (best) return std::move(*best);
  return base::fail(base::Code::unavailable,
                    "cannot fetch cluster info from peer urls: could not retrieve cluster information from the given URLs");
}

JoinQuestion::JoinQuestion(const io::World& world, const ServerConfig& config, JoinListener& listener)
    : world_(world), config_(config), listener_(listener) {}

void JoinQuestion::start() { ask_next(); }

void JoinQuestion::ask_next() {
  std::vector<io::Address> addresses;
  while (next_ < config_.initial_cluster.size() && addresses.empty()) {
    const InitialMember& one = config_.initial_cluster[next_++];
    if (one.name == config_.name) continue;
    for (const std::string& url : one.peer_urls) {
      if (base::Result<io::Address> address = peer_address(url)) addresses.push_back(std::move(*address));
    }
  }
  if (addresses.empty()) return end();
  PeerQuestionListener& answers = *this;
  question_ = std::make_unique<PeerQuestion>(world_, std::move(addresses), answers);
  asks_removed_ = false;
  const bool has_joined = std::any_of(lists_.begin(), lists_.end(), [this](const auto& list) { return join(config_, list).has_value(); });
  question_->ask(kPeerMembersPath, has_joined ? kObjectionTimeout : kJoinTimeout);
}

void JoinQuestion::on_peer_answer(PeerQuestion& /*question*/, std::optional<std::string> answer) {
  etcdserverpb::MemberListResponse list;
  const bool is_answer = answer && list.ParseFromString(*answer);
  if (asks_removed_) {
    for (const etcdserverpb::Member& member : list.members()) removed_.insert(base::MemberId(member.id()));
    return ask_next();
  }
  if (!is_answer) return ask_next();
  lists_.push_back(std::move(list));
  asks_removed_ = true;
  question_->ask(kPeerRemovedPath, kObjectionTimeout);
}

void JoinQuestion::end() {
  base::Result<Joined> joined = join(config_, lists_, removed_);
  if (!joined && !lists_.empty()) world_.observer.reached(base::Mark::join_list_refused);
  listener_.on_joined(std::move(joined));
}

}  // namespace etcd

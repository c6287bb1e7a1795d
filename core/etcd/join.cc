#include "core/etcd/join.h"

#include <algorithm>
#include <utility>

#include "core/etcd/group.h"
#include "core/etcd/peer_service.h"

namespace etcd {

namespace {

constexpr base::Duration kAnswerTimeout = std::chrono::seconds(10);  // etcd cluster_util.go
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

}  // namespace

bool has_run(const ServerConfig& config, const etcdserverpb::MemberListResponse& cluster) {
  for (const etcdserverpb::Member& member : cluster.members()) {
    const bool is_this = urls_of(member) == sorted(config.initial_advertise_peer_urls);
    if (is_this && (!member.name().empty() || member.clienturls_size() > 0)) return true;
  }
  return false;
}

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
  question_->ask(kPeerMembersPath, joined_ && *joined_ ? kObjectionTimeout : kAnswerTimeout);
}

// One that lags may not know yet that this member was added, or has run. Whoever knows more has the last word.
void JoinQuestion::on_peer_answer(PeerQuestion& /*question*/, std::optional<std::string> answer) {
  etcdserverpb::MemberListResponse cluster;
  if (!answer || !cluster.ParseFromString(*answer)) return ask_next();
  base::Result<Joined> joined = join(config_, cluster);
  const bool is_last_word = !joined && has_run(config_, cluster);
  const bool is_better = !joined_ || (joined && !*joined_);
  if (is_last_word || is_better) joined_ = std::move(joined);
  if (is_last_word) return end();
  ask_next();
}

void JoinQuestion::end() {
  if (joined_) return listener_.on_joined(std::move(*joined_));
  listener_.on_joined(base::fail(
      base::Code::unavailable, "cannot fetch cluster info from peer urls: could not retrieve cluster information from the given URLs"));
}

}  // namespace etcd

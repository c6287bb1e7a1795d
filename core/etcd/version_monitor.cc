#include "core/etcd/version_monitor.h"

#include <algorithm>
#include <utility>

#include "core/api/membership.pb.h"
#include "core/base/assert.h"
#include "core/etcd/command.h"
#include "core/etcd/peer_service.h"

namespace etcd {

namespace {
constexpr base::Duration kInterval = std::chrono::seconds(4);
constexpr base::Duration kVersionTimeout = std::chrono::seconds(2);
}  // namespace

VersionMonitor::VersionMonitor(const io::World& world, replica::Replica& replica, const StateMachine& machine)
    : world_(world), replica_(replica), machine_(machine) {}

VersionMonitor::~VersionMonitor() { pause(); }

void VersionMonitor::on_leader(bool is_self) {
  if (is_stopped_ || is_self == is_leading_) return;
  is_leading_ = is_self;
  pause();
  if (is_leading_) world_.clock.arm(*this, world_.clock.now());
}

void VersionMonitor::set_others(const PeerAddresses& others) {
  if (others == others_) return;
  pause();
  others_ = others;
  questions_.clear();
  PeerQuestionListener& listener = *this;
  for (const auto& other : others_) {
    if (!other.second.empty()) questions_.push_back(std::make_unique<PeerQuestion>(world_, other.second, listener));
  }
  if (is_leading_) world_.clock.arm(*this, world_.clock.now());
}

void VersionMonitor::stop() {
  is_stopped_ = true;
  is_leading_ = false;
  pause();
}

void VersionMonitor::pause() {
  world_.clock.disarm(*this);
  for (const std::unique_ptr<PeerQuestion>& question : questions_) question->stop();
  if (std::exchange(is_proposed_, false)) replica_.abandon(*this);
}

void VersionMonitor::on_timer() {
  if (machine_.members().cluster_version() == kClusterVersion) return;
  lowest_ = *parse_version(kEtcdVersion);
  is_somebody_silent_ = questions_.size() < others_.size();
  open_count_ = questions_.size();
  for (const std::unique_ptr<PeerQuestion>& question : questions_) question->ask(kPeerVersionPath, kVersionTimeout);
  if (open_count_ == 0) decide();
}

void VersionMonitor::on_peer_answer(PeerQuestion& /*question*/, std::optional<std::string> answer) {
  ASSERT(open_count_ > 0);
  const std::optional<Version> version = answer ? parse_version(*answer) : std::nullopt;
  if (version) lowest_ = std::min(lowest_, *version);
  else is_somebody_silent_ = true;
  if (--open_count_ == 0) decide();
}

void VersionMonitor::decide() {
  world_.clock.arm(*this, world_.clock.now() + kInterval);
  const std::optional<Version> current = parse_version(machine_.members().cluster_version());
  const std::string next = is_somebody_silent_ ? std::string(kFirstClusterVersion) : to_cluster_version(lowest_);
  if (current && *parse_version(next) <= *current) return;
  if (std::exchange(is_proposed_, false)) replica_.abandon(*this);  // it was lost
  membershippb::ClusterVersionSetRequest request;
  request.set_ver(next);
  is_proposed_ = replica_.propose(encode_command(CommandKind::set_cluster_version, request), {}, 0, *this).has_value();
}

void VersionMonitor::on_applied(std::string /*response*/) {
  is_proposed_ = false;
  world_.observer.log(io::Level::info, "set cluster version", {{"cluster-version", std::string_view(machine_.members().cluster_version())}});
}

void VersionMonitor::on_refused(const base::Error& /*error*/) { is_proposed_ = false; }

}  // namespace etcd

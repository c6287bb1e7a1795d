#include "core/etcd/publisher.h"

#include "core/api/membership.pb.h"
#include "core/base/assert.h"
#include "core/etcd/command.h"

namespace etcd {

Publisher::Publisher(const io::World& world, const ServerConfig& config, replica::Replica& replica, PublisherListener& listener)
    : world_(world), config_(config), replica_(replica), listener_(listener) {}

Publisher::~Publisher() { world_.clock.disarm(*this); }

void Publisher::start() {
  ASSERT(stage_ == Stage::idle);
  membershippb::Member member;
  member.set_id(replica_.identity().member.value());
  for (const std::string& url : config_.initial_advertise_peer_urls) member.mutable_raft_attributes()->add_peer_urls(url);
  member.mutable_member_attributes()->set_name(config_.name);
  for (const std::string& url : config_.advertise_client_urls) member.mutable_member_attributes()->add_client_urls(url);
  command_ = encode_command(CommandKind::publish_member, member);
  propose();
}

void Publisher::stop() {
  if (stage_ == Stage::proposed) replica_.abandon(*this);
  stage_ = Stage::idle;
  world_.clock.disarm(*this);
}

void Publisher::propose() {
  stage_ = replica_.propose(command_, {}, 0, *this) ? Stage::proposed : Stage::waiting;
  world_.clock.arm(*this, world_.clock.now() + config_.request_timeout());
}

void Publisher::on_timer() {
  ASSERT(stage_ != Stage::idle);
  if (stage_ == Stage::proposed) replica_.abandon(*this);
  propose();
}

void Publisher::on_applied(std::string /*response*/) {
  ASSERT(stage_ == Stage::proposed);
  stage_ = Stage::idle;
  world_.clock.disarm(*this);
  listener_.on_published();
}

// The timer is still armed, and tries again.
void Publisher::on_refused(const base::Error& /*error*/) { stage_ = Stage::waiting; }

}  // namespace etcd

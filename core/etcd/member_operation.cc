#include "core/etcd/member_operation.h"

#include <utility>

#include "core/base/assert.h"
#include "core/etcd/group.h"
#include "core/etcd/member_list.h"
#include "core/etcd/parse.h"
#include "core/etcd/peer_service.h"
#include "core/etcd/sealed.h"

namespace etcd {

namespace {
constexpr base::Duration kLookInterval = std::chrono::milliseconds(50);  // for a leader
}

void MemberOperation::start(rpc::UnaryCall& call, MemberChange what, AskedBy asked_by) {
  ASSERT(call_ == nullptr);
  call_ = &call;
  change = std::move(what);
  asked_by_ = asked_by;
  if (const std::optional<ErrorId> refused = validate(change)) return fail(to_status(*refused));
  call.on_cancel(*this);
  context_.timeouts.begin(*this);
  look_for_leader();
}

void MemberOperation::look_for_leader() {
  if (context_.is_stopped) return fail(to_status(ErrorId::stopped));
  const base::MemberId leader = context_.leadership.leader();
  const base::MemberId self = context_.replica.identity().member;
  if (leader == self) return context_.membership.submit(*this);
  if (asked_by_ == AskedBy::member) return fail(to_status(ErrorId::not_leader));
  if (leader == base::MemberId::none) {
    // As in etcd, where each member looks at these for itself: a group that has lost its quorum says why, at once.
    if (const std::optional<ErrorId> why = risk(change, context_.membership.facts())) return fail(to_status(*why));
    return look_again();
  }
  const PeerAddresses peers = peers_of(context_.replica.configuration(), self);
  const auto found = peers.find(leader);
  if (found == peers.end()) return look_again();
  // This member's own limit comes first, and has the better words.
  question_.ask(kPeerChangeMemberPath, seal(encode_change(change), kPeerChangeMemberPath), found->second, expires_at + kLookInterval);
}

void MemberOperation::look_again() {
  is_looking_ = true;
  world_.clock.arm(*this, world_.clock.now() + kLookInterval);
}

void MemberOperation::on_timer() {
  is_looking_ = false;
  look_for_leader();
}

// --- what comes of it --------------------------------------------------------------------------------

void MemberOperation::on_changed() {
  etcdserverpb::MemberAddResponse answer;
  *answer.mutable_members() = members_of(context_.machine, context_.replica.settled_configuration());
  if (change.kind == ChangeKind::add) {
    etcdserverpb::Member& member = *answer.mutable_member();
    member.set_id(change.id.value());
    for (const std::string& url : change.peer_urls) member.add_peerurls(url);
    member.set_islearner(change.is_learner);
  }
  respond(answer);
}

void MemberOperation::on_change_refused(ErrorId why) {
  if (why == ErrorId::not_leader && asked_by_ == AskedBy::client) return look_again();
  fail(to_status(why));
}

void MemberOperation::on_leader_answer(const rpc::Status& status, std::string answer) {
  etcdserverpb::MemberAddResponse response;
  const std::optional<std::string_view> bytes = unseal(answer, kPeerChangeMemberPath);
  if (status.code == rpc::StatusCode::ok && bytes && parse(response, *bytes)) return respond(response);
  if (status == to_status(ErrorId::not_leader)) return look_again();
  // Transport errors have no words of etcd's: it was asked, and nobody knows what came of it.
  const bool is_etcds = status.message.starts_with("etcdserver: ");
  fail(is_etcds ? status : to_status(ErrorId::timeout_due_to_connection_lost));
}

void MemberOperation::on_leader_not_reached() { look_again(); }

void MemberOperation::on_expired() {
  // A promotion is not proposed but where somebody leads, and says so (etcd server.go, PromoteMember).
  if (change.kind == ChangeKind::promote && is_looking_) return fail(to_status(ErrorId::no_leader));
  const base::Instant began{expires_at.since_start() - context_.config.request_timeout()};
  const bool is_led = context_.leadership.leader() != base::MemberId::none;
  fail(to_status(is_led || context_.leadership.may_have_lost(began, context_.config.election_timeout)
                     ? write_timeout(context_, began)
                     : ErrorId::context_deadline_exceeded));
}

void MemberOperation::on_cancelled() { finish(); }

// The header is that of the member that was asked, the list that of the one that decided.
void MemberOperation::respond(const etcdserverpb::MemberAddResponse& answer) {
  etcdserverpb::MemberAddResponse response = answer;
  fill_header(context_.machine, *response.mutable_header());
  // The other three have the list where MemberAdd has the member.
  etcdserverpb::MemberRemoveResponse list;
  *list.mutable_header() = response.header();
  *list.mutable_members() = response.members();
  const bool has_member = asked_by_ == AskedBy::member || change.kind == ChangeKind::add;
  const std::string bytes = has_member ? response.SerializeAsString() : list.SerializeAsString();
  const AskedBy asked_by = asked_by_;
  finish().respond(asked_by == AskedBy::member ? seal(bytes, kPeerChangeMemberPath) : bytes);
}

void MemberOperation::fail(const rpc::Status& status) { finish().fail(status); }

rpc::UnaryCall& MemberOperation::finish() {
  MembershipWait::unlink();
  Expiring::unlink();
  question_.stop();
  world_.clock.disarm(*this);
  is_looking_ = false;
  pool_.give_back(*this);
  return *std::exchange(call_, nullptr);
}

}  // namespace etcd

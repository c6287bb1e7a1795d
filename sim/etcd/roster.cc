#include "sim/etcd/roster.h"

#include <string>
#include <utility>

#include "core/base/assert.h"
#include "sim/etcd/addresses.h"

namespace sim::etcd {

namespace {

// As the documentation says: everybody whom the cluster lists, the new member among them.
std::vector<::etcd::InitialMember> initial_cluster(const etcdserverpb::MemberListResponse& list, std::uint32_t machines) {
  std::vector<::etcd::InitialMember> all;
  for (const etcdserverpb::Member& member : list.members()) {
    const std::optional<std::uint32_t> machine = machine_of(member, machines);
    ASSERT(machine.has_value());  // nobody adds any other
    all.push_back({member_name(*machine), {member.peerurls().begin(), member.peerurls().end()}});
  }
  return all;
}

}  // namespace

std::optional<std::uint32_t> machine_of(const etcdserverpb::Member& member, std::uint32_t machines) {
  for (std::uint32_t machine = 0; machine < machines; ++machine) {
    if (member.peerurls_size() == 1 && member.peerurls(0) == peer_url(machine)) return machine;
  }
  return std::nullopt;
}

Roster::Roster(std::uint32_t founders, std::uint32_t machines) : machines_(machines) {
  for (std::uint32_t machine = 0; machine < founders; ++machine) machines_[machine].awaits_id = true;
}

void Roster::note(const etcdserverpb::MemberListResponse& list, ListKind kind, base::Instant asked_at, base::Instant now) {
  for (std::uint32_t number = 0; number < machines(); ++number) {
    const Machine& machine = machines_[number];
    if (machine.started_at && *machine.started_at >= asked_at) continue;
    const etcdserverpb::Member* listed = nullptr;
    for (const etcdserverpb::Member& member : list.members()) {
      if (machine_of(member, machines()) == number) listed = &member;
    }
    note(number, listed, list, kind, now);
  }
}

void Roster::note(std::uint32_t number, const etcdserverpb::Member* listed, const etcdserverpb::MemberListResponse& list, ListKind kind,
                  base::Instant now) {
  Machine& machine = machines_[number];
  const bool is_certain = kind == ListKind::linearizable;
  if (listed == nullptr) {
    if (is_certain && machine.member != base::MemberId::none) machine.is_gone = true;
    return;
  }
  const base::MemberId member(listed->id());
  // Whoever removes a member has listed it before, so this is the one that was started there. If it was given up meanwhile, and has ended, it
  // had not joined.
  if (machine.awaits_id && !owner_->is_idle(number)) {
    if (!is_certain) return refresh(machine, list);
    machine.awaits_id = false;
    machine.is_gone = false;
    machine.member = member;
    started_.insert(member);
  }
  const bool is_to_begin_anew = machine.has_ended && is_certain && owner_->is_idle(number);
  if (machine.member == member && !is_to_begin_anew) return refresh(machine, list);
  // What was started for somebody who was removed before joining joins as whoever is added there next. A name says that this has
  // happened; before that nobody can tell, and its promises may not be wiped.
  const bool may_be_this_one = machine.group && !owner_->is_idle(number) && (!machine.has_served || !listed->name().empty());
  if (is_certain && may_be_this_one && started_.count(member) == 0) {
    machine.member = member;
    machine.is_gone = false;
    started_.insert(member);
    return refresh(machine, list);
  }
  // An old list may name somebody who was removed long ago: nothing that runs is wiped for that one.
  const bool was_started = started_.count(member) > 0 && !(machine.member == member && is_to_begin_anew);
  if (was_started || (!is_certain && !owner_->is_idle(number))) return;
  started_.insert(member);
  Machine started;
  started.member = member;
  started.group = initial_cluster(list, machines());
  start(number, std::move(started), now);
}

// Also by an old list: a group that waits for this one shows no other.
void Roster::refresh(Machine& machine, const etcdserverpb::MemberListResponse& list) {
  if (machine.group && !machine.has_served) machine.group = initial_cluster(list, machines());
}

void Roster::start_unlisted(std::uint32_t number, const etcdserverpb::MemberListResponse& last, base::Instant now) {
  if (!owner_->is_idle(number) || machines_[number].started_at == now) return;
  Machine started;
  started.awaits_id = true;
  started.group = initial_cluster(last, machines());
  started.group->push_back({member_name(number), {peer_url(number)}});
  start(number, std::move(started), now);
}

void Roster::give_up(std::uint32_t number) {
  if (machines_[number].awaits_id && machines_[number].group) machines_[number].is_gone = true;
}

void Roster::start(std::uint32_t number, Machine machine, base::Instant now) {
  machines_[number] = std::move(machine);
  machines_[number].started_at = now;
  ++starts_;
  owner_->start_anew(number);
}

}  // namespace sim::etcd

#include "sim/etcd/roster.h"

#include <algorithm>
#include <string>
#include <utility>

#include "core/base/assert.h"
#include "core/etcd/group.h"
#include "sim/etcd/addresses.h"

namespace sim::etcd {

namespace {

base::Result<io::Address> address_of(const etcdserverpb::Member& member) {
  if (member.peerurls_size() != 1) return base::fail(base::Code::invalid, "nobody here has several");
  return ::etcd::peer_address(member.peerurls(0));
}

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
  const base::Result<io::Address> address = address_of(member);
  if (!address || address->port < kPeerPort || address->port >= kPeerPort + kPlaces) return std::nullopt;
  for (std::uint32_t machine = 0; machine < machines; ++machine) {
    if (address->host == member_name(machine)) return machine;
  }
  return std::nullopt;
}

std::uint32_t place_of(const etcdserverpb::Member& member) {
  const base::Result<io::Address> address = address_of(member);
  ASSERT(address.has_value());
  ASSERT(address->port >= kPeerPort);
  return static_cast<std::uint32_t>(address->port - kPeerPort);
}

Roster::Roster(std::uint32_t founders, std::uint32_t machines) : machines_(machines) {
  for (std::uint32_t machine = 0; machine < founders; ++machine) machines_[machine].awaits_id = true;
}

void Roster::note(const etcdserverpb::MemberListResponse& list, ListKind kind, std::uint64_t asked_at) {
  for (std::uint32_t number = 0; number < machines(); ++number) {
    const Machine& machine = machines_[number];
    if (machine.known_at > asked_at) continue;
    const etcdserverpb::Member* listed = nullptr;
    for (const etcdserverpb::Member& member : list.members()) {
      if (machine_of(member, machines()) != number) continue;
      if (listed == nullptr || base::MemberId(member.id()) == machine.member) listed = &member;  // a request that came late may have listed another
    }
    note(number, listed, list, kind);
  }
}

void Roster::end_removed() {
  if (!has_left_place_) return;
  for (std::uint32_t number = 0; number < machines(); ++number) make_room(number);
}

void Roster::note(std::uint32_t number, const etcdserverpb::Member* listed, const etcdserverpb::MemberListResponse& list, ListKind kind) {
  Machine& machine = machines_[number];
  const bool is_certain = kind == ListKind::linearizable;
  if (listed == nullptr) {
    if (is_certain && machine.member != base::MemberId::none) machine.is_gone = true;
    return;
  }
  const base::MemberId member(listed->id());
  // Whoever removes a member has listed it before, so this is the one that was started there. If it was given up meanwhile, and has ended, it
  // had not joined.
  if (machine.awaits_id && !is_idle(number)) {
    if (!is_certain) return refresh(machine, list);
    machine.awaits_id = false;
    machine.is_gone = false;
    machine.member = member;
    started_.insert(member);
  }
  if (machine.member == member) {
    refresh(machine, list);
    return move(number, place_of(*listed), kind);
  }
  // An old list may name somebody who was removed long ago: nothing that runs is wiped for that one.
  if (started_.count(member) > 0 || (!is_certain && !is_idle(number))) return;
  started_.insert(member);
  Machine started;
  started.member = member;
  started.places = {place_of(*listed)};
  started.group = initial_cluster(list, machines());
  start(number, std::move(started));
}

// A group that waits for this one shows an old list only: then it answers where that says, too.
void Roster::move(std::uint32_t number, std::uint32_t place, ListKind kind) {
  Machine& machine = machines_[number];
  std::vector<std::uint32_t>& places = machine.places;
  const auto found = std::find(places.begin(), places.end(), place);
  const bool answers = found != places.end();
  if (kind == ListKind::stale) {
    if (answers) return;
    places.push_back(place);
  } else {
    if (place == places.front()) return;
    if (answers) places.erase(found);
    if (!machine.keeps_places) {
      places.clear();
      has_left_place_ = true;
    }
    places.insert(places.begin(), place);
  }
  machine.known_at = ++moment_;  // what was asked before says nothing of this
  ++moves_;
  owner_->restart(number);
}

// Also by an old list: a group that waits for this one shows no other.
void Roster::refresh(Machine& machine, const etcdserverpb::MemberListResponse& list) {
  if (machine.group && !machine.has_served) machine.group = initial_cluster(list, machines());
}

void Roster::start_unlisted(std::uint32_t number, const etcdserverpb::MemberListResponse& last) {
  if (!is_idle(number)) return;
  Machine started;
  started.awaits_id = true;
  started.group = initial_cluster(last, machines());
  started.group->push_back({member_name(number), {peer_url(number)}});
  start(number, std::move(started));
}

void Roster::make_room(std::uint32_t number) {
  if (machines_[number].is_gone && !is_idle(number)) owner_->retire(number);
}

void Roster::give_up(std::uint32_t number) {
  if (machines_[number].awaits_id && machines_[number].group) machines_[number].is_gone = true;
}

// It has joined as this member, or its log says so. Whoever it was started for, if that is another, was not started after all.
void Roster::on_identified(std::uint32_t number, base::MemberId member) {
  Machine& machine = machines_[number];
  if (machine.member != member) {
    if (!machine.is_identified) started_.erase(machine.member);
    started_.insert(member);
    machine.member = member;
    machine.is_gone = false;
    machine.known_at = ++moment_;
  }
  machine.awaits_id = false;
  machine.is_identified = true;
}

void Roster::start(std::uint32_t number, Machine machine) {
  machines_[number] = std::move(machine);
  machines_[number].known_at = ++moment_;
  machines_[number].is_starting = true;
  ++starts_;
  owner_->start_anew(number);
}

}  // namespace sim::etcd

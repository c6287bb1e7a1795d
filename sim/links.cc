#include "sim/links.h"

#include <algorithm>

#include "core/base/assert.h"

namespace sim {

namespace {

bool is_among(const std::vector<std::uint32_t>& members, std::uint32_t member) {
  return std::find(members.begin(), members.end(), member) != members.end();
}

// Whether what `from` sends to `to` is lost.
bool cuts(const Action& action, std::uint32_t from, std::uint32_t to) {
  const bool is_from = from == action.member;
  const bool is_to = to == action.member;
  const bool has_from = is_among(action.others, from);
  const bool has_to = is_among(action.others, to);
  switch (action.shape) {
    case Shape::halves: return (is_from || has_from) != (is_to || has_to);
    case Shape::outgoing: return is_from && has_to;
    case Shape::incoming: return has_from && is_to;
    case Shape::bridge: return !is_from && !is_to && has_from != has_to;
    case Shape::pairs: return (is_from && has_to) || (has_from && is_to);
  }
  ASSERT(false && "a shape outside the enumeration");
  return false;
}

}  // namespace

std::vector<std::pair<std::uint32_t, std::uint32_t>> cut_by(const Action& action, std::uint32_t members) {
  ASSERT(action.kind == ActionKind::partition);
  std::vector<std::pair<std::uint32_t, std::uint32_t>> directions;
  for (std::uint32_t from = 0; from < members; ++from) {
    for (std::uint32_t to = 0; to < members; ++to) {
      if (from != to && cuts(action, from, to)) directions.emplace_back(from, to);
    }
  }
  return directions;
}

Action aimed_at(std::uint32_t leader, const Action& action) {
  ASSERT(action.kind == ActionKind::cut_leader);
  Action aimed = action;
  aimed.kind = ActionKind::partition;
  aimed.member = leader;
  std::replace(aimed.others.begin(), aimed.others.end(), leader, action.member);
  std::sort(aimed.others.begin(), aimed.others.end());
  return aimed;
}

void Links::start() {
  sim_.network().set_all_faults(faults_.link);
  for (io::sim::Node* const from : members_) {
    for (io::sim::Node* const to : members_) {
      if (from != to) sim_.network().faults(from->host(), to->host()).corrupt_per_million = faults_.peer_corrupt_per_million;
    }
  }
}

void Links::begin(const Action& action) {
  switch (action.kind) {
    case ActionKind::cut_link: return cut_client(action);
    case ActionKind::partition: {
      const std::vector<Direction> directions = cut_by(action, static_cast<std::uint32_t>(members_.size()));
      cut(directions);
      return after(action.lasting, [this, directions] { mend(directions); });
    }
    case ActionKind::slow_links: return slow_down(action);
    case ActionKind::reset_links:
      for (const std::uint32_t other : action.others) sim_.network().reset_connections(members_[action.member]->host(), members_[other]->host());
      return;
    case ActionKind::power_loss:
    case ActionKind::process_kill:
    case ActionKind::pause:
    case ActionKind::disk_full:
    case ActionKind::disk_hang:
    case ActionKind::wall_jump:
    case ActionKind::bit_rot:
    case ActionKind::misdirected_write:
    case ActionKind::lost_disk:
    case ActionKind::clock_drift:
    case ActionKind::cut_leader: break;  // a partition by now
  }
  ASSERT(false && "an action on a member");
}

void Links::after(base::Duration time, std::function<void()> end) {
  sim_.after(time, [this, then = std::move(end)] {
    if (!is_calm_) then();
  });
}

void Links::both_ways(io::sim::Node& one, io::sim::Node& other, bool is_cut) {
  const auto change = is_cut ? &io::sim::Fabric::cut : &io::sim::Fabric::heal;
  (sim_.network().*change)(one.host(), other.host());
  (sim_.network().*change)(other.host(), one.host());
}

void Links::cut_client(const Action& action) {
  io::sim::Node& client = *clients_[action.client];
  io::sim::Node& member = *members_[action.member];
  both_ways(client, member, true);
  after(action.lasting, [this, &client, &member] { both_ways(client, member, false); });
}

void Links::cut(const std::vector<Direction>& directions) {
  for (const Direction& direction : directions) {
    if (states_[direction].cuts++ == 0) sim_.network().cut(members_[direction.first]->host(), members_[direction.second]->host());
  }
}

void Links::mend(const std::vector<Direction>& directions) {
  for (const Direction& direction : directions) {
    State& state = states_[direction];
    ASSERT(state.cuts > 0);
    if (--state.cuts == 0) sim_.network().heal(members_[direction.first]->host(), members_[direction.second]->host());
  }
}

void Links::slow_down(const Action& action) {
  std::vector<Direction> directions;
  for (const std::uint32_t other : action.others) {
    directions.emplace_back(action.member, other);
    directions.emplace_back(other, action.member);
  }
  const auto faults_of = [this](const Direction& direction) -> io::sim::LinkFaults& {
    return sim_.network().faults(members_[direction.first]->host(), members_[direction.second]->host());
  };
  for (const Direction& direction : directions) {
    ++states_[direction].slowdowns;
    io::sim::LinkFaults& faults = faults_of(direction);
    faults.latency = {action.delay, action.delay + action.delay / 4};
    faults.bytes_per_second = action.bytes_per_second;
  }
  after(action.lasting, [this, directions, faults_of] {
    for (const Direction& direction : directions) {
      if (--states_[direction].slowdowns > 0) continue;
      faults_of(direction).latency = faults_.link.latency;
      faults_of(direction).bytes_per_second = faults_.link.bytes_per_second;
    }
  });
}

void Links::heal() {
  is_calm_ = true;
  sim_.heal();
  sim_.network().set_all_faults(sim::faults_of({})->link);
}

void Links::cut_off(std::uint32_t member, bool from_clients_too) {
  ASSERT(is_calm_);
  for (io::sim::Node* const other : members_) {
    if (other != members_[member]) both_ways(*other, *members_[member], true);
  }
  if (!from_clients_too) return;
  for (io::sim::Node* const client : clients_) both_ways(*client, *members_[member], true);
}

}  // namespace sim

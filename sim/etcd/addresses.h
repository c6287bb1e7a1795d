// sim/etcd/addresses.h: where the members of a run are to be found.
#pragma once

#include <cstdint>
#include <string>

#include "io/network.h"
#include "sim/plan.h"

namespace sim::etcd {

inline constexpr std::uint16_t kClientPort = 2379;
inline constexpr std::uint16_t kPeerPort = 2380;  // of the first place; a member may move to others on its machine, port by port

inline io::Address client_address(std::uint32_t member) { return {member_name(member), kClientPort}; }
inline io::Address peer_address(std::uint32_t member, std::uint32_t place = 0) {
  return {member_name(member), static_cast<std::uint16_t>(kPeerPort + place)};
}
inline std::string client_url(std::uint32_t member) { return "http://" + member_name(member) + ":" + std::to_string(kClientPort); }
inline std::string peer_url(std::uint32_t member, std::uint32_t place = 0) {
  return "http://" + member_name(member) + ":" + std::to_string(kPeerPort + place);
}

}  // namespace sim::etcd

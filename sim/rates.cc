#include "sim/rates.h"

#include <utility>

namespace sim {

namespace {

using io::sim::DiskFaults;
using io::sim::LinkFaults;
using io::sim::NodeFaults;

struct DiskRate { std::string_view name; std::uint32_t DiskFaults::* field; std::uint32_t max; };
struct LinkRate { std::string_view name; std::uint32_t LinkFaults::* field; std::uint32_t max; };
struct NodeRate { std::string_view name; std::uint32_t NodeFaults::* field; std::uint32_t max; };

constexpr DiskRate kDiskRates[] = {
    {"disk.read_error", &DiskFaults::read_error_per_million, 5'000},
    {"disk.write_error", &DiskFaults::write_error_per_million, 500},
    {"disk.sync_error", &DiskFaults::sync_error_per_million, 10'000},
    {"disk.metadata_error", &DiskFaults::metadata_error_per_million, 10'000},
    {"disk.no_space", &DiskFaults::no_space_per_million, 3'000},
    {"disk.slow", &DiskFaults::slow_per_million, 10'000},
    {"disk.hung", &DiskFaults::hung_per_million, 200},
    {"disk.mixed_write", &DiskFaults::mixed_write_per_million, 900'000},
    {"disk.lost_sector", &DiskFaults::lost_sector_per_million, 900'000},
    {"disk.torn_sector", &DiskFaults::torn_sector_per_million, 500'000},
    {"disk.lost_name", &DiskFaults::lost_name_per_million, 900'000},
    {"disk.kept_size", &DiskFaults::kept_size_per_million, 0},  // nobody draws it: it takes a fault away
    {"disk.dropped_sector", &DiskFaults::dropped_sector_per_million, 1'000'000},
    {"disk.reverted_sync", &DiskFaults::reverted_sync_per_million, 1'000'000},
};
constexpr LinkRate kLinkRates[] = {
    {"link.reset", &LinkFaults::reset_per_million, 10'000},
    {"link.stall", &LinkFaults::stall_per_million, 20'000},
    {"link.split", &LinkFaults::split_per_million, 300'000},
};
constexpr NodeRate kNodeRates[] = {
    {"node.half_open", &NodeFaults::half_open_per_million, 500'000},
};
constexpr std::string_view kPeerCorrupt = "peer.corrupt";
constexpr std::uint32_t kPeerCorruptMax = 1'000;

}  // namespace

base::Result<Faults> faults_of(const std::map<std::string, std::uint64_t>& rates) {
  Faults faults;
  // Zero, not the defaults of a test: a plan says all there is.
  for (const DiskRate& rate : kDiskRates) faults.disk.*rate.field = 0;
  for (const LinkRate& rate : kLinkRates) faults.link.*rate.field = 0;
  for (const NodeRate& rate : kNodeRates) faults.node.*rate.field = 0;
  // A call that hangs when the faults end has come back before progress is demanded.
  faults.disk.hung = {std::chrono::seconds(1), std::chrono::seconds(6)};
  for (const auto& [name, value] : rates) {
    bool is_known = false;
    if (value > 1'000'000) return base::fail(base::Code::invalid, "the rate `" + name + "` is above a million");
    const auto per_million = static_cast<std::uint32_t>(value);
    for (const DiskRate& rate : kDiskRates) {
      if (rate.name == name) {
        faults.disk.*rate.field = per_million;
        is_known = true;
      }
    }
    for (const LinkRate& rate : kLinkRates) {
      if (rate.name == name) {
        faults.link.*rate.field = per_million;
        is_known = true;
      }
    }
    for (const NodeRate& rate : kNodeRates) {
      if (rate.name == name) {
        faults.node.*rate.field = per_million;
        is_known = true;
      }
    }
    if (name == kPeerCorrupt) {
      faults.peer_corrupt_per_million = per_million;
      is_known = true;
    }
    if (!is_known) return base::fail(base::Code::invalid, "no fault rate is called `" + name + "`");
  }
  return faults;
}

const std::vector<RateLimit>& rate_limits() {
  static const std::vector<RateLimit> limits = [] {
    std::vector<RateLimit> all;
    for (const DiskRate& rate : kDiskRates) {
      if (rate.max > 0) all.push_back({rate.name, rate.max});
    }
    for (const LinkRate& rate : kLinkRates) all.push_back({rate.name, rate.max});
    for (const NodeRate& rate : kNodeRates) all.push_back({rate.name, rate.max});
    all.push_back({kPeerCorrupt, kPeerCorruptMax});
    return all;
  }();
  return limits;
}

}  // namespace sim

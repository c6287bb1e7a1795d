// io/sim/faults.h: what may go wrong, how often, and how often it did (docs/fault-model.md).
//
// Rates are integers per million. A default value is a world without faults, in which latencies still vary
// and a power loss still takes what was not synced.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/base/time.h"

namespace io::sim {

// Uniform in [first, last), and now and then in [last, tail_last).
struct Latency {
  base::Duration first{};
  base::Duration last{};
  std::uint32_t tail_per_million = 0;
  base::Duration tail_last{};
};

// One direction of the link between two nodes.
struct LinkFaults {
  Latency latency{std::chrono::microseconds(100), std::chrono::microseconds(400), 10'000, std::chrono::milliseconds(2)};
  std::uint32_t reset_per_million = 0;    // per write: the connection is reset
  std::uint32_t stall_per_million = 0;    // per write: it and everything behind it waits
  base::Duration stall_last = std::chrono::seconds(2);
  base::Duration retry_last = std::chrono::milliseconds(200);  // after a cut is healed, until held bytes are sent again
  std::uint32_t split_per_million = 0;    // per write: it arrives in two parts
  std::uint32_t corrupt_per_million = 0;  // per write: one byte of it changes
  // 0: as fast as one likes. Otherwise the bytes of all connections leave one behind the other at this rate, and of each
  // connection no more are under way than take a tenth of a second. Requires: at most 10^12.
  std::uint64_t bytes_per_second = 0;
};

// The disk of one node.
struct DiskFaults {
  Latency write{std::chrono::microseconds(5), std::chrono::microseconds(30)};
  Latency sync{std::chrono::microseconds(100), std::chrono::microseconds(600), 5'000, std::chrono::milliseconds(20)};
  Latency read{std::chrono::microseconds(1), std::chrono::microseconds(5), 20'000, std::chrono::microseconds(200)};
  Latency metadata{std::chrono::microseconds(5), std::chrono::microseconds(50)};

  // Per call.
  std::uint32_t read_error_per_million = 0;
  std::uint32_t write_error_per_million = 0;
  std::uint32_t sync_error_per_million = 0;      // files and directories
  std::uint32_t metadata_error_per_million = 0;  // open, create, rename, remove, list
  std::uint32_t no_space_per_million = 0;        // what needs new space: growth, create, rename
  std::uint32_t misdirected_per_million = 0;     // per write: the disk gets it at another place of the file
  std::uint32_t slow_per_million = 0;
  Latency slow{std::chrono::milliseconds(10), std::chrono::seconds(1)};
  std::uint32_t hung_per_million = 0;
  Latency hung{std::chrono::seconds(5), std::chrono::seconds(60)};

  // Switches that hold until they are changed.
  bool is_full = false;  // everything that needs new space fails

  // At a power loss, of what was not synced. The first number decides whether a write survives sector by
  // sector; otherwise it survives or is lost whole, by the rate of a sector.
  std::uint32_t mixed_write_per_million = 400'000;
  std::uint32_t lost_sector_per_million = 500'000;
  std::uint32_t torn_sector_per_million = 100'000;  // of the sectors that are not lost in a mixed write
  std::uint32_t lost_name_per_million = 500'000;    // a create, rename or remove
  std::uint32_t kept_size_per_million = 0;          // per file: all changes of its size; otherwise those up to a drawn one

  // At a failed sync: a sector that did not reach the disk, and never will unless it is written again.
  std::uint32_t dropped_sector_per_million = 700'000;
  // Likewise, per failed sync: reads see of those sectors what the disk has, and not what was written.
  std::uint32_t reverted_sync_per_million = 0;
};

// Of a whole machine.
struct NodeFaults {
  std::uint32_t half_open_per_million = 0;  // at a power loss, per stream: its peer is not told
  base::Duration turn_cost = std::chrono::microseconds(1);  // what every turn takes at least
  base::Duration job_cost = std::chrono::microseconds(5);   // what every job takes besides its disk calls
};

// One kind each. Counted only when it changed a byte, a result or a completion that the code then met.
enum class FaultKind : std::uint8_t {
  network_reset,       // a stream was closed under its user
  network_half_open,   // its peer died and nobody said so
  network_stall,       // bytes were read later than the link alone explains
  network_partition,   // bytes or a connection request met a cut link
  network_split,       // a write was read in parts
  network_corrupt,     // a changed byte was read
  network_slow,        // bytes were read later because the link is narrow
  connect_refused,     // nobody listened
  disk_lost_sector,    // gone or old at the next start
  disk_torn_sector,
  disk_lost_size,      // a file is shorter or longer at the next start than it was
  disk_lost_name,
  disk_dropped_page,   // a failed sync left the disk without it, and reads had it
  disk_reverted_page,  // likewise, and reads no longer have it
  disk_misdirected,    // a write that became durable elsewhere
  disk_read_error,
  disk_write_error,
  disk_sync_error,
  disk_metadata_error,
  disk_no_space,
  disk_bit_rot,        // counted when the bit changed: whether somebody reads it is seen only by what follows
  disk_slow,
  disk_hung,
  process_kill,
  power_loss,
  pause,
  clock_drift,
  clock_jump,
};
inline constexpr std::size_t kFaultKindCount = static_cast<std::size_t>(FaultKind::clock_jump) + 1;
std::string_view to_text(FaultKind kind);

class FaultCounters {
 public:
  void count(FaultKind kind, std::uint64_t times = 1) { counts_[static_cast<std::size_t>(kind)] += times; }
  std::uint64_t operator[](FaultKind kind) const { return counts_[static_cast<std::size_t>(kind)]; }

 private:
  std::array<std::uint64_t, kFaultKindCount> counts_{};
};

}  // namespace io::sim

#include "io/sim/faults.h"

namespace io::sim {

std::string_view to_text(FaultKind kind) {
  switch (kind) {
    case FaultKind::network_reset: return "network_reset";
    case FaultKind::network_half_open: return "network_half_open";
    case FaultKind::network_stall: return "network_stall";
    case FaultKind::network_partition: return "network_partition";
    case FaultKind::network_split: return "network_split";
    case FaultKind::network_corrupt: return "network_corrupt";
    case FaultKind::network_slow: return "network_slow";
    case FaultKind::connect_refused: return "connect_refused";
    case FaultKind::disk_lost_sector: return "disk_lost_sector";
    case FaultKind::disk_torn_sector: return "disk_torn_sector";
    case FaultKind::disk_lost_size: return "disk_lost_size";
    case FaultKind::disk_lost_name: return "disk_lost_name";
    case FaultKind::disk_dropped_page: return "disk_dropped_page";
    case FaultKind::disk_reverted_page: return "disk_reverted_page";
    case FaultKind::disk_misdirected: return "disk_misdirected";
    case FaultKind::disk_read_error: return "disk_read_error";
    case FaultKind::disk_write_error: return "disk_write_error";
    case FaultKind::disk_sync_error: return "disk_sync_error";
    case FaultKind::disk_metadata_error: return "disk_metadata_error";
    case FaultKind::disk_no_space: return "disk_no_space";
    case FaultKind::disk_bit_rot: return "disk_bit_rot";
    case FaultKind::disk_slow: return "disk_slow";
    case FaultKind::disk_hung: return "disk_hung";
    case FaultKind::process_kill: return "process_kill";
    case FaultKind::power_loss: return "power_loss";
    case FaultKind::pause: return "pause";
    case FaultKind::clock_drift: return "clock_drift";
    case FaultKind::clock_jump: return "clock_jump";
  }
  return "?";
}

}  // namespace io::sim

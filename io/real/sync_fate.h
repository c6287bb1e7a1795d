// io/real/sync_fate.h: a failed sync is final (io/disk.h).
//
// After a failed sync the kernel may have dropped the dirty pages and marked them clean, so the next sync of that
// file, through whatever handle, would say "fine" about bytes that are gone. One failure therefore condemns the
// whole disk of the member: every later write and sync on it fails, and the member has no way but to stop.
#pragma once

#include <atomic>
#include <string>

#include "core/base/result.h"

namespace io::real {

// Shared by the loop, the log thread and the workers.
class SyncFate {
 public:
  // What is to be told about a sync that just ended with `error_number`, 0 for success.
  base::Status settle(int error_number, const std::string& what);
  bool is_sealed() const { return sealed_.load(std::memory_order_acquire); }
  // Requires: is_sealed().
  base::Error error(const std::string& what) const;

 private:
  std::atomic<bool> sealed_ = false;
};

}  // namespace io::real

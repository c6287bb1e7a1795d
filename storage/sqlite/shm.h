// storage/sqlite/shm.h: what the connections on one store share, and the table of open stores.
//
// The store worker writes through one connection while the loop reads through another, on another thread in
// io/real. What both touch is here: SQLite's shared-memory index (its "-shm" file, which we keep in memory)
// with its locks, the hashes of the frames of `-wal`, and whether a sync has failed. This and the table by
// which the process-wide VFS finds a member's disk are the only state under a lock outside io/real
// (docs/determinism.md names the exemption); a stress test runs it under ThreadSanitizer.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/ids.h"
#include "core/base/result.h"
#include "io/disk.h"
#include "io/random.h"

namespace sqlite {

inline constexpr int kIndexLockCount = 8;               // SQLITE_SHM_NLOCK
inline constexpr std::size_t kIndexRegionBytes = 32768;  // what SQLite asks for

// What one connection holds of the shared index; the locks one bit per slot.
struct IndexLocks {
  bool joined = false;
  unsigned shared = 0;
  unsigned exclusive = 0;
};

// One store directory of one member, open. Found by its name from the moment it is constructed.
class Store {
 public:
  Store(io::Disk& disk, io::Random& random, std::string directory, base::StoreGeneration generation);
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;
  ~Store();  // Requires: no connection is open.

  static Store* find(std::string_view name);

  const std::string& name() const { return name_; }  // unique in the process; a path of SQLite's is `<name>/<file>`
  io::Disk& disk() { return disk_; }
  io::Random& random() { return random_; }
  const std::string& directory() const { return directory_; }
  base::StoreGeneration generation() const { return generation_; }
  std::string path(std::string_view file) const { return directory_ + "/" + std::string(file); }

  // The shared index. A region is null when it does not exist and `extend` is false. The last connection
  // that leaves takes the index and the frame hashes with it.
  void join_index();
  void leave_index(IndexLocks& held);
  volatile void* index_region(int region, bool extend);
  bool lock_index(IndexLocks& held, int first, int count, bool exclusive);  // false: somebody else holds one
  void unlock_index(IndexLocks& held, int first, int count);
  void barrier();

  // The hash of the page in a frame of `-wal`, as it was written or recovered. Frames count from 0.
  void set_frame(std::uint64_t frame, std::uint64_t hash);
  std::optional<std::uint64_t> frame(std::uint64_t frame);
  void forget_frames_from(std::uint64_t frame);

  // A failed sync is final: every later call on this store's files fails with this error.
  void fail(const base::Error& error);
  base::Status check_not_failed();

 private:
  struct Region;

  io::Disk& disk_;
  io::Random& random_;
  const std::string directory_;
  const base::StoreGeneration generation_;
  std::string name_;

  std::mutex mutex_;
  int joined_ = 0;
  std::vector<std::unique_ptr<Region>> regions_;
  int shared_counts_[kIndexLockCount] = {};
  bool exclusive_[kIndexLockCount] = {};
  std::vector<std::optional<std::uint64_t>> frames_;
  std::atomic<bool> failed_{false};
  base::Error failure_{base::Code::io, {}};  // valid once failed_
};

// Lets other threads run: what SQLite's busy waits come down to here.
void yield_thread();

}  // namespace sqlite

// io/sim/disk.h: the disk of one process, with its latencies and its faults.
//
// Each call takes a drawn time. Log files work through their requests in order and complete them on turns of
// the loop; everything else is synchronous and moves the caller's instant on (host.h): a job's calls lie one
// after another within its simulated duration, and a read on the loop makes the next turn start later. What
// becomes of the bytes is the volume's matter (volume.h, inode.h).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string_view>
#include <vector>

#include "io/disk.h"
#include "io/sim/faults.h"
#include "io/sim/host.h"
#include "io/sim/volume.h"

namespace io::sim {

class Disk final : public io::Disk {
 public:
  Disk(Life& life, Volume& volume, const DiskFaults& faults);
  ~Disk() override;

  base::Result<std::unique_ptr<io::LogFile>> open_log_file(std::string_view path) override;
  base::Result<std::unique_ptr<io::PageFile>> open_page_file(std::string_view path, Open mode) override;
  base::Status create_directory(std::string_view path) override;
  base::Status rename(std::string_view from, std::string_view to) override;
  base::Status remove(std::string_view path) override;
  base::Result<bool> exists(std::string_view path) override;
  base::Result<std::vector<std::string>> list(std::string_view directory) override;
  base::Status sync_directory(std::string_view directory) override;

 private:
  class LogFile;
  class PageFile;
  class Operation;  // one request of a log file in flight

  // A file or directory as far as decisions are concerned: its path, and the calls on it in this millisecond.
  struct Target {
    std::uint64_t key = 0;
    MillisecondOrdinal ordinal;
  };
  // One call that is being made: its identity, when it happens, and whether it is unusually slow.
  struct Call {
    Identity identity;
    CallSpan span;
    bool is_slow = false;
    bool is_hung = false;
  };

  Target& target(std::string_view path);
  Call begin(Target& target, VirtualTime earliest, std::string_view purpose, const Latency& latency);
  void count_delay(const Call& call);
  // A synchronous call: the caller's instant is its end.
  Call begin_now(Target& target, VirtualTime earliest, std::string_view purpose, const Latency& latency);
  bool fails(const Call& call, std::string_view purpose, std::uint32_t per_million);
  // What a failed sync leaves of the file.
  void fail_sync(const Call& call, Inode& inode);
  bool is_out_of_space(const Call& call);
  // Where the disk puts a write: at `offset`, unless it is misdirected.
  std::uint64_t place_of(const Call& call, Inode& inode, std::uint64_t offset, std::size_t size);
  base::Result<Call> begin_metadata(std::string_view path, bool needs_space);
  Operation& take_operation();

  Life& life_;
  Volume& volume_;
  const DiskFaults& faults_;
  std::map<std::uint64_t, Target> targets_;
  std::vector<std::unique_ptr<Operation>> operations_;
  std::vector<Operation*> free_operations_;
};

}  // namespace io::sim

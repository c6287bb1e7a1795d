// io/sim/inode.h: one file as the page cache and as the disk have it.
//
// Every call is kept, with the span of time in which it happens, until a sync has made it durable:
//
//     durable image | calls not yet durable, in order          | = what reads see
//                   | write  write  sync  write  (future) write |
//                                          ^ a crash at this instant
//
// A job runs in one go, so calls may lie in the future of the world's time. A crash at `at` forgets the calls
// that begin after it, and decides about the rest: the whole disk model is in settle() and the two crashes.
// docs/fault-model.md says in words what they may do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "io/sim/decisions.h"
#include "io/sim/faults.h"
#include "io/sim/file_image.h"
#include "io/sim/virtual_time.h"

namespace io::sim {

// When a call happens, and which one it is: decisions about its fate are named by it.
struct CallSpan {
  VirtualTime begin;
  VirtualTime end;
  std::uint64_t name = 0;  // hash of the call's identity
};

// What a crash did to the files of one node.
struct DiskDamage {
  std::uint64_t lost_sectors = 0;
  std::uint64_t dropped_sectors = 0;    // by a failed sync, and found out only now
  std::uint64_t torn_sectors = 0;
  std::uint64_t lost_sizes = 0;
  std::uint64_t lost_names = 0;
  std::uint64_t unfinished_writes = 0;  // begun and not ended at the crash
  std::uint64_t unfinished_syncs = 0;
};

// What reads see of sectors that a failed sync did not bring to the disk. All of them count as clean.
enum class AfterFailedSync : std::uint8_t {
  kept,      // what was written, until the power goes (ext4, XFS)
  reverted,  // what the disk has (btrfs)
};

class Inode {
 public:
  explicit Inode(Decisions& decisions) : decisions_(decisions) {}

  // What reads see.
  std::uint64_t size() const { return live_.size(); }
  std::size_t read(std::uint64_t offset, std::span<std::byte> into) const { return live_.read(offset, into); }

  // Requires: calls on one file do not overlap in time and come in its order.
  void write(const CallSpan& span, std::uint64_t offset, std::span<const std::byte> data) { write(span, offset, data, offset); }
  // A misdirected one: the page cache is right, and the disk gets the bytes at another place of the file.
  void write(const CallSpan& span, std::uint64_t offset, std::span<const std::byte> data, std::uint64_t goes_to);
  void truncate(const CallSpan& span, std::uint64_t size);
  void sync(const CallSpan& span);
  // A sync that fails when it ends: of the sectors written before it some reached the disk, and no later sync writes the
  // others. Returns how many sectors reads see otherwise from now on.
  std::uint64_t failed_sync(const CallSpan& span, std::uint32_t dropped_sector_per_million, AfterFailedSync after);

  // The end of the last call so far: the next one begins no earlier.
  VirtualTime last_end() const { return last_end_; }

  // Moves what syncs up to `now` have covered into the durable image.
  void settle(VirtualTime now);
  const FileImage& durable() const { return images_.durable; }  // as of the last settle()
  // Likewise, had no bit of it rotted and no write gone elsewhere: what a member may rely on when it promises something.
  const FileImage& promised() const { return images_.promised ? *images_.promised : images_.durable; }
  // Whether the two are the same in [offset, offset + size), or up to the end.
  bool is_intact(std::uint64_t offset, std::uint64_t size) const { return is_intact(images_, offset, size); }

  // The process ends at `at`: calls after it never happened, the page cache survives, a write in progress
  // may or may not have come through, and nothing becomes durable by it.
  void kill(VirtualTime at, DiskDamage& damage);
  // The page cache is gone. Of what was not durable any subset of sectors survives, each whole or torn.
  void lose_power(VirtualTime at, const DiskFaults& faults, DiskDamage& damage);

  // One bit of what lies on the disk and of what reads see is another from now on; of what reads see only where nothing waits to be
  // written. Requires: offset < size().
  void flip_bit(std::uint64_t offset, unsigned bit);

  // The next write is to be misdirected, whatever its chances are.
  void set_misdirects_next(bool misdirects) { misdirects_next_ = misdirects; }
  bool misdirects_next() const { return misdirects_next_; }

  bool has_pending() const { return first_ < calls_.size(); }

 private:
  enum class Kind : std::uint8_t { write, truncate, sync, failed_sync };
  struct Call {
    Kind kind = Kind::write;
    bool is_zero = false;        // a write of zeros keeps no bytes
    CallSpan span;
    std::uint64_t offset = 0;    // of a write
    std::uint64_t goes_to = 0;   // of a write: the same, unless it is misdirected
    std::uint64_t size = 0;      // of a write: how many bytes; of a truncate: the new size
    std::uint64_t size_after = 0;  // of the file
    std::size_t data = 0;        // of a write: where in bytes_
    bool changes_size = false;
    std::uint32_t dropped_per_million = 0;  // of a failed sync
    AfterFailedSync after = AfterFailedSync::kept;  // likewise
  };
  struct Images {
    FileImage durable;
    // Present after a failed sync: the durable image with the dropped pages over it.
    std::optional<FileImage> cached;
    std::optional<FileImage> promised;  // present once it may differ from `durable`
  };
  Call& add(Kind kind, const CallSpan& span);
  // The bytes of a write that lie in `[offset, offset + size)`, which is part of it.
  std::span<const std::byte> bytes_of(const Call& call, std::uint64_t offset, std::size_t size) const;
  void apply(FileImage& image, const Call& call) const;
  // Brings to the disk what syncs up to `now` cover; returns the first call that none of them does.
  std::size_t advance(Images& images, VirtualTime now) const;
  void make_durable(Images& images, const Call& call) const;
  void make_partly_durable(Images& images, const Call& call, const Call& sync) const;
  void revert_dropped(Images& images, const Call& call, const Call& sync) const;
  static bool is_intact(const Images& images, std::uint64_t offset, std::uint64_t size);
  bool is_dropped(const Call& sync, const Call& call, std::uint64_t offset) const;
  void survive(FileImage& image, const Call& call, const DiskFaults& faults, DiskDamage& damage) const;
  void drop_first(std::size_t count);
  bool forget_after(VirtualTime at);  // true when there was anything
  void rebuild_live();

  Decisions& decisions_;
  Images images_;
  FileImage live_;
  bool misdirects_next_ = false;
  std::vector<Call> calls_;  // those before first_ are durable
  std::size_t first_ = 0;
  std::string bytes_;        // of the pending writes
  VirtualTime last_end_;
};

}  // namespace io::sim

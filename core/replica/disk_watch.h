// core/replica/disk_watch.h: whether this member's disk still gets anywhere.
//
// A leader's heartbeats need no disk, so one whose log write never ends would lead for good and answer nobody: what it hears
// committed it must not apply before it has it itself. Somebody else shall lead.
#pragma once

#include <cstdint>

#include "core/base/ids.h"

namespace replica {

class DiskWatch {
 public:
  explicit DiskWatch(std::uint32_t election_ticks) : election_ticks_(election_ticks) {}

  // Once a tick. `write` is the log write that is under way, 0 for none; `is_refusing`: proposals are refused at the gate, and the store has
  // not all that is committed; `durable`: of the store. False: the disk has got nowhere for an election timeout or more.
  bool tick(std::uint64_t write, bool is_refusing, const base::StoreMark& durable) {
    write_ticks_ = write != 0 && write == write_ ? write_ticks_ + 1 : 0;
    write_ = write;
    // Nor is anything written while the log is full, and full it stays as long as the store gets nowhere.
    refusing_ticks_ = is_refusing && durable == durable_ ? refusing_ticks_ + 1 : 0;
    durable_ = durable;
    return write_ticks_ < election_ticks_ && refusing_ticks_ < kStoreElections * election_ticks_;
  }
  // Somebody else is to lead: for the same again it has as long as before.
  void reset() { write_ticks_ = refusing_ticks_ = 0; }

 private:
  static constexpr std::uint32_t kStoreElections = 3;  // a store may be slow for a while, so this takes longer

  const std::uint32_t election_ticks_;
  std::uint64_t write_ = 0;           // the one that was under way at the last tick
  std::uint32_t write_ticks_ = 0;     // for how many ticks it has been
  base::StoreMark durable_;           // at the last tick
  std::uint32_t refusing_ticks_ = 0;  // for how many ticks that has been so, with proposals refused meanwhile
};

}  // namespace replica

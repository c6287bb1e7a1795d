// core/base/log_entry.h: what the replicated log holds, shared by consensus and the durable log.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/ids.h"

namespace base {

enum class EntryKind : std::uint8_t {
  empty = 0,          // a new leader's first entry (Raft §8)
  command = 1,        // for the state machine
  configuration = 2,  // a membership change
};

// Immutable once made, so the log, the disk write and every peer share one copy of the bytes.
struct Entry {
  EntryId id;
  EntryKind kind = EntryKind::empty;
  std::shared_ptr<const std::string> data;  // null means no bytes

  std::string_view bytes() const { return data ? std::string_view(*data) : std::string_view(); }
};

// What must survive a crash before a promise is made (Raft, figure 2), and how far commit was known.
struct HardState {
  Term term;
  MemberId voted_for;
  LogIndex committed;  // a hint: at restart everything up to it is committed, and possibly more
  friend bool operator==(const HardState&, const HardState&) = default;
};

// Where the kept log begins: everything up to and including `last_dropped` lives in the store alone.
struct LogStart {
  EntryId last_dropped;       // 0/0 while nothing was dropped
  std::string configuration;  // in force there, encoded by its owner; opaque to the durable log
};

}  // namespace base

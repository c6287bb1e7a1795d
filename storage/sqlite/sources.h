// storage/sqlite/sources.h: the snapshots that are being read of an open store, and how much of `-wal` they may pin.
//
// A source has a budget: so large may `-wal` be while it is open. Beyond it the source is cut off, and the next one gets twice as much,
// until one has been read to its end. On the loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "core/base/ids.h"
#include "core/base/intrusive_list.h"
#include "core/base/result.h"
#include "storage/sqlite/backend.h"
#include "storage/sqlite/shm.h"

namespace sqlite {

class Sources {
 public:
  class Listener {
   public:
    virtual void on_source_gone() = 0;  // checkpoints get further now

   protected:
    ~Listener() = default;
  };
  Sources(const BackendOptions& options, Listener& listener);
  ~Sources();  // Requires: is_empty().

  base::Result<std::unique_ptr<Snapshot>> take(Store& store);
  bool is_empty() const { return open_.is_empty(); }
  // Those that have used up their budget by now; true if there were any. Does not tell the listener.
  bool cut_off(std::uint64_t wal_bytes);
  // Those that stand in the way of others; the next ones get no more for that. Likewise.
  void cut_off_all();

 private:
  class Source;
  void on_read_to_end();

  const BackendOptions& options_;
  Listener& listener_;
  std::uint64_t next_budget_;
  base::IntrusiveList<Source> open_;  // invariant: those that pin `-wal`
};

}  // namespace sqlite

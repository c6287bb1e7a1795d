// storage/sqlite/snapshot_builder.h: makes a store of a snapshot's pieces, beside the one that is open. In jobs only.
//
// Until finish() nothing of it is durable, and all of it may go.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/base/hash.h"
#include "core/base/ids.h"
#include "core/base/result.h"
#include "io/disk.h"
#include "io/random.h"
#include "storage/sqlite/backend.h"
#include "storage/sqlite/shm.h"
#include "storage/sqlite/snapshot_format.h"
#include "storage/sqlite/writer.h"

namespace sqlite {

class SnapshotBuilder {
 public:
  // All references outlive it.
  SnapshotBuilder(io::Disk& disk, io::Random& random, const BackendOptions& options, const base::StoreMark& mark);
  SnapshotBuilder(const SnapshotBuilder&) = delete;
  SnapshotBuilder& operator=(const SnapshotBuilder&) = delete;

  // In order; an error is final. `invalid` and `damaged` speak of the piece. The first one clears away what an earlier attempt has left.
  base::Status add(std::string piece);
  // All pieces have come: the store is whole, at rest and durable.
  base::Status finish();
  // It was in vain.
  base::Status remove();

 private:
  base::Status begin();
  base::Status write(std::string piece);
  base::Status check_whole();
  base::Status check_written();
  base::Status invalid(const std::string& what) const;

  io::Disk& disk_;
  const BackendOptions& options_;
  const base::StoreMark mark_;
  std::unique_ptr<Store> store_;    // outlives its connection
  std::unique_ptr<Writer> writer_;  // null before the first piece and after the last
  SnapshotParser parser_;
  base::Hash128 rows_;             // the sum so far
  std::uint64_t piece_count_ = 0;  // part of the name of what is drawn
};

}  // namespace sqlite

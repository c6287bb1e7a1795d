// apps/lockstep/drive_reads.h: many ranges, read as fast as a server answers and again until it does.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "apps/lockstep/bench_run.h"
#include "core/api/kv.pb.h"
#include "core/base/result.h"
#include "core/base/time.h"
#include "io/network.h"

namespace lockstep {

class RangeReads {
 public:
  virtual void fill(std::size_t place, etcdserverpb::RangeRequest& range) = 0;
  // Once for each place, in any order. An error ends the whole.
  virtual base::Status take(std::size_t place, const etcdserverpb::RangeResponse& range) = 0;

 protected:
  ~RangeReads() = default;
};

// Reads places 0 to `count` - 1, from the first endpoint on and from the next one whenever one fails. unavailable: nothing was
// answered for `patience`, or the operator interrupts; invalid: a server refuses one of them for good.
base::Status read_ranges(BenchWorld& world, const std::vector<io::Address>& endpoints, std::size_t count, base::Duration patience,
                         RangeReads& reads);

}  // namespace lockstep

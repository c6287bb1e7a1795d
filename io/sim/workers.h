// io/sim/workers.h: jobs in one thread.
//
// A job runs in one go at its start; each of its disk calls moves its instant on, and finished() is
// delivered where that ends. The next job of the queue starts there too, while the loop may still be busy
// with something else. A crash in between finds only the calls before it (inode.h).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "io/sim/host.h"
#include "io/workers.h"

namespace io::sim {

class Workers final : public io::Workers {
 public:
  explicit Workers(Life& life) : life_(life) {}
  std::unique_ptr<io::WorkQueue> open_queue(std::string_view owner) override;

  // The owners of jobs that have begun and not ended at this time: truth for oracles.
  std::vector<std::string> running(VirtualTime at) const;

 private:
  class Queue;
  Life& life_;
  std::vector<Queue*> queues_;  // in the order of opening
};

}  // namespace io::sim

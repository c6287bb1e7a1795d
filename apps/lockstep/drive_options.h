// apps/lockstep/drive_options.h: what `lockstep drive` is told.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/time.h"
#include "io/network.h"
#include "sim/etcd/history_load.h"

namespace lockstep {

struct DriveOptions {
  std::vector<io::Address> endpoints;
  unsigned clients = 16;
  double seconds = 10;
  double rate = 0;  // operations per second of all clients together; 0: each as soon as it has its answer
  sim::etcd::HistoryLoadOptions load;
  base::Duration request_timeout = std::chrono::seconds(2);
  base::Duration settle_timeout = std::chrono::seconds(60);  // for the cluster to answer again when the clients are done
  std::string output;
  bool json = false;
};

}  // namespace lockstep

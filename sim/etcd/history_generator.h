// sim/etcd/history_generator.h: histories of a store that is right, as long as one likes: for measuring the checker, and for
// tests that spoil them.
#pragma once

#include <cstdint>

#include "sim/etcd/history.h"
#include "sim/etcd/history_load.h"

namespace sim::etcd {

struct GeneratorOptions {
  HistoryLoadOptions load;
  std::uint32_t operations = 1000;
  std::uint32_t clients = 16;
  std::uint32_t unknown_per_thousand = 5;  // half of them took effect
};

History generate_history(const GeneratorOptions& options);

}  // namespace sim::etcd

// property_tests/differential/watch_generator.h: requests to two servers that are watched: changes of few keys, watches of every kind, compactions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/api/kv.pb.h"
#include "core/api/watch.pb.h"
#include "property_tests/differential/dice.h"

namespace property_tests::differential {

struct WatchStep {
  std::vector<std::string_view> rows;  // of the coverage table
  std::string path;      // of a request that is answered once; empty: it goes on a stream
  std::string message;
  std::size_t stream = 0;
  etcdserverpb::WatchRequest request;
  bool is_change = false;  // of the store
};

// Every row that there is.
std::vector<std::string_view> watch_rows();
std::string to_text(const WatchStep& step);

class WatchGenerator {
 public:
  WatchGenerator(std::uint64_t seed, std::uint64_t epoch) : dice_(seed * 1'000'003 + epoch) {}
  // The store stands at `revision` now, which the barrier wrote, and `compacted` is the last compacted one.
  WatchStep next(std::int64_t revision, std::int64_t compacted);

 private:
  std::string key();
  WatchStep put();
  WatchStep erase();
  WatchStep txn();
  WatchStep compact(std::int64_t revision, std::int64_t compacted);
  WatchStep create(std::int64_t revision, std::int64_t compacted);
  WatchStep cancel();

  Dice dice_;
  std::uint64_t count_ = 0;
  std::vector<std::int64_t> barriers_;  // where the store stood when it was asked
};

}  // namespace property_tests::differential

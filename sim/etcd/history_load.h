// sim/etcd/history_load.h: what the clients ask whose history is recorded, drawn from a seed.
//
// Puts, gets, ranges and transactions on a few keys, so that they meet; some reads are content with what some member has, some
// name an older revision. Every value is one client's, one operation's and one put's; keys are deleted by transactions only, each
// of which also puts its client's marker. So every history of it can be judged (serializability.h).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/etcd/history.h"

namespace sim::etcd {

struct HistoryLoadOptions {
  std::uint64_t seed = 1;
  std::uint32_t keys = 24;
};

// What one client has been told of each key: its last compares are drawn from it.
class SeenKeys {
 public:
  explicit SeenKeys(const HistoryLoadOptions& options) : mod_revisions_(options.keys, 0) {}
  // The answer to a request of this load.
  void learn(HistoryCall call, std::string_view request, std::string_view answer);
  // 0: not there, or never seen.
  std::int64_t mod_revision(std::uint64_t key) const { return mod_revisions_[key]; }

 private:
  void note(std::string_view key, std::int64_t mod_revision);
  std::vector<std::int64_t> mod_revisions_;
};

struct LoadRequest {
  HistoryCall call = HistoryCall::put;
  std::string bytes;
  bool is_serializable = false;  // content with what some member has
};

std::string_view path_of(HistoryCall call);  // of gRPC
bool is_marker(std::string_view key);        // of a transaction that may delete

class HistoryLoad {
 public:
  explicit HistoryLoad(HistoryLoadOptions options) : options_(options) {}

  // `first`: the revision at which the run began. `shown`: the newest that anybody has been shown.
  LoadRequest draw(std::uint32_t client, std::uint32_t number, const SeenKeys& seen, std::int64_t first, std::int64_t shown) const;

 private:
  const HistoryLoadOptions options_;
};

}  // namespace sim::etcd

// sim/etcd/watch_stream.h: judges one stream of the watch service: ids, the order of answers, and each watcher on it.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "core/api/watch.pb.h"
#include "sim/etcd/watch_oracle.h"
#include "sim/etcd/watched.h"

namespace sim::etcd {

class WatchStream {
 public:
  // From open to broken. `oracle` outlives it.
  WatchStream(WatchOracle& oracle, std::uint32_t client) : oracle_(oracle), client_(client) { oracle_.add(client, *this); }
  ~WatchStream() { oracle_.remove(client_); }
  WatchStream(const WatchStream&) = delete;
  WatchStream& operator=(const WatchStream&) = delete;

  // What the client sends. `number` is the watcher's, as its client counts them; none: nobody watches, it wants to be refused.
  void on_create(std::optional<std::uint32_t> number, const etcdserverpb::WatchCreateRequest& create) { pending_.push_back({number, create}); }
  void on_cancel(std::int64_t id);
  void on_progress_request() { ++progress_asked_; }

  void on_response(const etcdserverpb::WatchResponse& response);

  // Live, and not to be cancelled; null: no such watcher.
  const Watched* find(std::uint32_t number) const;

 private:
  struct Pending {
    std::optional<std::uint32_t> number;
    etcdserverpb::WatchCreateRequest create;
  };
  struct Own {
    std::optional<std::uint32_t> number;
    std::optional<Watched> watched;  // none: history was gone; the id is taken until the client gives it back
    std::uint32_t cancels = 0;       // asked for, and not answered
  };
  using Owns = std::map<std::int64_t, Own>;

  void on_created(const etcdserverpb::WatchResponse& response);
  void on_canceled(Owns::iterator own, const etcdserverpb::WatchResponse& response);
  void on_common_progress(const etcdserverpb::WatchResponse& response);
  void on_told(Own& own, const etcdserverpb::WatchResponse& response);
  void accuse(const Own& own, const WatchBreach& breach);
  void accuse(WatchGuarantee guarantee, std::string what) { oracle_.accuse(client_, std::nullopt, {}, {guarantee, std::move(what)}); }

  WatchOracle& oracle_;
  const std::uint32_t client_;
  std::deque<Pending> pending_;
  Owns owns_;  // by id
  std::set<std::int64_t> ended_;  // ids that nobody has any more
  std::uint64_t progress_asked_ = 0;
  std::optional<std::int64_t> continued_;  // of whom pieces are to follow
};

}  // namespace sim::etcd

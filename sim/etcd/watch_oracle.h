// sim/etcd/watch_oracle.h: what watchers are told, held against the committed history.
//
// The history is the model's, which replays the committed log; each stream has a judge of its own (watch_stream.h), and each watcher on it
// (watched.h). A watcher that begins anew, on another member and from where it stood, is another one to them: from its revision on it is to
// be told everything, too. Here it is known who wants to watch, so that when nothing goes wrong any more each is told all that there is.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "core/base/time.h"
#include "sim/etcd/watch_log.h"
#include "sim/etcd/watched.h"
#include "sim/tenant.h"
#include "sim/verdict.h"

namespace sim::etcd {

class WatchStream;

struct WatchCounts {
  std::uint64_t created = 0;
  std::uint64_t refused = 0;
  std::uint64_t events = 0;
  std::uint64_t pieces = 0;     // of answers that were cut
  std::uint64_t progress = 0;   // notifications
  std::uint64_t canceled = 0;   // at their clients' wish
  std::uint64_t compacted = 0;  // cancelled since history was gone
  std::uint64_t streams = 0;
};

class WatchOracle {
 public:
  static constexpr std::string_view kName = "watch";
  // At the end everything is told that was committed by `told_from`. All references outlive it.
  WatchOracle(const Model& model, base::Duration told_from, Findings& findings) : log_(model), told_from_(told_from), findings_(findings) {}

  // The model has replayed one more entry.
  void on_committed() { log_.on_committed(); }

  // A client wants this watcher from now on, whatever becomes of its streams; and no more.
  void want(const OperationName& watcher) { wanted_.insert(watcher); }
  void unwant(const OperationName& watcher) { wanted_.erase(watcher); }
  // Watchers look at the clock now and then.
  void on_time(base::Duration now);

  // What a wanted watcher was not told of, or that it is not there; nothing: all are told of everything.
  std::optional<Tenant::Waiting> untold() const { return untold_of(log_.revision()); }
  void at_end();

  // For the streams.
  void add(std::uint32_t client, WatchStream& stream);
  void remove(std::uint32_t client) { streams_.erase(client); }
  void accuse(std::uint32_t client, std::optional<std::uint32_t> number, const std::string& who, const WatchBreach& breach);
  const WatchLog& log() const { return log_; }
  WatchCounts& counts() { return counts_; }
  const WatchCounts& counts() const { return counts_; }

 private:
  std::optional<Tenant::Waiting> untold_of(std::int64_t revision) const;

  WatchLog log_;
  const base::Duration told_from_;
  Findings& findings_;
  WatchCounts counts_;
  std::set<OperationName> wanted_;
  std::map<std::uint32_t, WatchStream*> streams_;  // by client, which has one at a time
  std::optional<std::int64_t> to_be_told_;         // the revision at told_from_; none: it has not come to that
};

}  // namespace sim::etcd

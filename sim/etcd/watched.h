// sim/etcd/watched.h: what one watcher has been told since it was created, held against what it is to be told.
//
// In etcd's words (API guarantees, "Watch APIs"): events are ordered, unique, reliable, atomic, resumable and bookmarkable. Since nothing is
// missing between two events that were told, and nothing comes twice, one place in the log says how far the watcher has come.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/api/watch.pb.h"
#include "sim/etcd/watch_log.h"

namespace sim::etcd {

// What a watch service promises. Each is broken in its own words.
enum class WatchGuarantee : std::uint8_t {
  ordered,       // revisions do not fall, and the changes of one come as they were made
  unique,        // nothing is told twice
  reliable,      // nothing is missing between two events that were told
  atomic,        // what one revision changed comes in one answer, or in pieces that follow each other
  resumable,     // who begins at a revision is told everything from it on
  bookmarkable,  // who is told that it stands at a revision was told everything up to it, and never stands lower later
  filtered,      // nothing else is told than what was asked for
  written,       // what is told was written so
  previous,      // what was there before is what was there before
  compacted,     // who is cancelled since history is gone had not come so far
  created,       // creations are answered first, each once and in order
  identified,    // each watcher has an id of its own
  ended,         // nothing comes after the end, and only who asked for the end meets it
};
std::string_view name_of(WatchGuarantee guarantee);

struct WatchBreach {
  WatchGuarantee guarantee = WatchGuarantee::ordered;
  std::string what;
};

class Watched {
 public:
  // `created_at` is the revision of the answer that created it. `log` outlives it.
  Watched(const WatchLog& log, const etcdserverpb::WatchCreateRequest& asked, std::int64_t created_at);

  // Each returns what is wrong; nothing: all is well.
  std::optional<WatchBreach> on_events(const etcdserverpb::WatchResponse& response);
  std::optional<WatchBreach> on_progress(std::int64_t revision);
  std::optional<WatchBreach> on_compacted(std::int64_t revision) const;

  const etcdserverpb::WatchCreateRequest& asked() const { return asked_; }
  // The lowest revision up to this one of which it was to be told, and was not.
  std::optional<std::int64_t> untold(std::int64_t up_to) const;

 private:
  using Breach = std::optional<WatchBreach>;
  Breach place_events(const etcdserverpb::WatchResponse& response, std::vector<WatchPlace>& places) const;
  Breach place_event(const mvccpb::Event& event, WatchPlace after, WatchPlace& place) const;
  Breach check_filter(const mvccpb::Event& event) const;
  Breach check_previous(const mvccpb::Event& event) const;
  Breach pass(WatchPlace told);
  bool is_wanted(WatchPlace place) const;
  WatchPlace first_wanted(WatchPlace from) const;
  std::string words_of(WatchPlace place) const;

  const WatchLog& log_;
  const etcdserverpb::WatchCreateRequest asked_;
  const std::string key_;       // as the server understands it
  const std::int64_t start_;    // of what it is told
  WatchPlace last_;             // told; 0: nothing was
  mutable WatchPlace next_;     // whatever lies before it was told, or is not to be told
  std::int64_t floor_ = 0;      // the lowest revision of which the watcher does not know everything
};

}  // namespace sim::etcd

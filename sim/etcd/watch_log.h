// sim/etcd/watch_log.h: what each revision changed, in order, out of the model: what watchers are to be told.
//
// The model holds the keys and values, and forgets nothing; here stands only which keys were changed, sixteen bytes for each change.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "sim/etcd/model.h"

namespace sim::etcd {

// Of one change of one key. Changes of one revision are told in the order of `sub`.
struct WatchPlace {
  std::int64_t main = 0;
  std::int64_t sub = 0;
  friend constexpr auto operator<=>(const WatchPlace&, const WatchPlace&) = default;
};

class WatchLog {
 public:
  // `model` outlives it.
  explicit WatchLog(const Model& model) : model_(model), first_(model.revision() + 1) {}

  // The model has replayed one more entry of the committed log.
  void on_committed();

  const Model& model() const { return model_; }
  std::int64_t first() const { return first_; }  // revision that it knows
  std::int64_t revision() const { return first_ + static_cast<std::int64_t>(changes_.size()) - 1; }
  // Requires: first() <= main <= revision().
  const std::vector<std::string_view>& changed_keys(std::int64_t main) const { return changes_[static_cast<std::size_t>(main - first_)]; }
  ModelRow row(WatchPlace place) const {
    return model_.row(changed_keys(place.main)[static_cast<std::size_t>(place.sub)], place.main, place.sub);
  }
  // The same revision changes the key again, and a compaction at just that revision has left only the last change of each.
  bool may_be_gone(WatchPlace place) const;

 private:
  const Model& model_;
  const std::int64_t first_;
  std::vector<std::vector<std::string_view>> changes_;  // of first_ and up; views into the model
};

}  // namespace sim::etcd

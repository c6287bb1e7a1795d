#include "sim/etcd/watch_log.h"

#include <algorithm>

#include "core/base/assert.h"

namespace sim::etcd {

void WatchLog::on_committed() {
  if (model_.revision() == revision()) return;
  ASSERT(model_.revision() == revision() + 1);  // an entry makes one revision at most
  changes_.push_back(model_.changed_keys());
}

bool WatchLog::may_be_gone(WatchPlace place) const {
  if (!model_.was_compacted_at(place.main)) return false;
  const std::vector<std::string_view>& keys = changed_keys(place.main);
  const auto own = keys.begin() + static_cast<std::ptrdiff_t>(place.sub);
  return std::find(own + 1, keys.end(), *own) != keys.end();
}

}  // namespace sim::etcd

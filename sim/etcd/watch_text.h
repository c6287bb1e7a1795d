// sim/etcd/watch_text.h: what goes over a stream of the watch service, in words.
#pragma once

#include <string>

#include "core/api/watch.pb.h"

namespace sim::etcd {

std::string to_text(const etcdserverpb::WatchCreateRequest& create);  // `watch k1..k5 from revision 17, with what was before`
std::string to_text(const etcdserverpb::WatchRequest& request);
std::string to_text(const etcdserverpb::WatchResponse& response);

}  // namespace sim::etcd

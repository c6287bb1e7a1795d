#include "sim/etcd/watch_text.h"

#include <string_view>

#include "core/base/text.h"

namespace sim::etcd {

namespace {

constexpr int kShownEvents = 3;

std::string watched_text(const std::string& key, const std::string& range_end) {
  const std::string shown = base::escaped(key);
  if (range_end.empty()) return shown;
  if (key == range_end && key == std::string_view("\0", 1)) return "everything";
  return shown + ".." + (range_end == std::string_view("\0", 1) ? std::string() : base::escaped(range_end));
}

std::string events_text(const etcdserverpb::WatchResponse& response) {
  std::string out;
  for (int i = 0; i < response.events_size() && i < kShownEvents; ++i) {
    const mvccpb::Event& event = response.events(i);
    out += (i == 0 ? "" : ", ") + std::string(event.type() == mvccpb::Event::DELETE ? "delete " : "put ") + base::escaped(event.kv().key()) +
           " at " + std::to_string(event.kv().mod_revision());
  }
  if (response.events_size() > kShownEvents) out += " and " + std::to_string(response.events_size() - kShownEvents) + " more";
  return out + (response.fragment() ? ", to be continued" : "");
}

}  // namespace

std::string to_text(const etcdserverpb::WatchCreateRequest& create) {
  std::string out = "watch " + watched_text(create.key(), create.range_end());
  if (create.start_revision() != 0) out += " from revision " + std::to_string(create.start_revision());
  if (create.watch_id() != 0) out += " as " + std::to_string(create.watch_id());
  if (create.prev_kv()) out += ", with what was before";
  for (const int filter : create.filters()) {
    out += filter == etcdserverpb::WatchCreateRequest::NOPUT ? ", no puts" : ", no deletes";
  }
  if (create.fragment()) out += ", in pieces";
  if (create.progress_notify()) out += ", with progress";
  return out;
}

std::string to_text(const etcdserverpb::WatchRequest& request) {
  switch (request.request_union_case()) {
    case etcdserverpb::WatchRequest::kCreateRequest: return to_text(request.create_request());
    case etcdserverpb::WatchRequest::kCancelRequest: return "watch no more as " + std::to_string(request.cancel_request().watch_id());
    case etcdserverpb::WatchRequest::kProgressRequest: return "where do my watchers stand?";
    case etcdserverpb::WatchRequest::REQUEST_UNION_NOT_SET: break;
  }
  return "nothing";
}

std::string to_text(const etcdserverpb::WatchResponse& response) {
  const std::string who = "watcher " + std::to_string(response.watch_id());
  const std::string at = "revision " + std::to_string(response.header().revision());
  if (response.created() && response.canceled()) return "no watcher: " + base::escaped(response.cancel_reason());
  if (response.created()) return who + " begins at " + at;
  if (response.canceled() && response.compact_revision() != 0) {
    return who + " ends: history is gone up to revision " + std::to_string(response.compact_revision());
  }
  if (response.canceled()) return who + " ends" + (response.cancel_reason().empty() ? "" : ": " + base::escaped(response.cancel_reason()));
  if (!response.events().empty()) return who + ": " + events_text(response);
  return response.watch_id() < 0 ? "all watchers stand at " + at : who + " stands at " + at;
}

}  // namespace sim::etcd

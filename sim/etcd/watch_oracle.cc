#include "sim/etcd/watch_oracle.h"

#include "core/base/assert.h"
#include "sim/etcd/watch_stream.h"
#include "sim/etcd/watch_text.h"

namespace sim::etcd {

void WatchOracle::on_time(base::Duration now) {
  if (!to_be_told_ && now >= told_from_) to_be_told_ = log_.revision();
}

void WatchOracle::add(std::uint32_t client, WatchStream& stream) {
  const bool is_only = streams_.emplace(client, &stream).second;
  ASSERT(is_only);
  ++counts_.streams;
}

void WatchOracle::accuse(std::uint32_t client, std::optional<std::uint32_t> number, const std::string& who, const WatchBreach& breach) {
  Subject subject;
  std::string message = "client " + std::to_string(client);
  if (number) {
    subject.operation = OperationName{client, *number};
    message += ", watcher " + std::to_string(*number);
  }
  if (!who.empty()) message += " (" + who + ")";
  findings_.safety(kName, message + ", not " + std::string(name_of(breach.guarantee)) + ": " + breach.what, std::move(subject));
}

std::optional<Tenant::Waiting> WatchOracle::untold_of(std::int64_t revision) const {
  for (const OperationName& watcher : wanted_) {
    const std::string who = "client " + std::to_string(watcher.client) + "'s watcher " + std::to_string(watcher.number);
    const auto stream = streams_.find(watcher.client);
    const Watched* const watched = stream == streams_.end() ? nullptr : stream->second->find(watcher.number);
    if (watched == nullptr) return Tenant::Waiting{who + " is on no stream", Subject{watcher, {}, {}, {}}};
    const std::optional<std::int64_t> open = watched->untold(revision);
    if (!open) continue;
    return Tenant::Waiting{who + " (" + to_text(watched->asked()) + ") was not told of revision " + std::to_string(*open), Subject{watcher, {}, {}, {}}};
  }
  return std::nullopt;
}

void WatchOracle::at_end() {
  if (!to_be_told_) return;
  std::optional<Tenant::Waiting> waiting = untold_of(*to_be_told_);
  if (waiting) findings_.report(VerdictKind::liveness, kName, waiting->what + ", long before the end", std::move(waiting->subject));
}

}  // namespace sim::etcd

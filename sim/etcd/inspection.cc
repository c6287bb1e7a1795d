#include "sim/etcd/inspection.h"

#include <string>

namespace sim::etcd {

Inspection::Inspection(io::sim::Node& node, const KvOracle& oracle, Findings& findings, MemberHost& host)
    : oracle_(oracle), findings_(findings), host_(host), backend_(node.world(), sqlite::BackendOptions()), log_(node.world(), *this) {}

void Inspection::on_log_read(base::Result<wal::State> state) {
  if (!state) return complete(base::fail(state.error()));
  backend_.open(state->store_mark, state->start.last_dropped.index.next(), rows_, *this, *this);
}

void Inspection::complete(base::Status status) {
  if (status) judge();
  else findings_.safety(StoredRows::kName, "the files that the member left cannot be opened: " + status.error().detail);
  host_.on_ready();
}

void Inspection::judge() {
  const base::LogIndex applied = backend_.applied();
  const std::optional<ModelPosition> position = oracle_.position(applied);
  if (!position) {
    return findings_.safety(StoredRows::kName, "the store says that it has applied index " + base::to_text(applied) +
                                                   ", which nobody has committed");
  }
  const std::string wrong = rows_.difference(oracle_.model(), *position, StoredRows::Removal::over);
  if (!wrong.empty()) findings_.safety(StoredRows::kName, "at index " + base::to_text(applied) + " " + wrong);
}

}  // namespace sim::etcd

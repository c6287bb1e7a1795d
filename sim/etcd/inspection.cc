#include "sim/etcd/inspection.h"

#include <string>

namespace sim::etcd {

namespace {
// A store that exists; the member itself has checked it against the log's own mark, often.
constexpr base::StoreMark kAnyMark = {base::StoreGeneration(1), base::LogIndex(1)};
}  // namespace

Inspection::Inspection(io::sim::Node& node, const KvOracle& oracle, Findings& findings, MemberHost& host)
    : oracle_(oracle), findings_(findings), host_(host), backend_(node.world(), sqlite::BackendOptions()) {
  backend_.open(kAnyMark, base::LogIndex(1), rows_, *this, *this);
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

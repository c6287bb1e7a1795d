#include "sim/etcd/teller.h"

#include "sim/etcd/answer_text.h"
#include "sim/etcd/application.h"
#include "sim/etcd/store_oracle.h"
#include "sim/etcd/watch_oracle.h"

namespace sim::etcd {

std::string EtcdTeller::message_words(std::string_view path, bool is_answer, std::string_view message) const {
  return is_answer ? answer_words(path, message) : request_words(path, message);
}

std::string EtcdTeller::state_words(base::LogIndex applied) const {
  const std::optional<ModelPosition> position = oracle_.position(applied);
  if (!position) return {};  // nobody has committed it
  std::string out = "revision " + std::to_string(position->revision);
  if (position->compacted >= 0) out += ", compacted up to " + std::to_string(position->compacted);
  return out;
}

std::string_view EtcdTeller::promise(std::string_view oracle) const {
  if (oracle == KvOracle::kName) {
    return "every answer is what one single store would give that does one thing after the other, and nothing that anybody was told is ever taken back";
  }
  if (oracle == WatchOracle::kName) {
    return "a watcher is told every change that it asked for, once, in order and whole, or that history is gone";
  }
  if (oracle == StoredRows::kName) return "what a member leaves on its disk is what the log made, no more and no less";
  if (application_ != nullptr && oracle == application_->name) return application_->promise;
  return {};
}

}  // namespace sim::etcd

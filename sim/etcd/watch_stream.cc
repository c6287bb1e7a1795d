#include "sim/etcd/watch_stream.h"

#include <string_view>
#include <utility>

#include "sim/etcd/watch_text.h"

namespace sim::etcd {

namespace {

bool is_range_empty(const etcdserverpb::WatchCreateRequest& create) {
  const std::string& end = create.range_end();
  if (end.empty() || end == std::string_view("\0", 1)) return false;
  return (create.key().empty() ? std::string(1, '\0') : create.key()) >= end;
}

}  // namespace

void WatchStream::on_cancel(std::int64_t id) {
  const auto own = owns_.find(id);
  if (own != owns_.end()) ++own->second.cancels;
}

const Watched* WatchStream::find(std::uint32_t number) const {
  for (const auto& one : owns_) {
    const Own& own = one.second;
    if (own.number == number && own.watched && own.cancels == 0) return &*own.watched;
  }
  return nullptr;
}

void WatchStream::accuse(const Own& own, const WatchBreach& breach) {
  oracle_.accuse(client_, own.number, own.watched ? to_text(own.watched->asked()) : std::string(), breach);
}

void WatchStream::on_response(const etcdserverpb::WatchResponse& response) {
  const std::int64_t id = response.watch_id();
  if (continued_ && (id != *continued_ || response.created() || response.canceled() || response.events().empty())) {
    return accuse(WatchGuarantee::atomic, "between the pieces of what watcher " + std::to_string(*continued_) + " is told came: " + to_text(response));
  }
  continued_ = response.fragment() ? std::optional(id) : std::nullopt;
  const bool is_told = !response.created() && !response.canceled();
  if (!is_told && !response.events().empty()) return accuse(WatchGuarantee::created, "an answer that creates or ends a watcher tells of something");
  if (response.created()) return on_created(response);
  if (id == -1 && !response.canceled()) return on_common_progress(response);
  const auto own = owns_.find(id);
  if (own == owns_.end()) {
    const bool has_ended = ended_.count(id) > 0;
    return accuse(has_ended ? WatchGuarantee::ended : WatchGuarantee::created, (has_ended ? "after its end came: " : "of nobody who was created came: ") + to_text(response));
  }
  if (response.canceled()) return on_canceled(own, response);
  if (!own->second.watched) return accuse(own->second, {WatchGuarantee::ended, "after its end came: " + to_text(response)});
  on_told(own->second, response);
}

void WatchStream::on_created(const etcdserverpb::WatchResponse& response) {
  if (pending_.empty()) return accuse(WatchGuarantee::created, "nobody has asked for it: " + to_text(response));
  const Pending asked = std::move(pending_.front());
  pending_.pop_front();
  const etcdserverpb::WatchCreateRequest& create = asked.create;
  const auto holder = create.watch_id() == 0 ? owns_.end() : owns_.find(create.watch_id());
  const bool may_be_taken = holder != owns_.end();
  const bool is_taken = may_be_taken && holder->second.cancels == 0;
  const bool is_wrong = is_range_empty(create) || create.start_revision() < 0;
  const auto accuse_it = [&](WatchGuarantee guarantee, const std::string& what) {
    oracle_.accuse(client_, asked.number, to_text(create), {guarantee, what});
  };
  if (response.canceled()) {
    ++oracle_.counts().refused;
    if (response.watch_id() != -1) return accuse_it(WatchGuarantee::created, "it was refused as watcher " + std::to_string(response.watch_id()));
    if (!is_wrong && !may_be_taken) return accuse_it(WatchGuarantee::created, "it was refused although it is in order: " + response.cancel_reason());
    return;
  }
  ++oracle_.counts().created;
  if (is_wrong) return accuse_it(WatchGuarantee::created, "it was not refused");
  const std::int64_t id = response.watch_id();
  const std::string as = "it was created as watcher " + std::to_string(id);
  const auto namesake = owns_.find(id);
  if (is_taken || (namesake != owns_.end() && namesake->second.cancels == 0)) return accuse_it(WatchGuarantee::identified, as + ", which another one is");
  if (id < 0 || (create.watch_id() != 0 && id != create.watch_id())) return accuse_it(WatchGuarantee::identified, as);
  const std::int64_t revision = response.header().revision();
  if (revision < 1 || revision > oracle_.log().revision()) {
    return accuse_it(WatchGuarantee::bookmarkable, as + " at revision " + std::to_string(revision) + ", but " +
                                                       std::to_string(oracle_.log().revision()) + " revisions are committed");
  }
  Own own;
  own.number = asked.number;
  own.watched.emplace(oracle_.log(), create, revision);
  if (namesake != owns_.end()) owns_.erase(namesake);
  owns_.emplace(id, std::move(own));
  ended_.erase(id);
}

void WatchStream::on_canceled(Owns::iterator own, const etcdserverpb::WatchResponse& response) {
  if (response.compact_revision() != 0) {
    if (!own->second.watched) return accuse(own->second, {WatchGuarantee::ended, "it was cancelled twice since history is gone"});
    ++oracle_.counts().compacted;
    if (const std::optional<WatchBreach> wrong = own->second.watched->on_compacted(response.compact_revision())) return accuse(own->second, *wrong);
    own->second.watched.reset();
    return;
  }
  if (own->second.cancels == 0) {
    return accuse(own->second, {WatchGuarantee::ended, "it was cancelled although nobody wanted that: " + response.cancel_reason()});
  }
  ++oracle_.counts().canceled;
  ended_.insert(own->first);
  owns_.erase(own);
}

void WatchStream::on_common_progress(const etcdserverpb::WatchResponse& response) {
  if (!response.events().empty()) return accuse(WatchGuarantee::identified, "events came for nobody: " + to_text(response));
  if (progress_asked_ == 0) return accuse(WatchGuarantee::bookmarkable, "nobody has asked how far the watchers have come: " + to_text(response));
  --progress_asked_;
  ++oracle_.counts().progress;
  for (auto& one : owns_) {
    if (!one.second.watched) continue;
    if (const std::optional<WatchBreach> wrong = one.second.watched->on_progress(response.header().revision())) return accuse(one.second, *wrong);
  }
}

void WatchStream::on_told(Own& own, const etcdserverpb::WatchResponse& response) {
  if (response.events().empty()) {
    ++oracle_.counts().progress;
    if (!own.watched->asked().progress_notify()) {
      return accuse(own, {WatchGuarantee::bookmarkable, "it had not asked to be told how far it has come: " + to_text(response)});
    }
    if (const std::optional<WatchBreach> wrong = own.watched->on_progress(response.header().revision())) accuse(own, *wrong);
    return;
  }
  oracle_.counts().events += static_cast<std::uint64_t>(response.events_size());
  if (response.fragment()) ++oracle_.counts().pieces;
  if (const std::optional<WatchBreach> wrong = own.watched->on_events(response)) accuse(own, *wrong);
}

}  // namespace sim::etcd

#include "sim/etcd/watched.h"

#include <algorithm>
#include <array>
#include <vector>

#include "core/base/assert.h"
#include "core/base/text.h"
#include "sim/etcd/difference.h"
#include "sim/etcd/txn_model.h"

namespace sim::etcd {

namespace {

using etcdserverpb::WatchCreateRequest;

constexpr std::array<std::string_view, 13> kGuarantees = {"ordered",  "unique",  "reliable", "atomic",    "resumable", "bookmarkable", "filtered",
                                                          "written", "previous", "compacted", "created", "identified", "ended"};

bool leaves_out(const WatchCreateRequest& asked, WatchCreateRequest::FilterType type) {
  return std::find(asked.filters().begin(), asked.filters().end(), static_cast<int>(type)) != asked.filters().end();
}
bool leaves_out(const WatchCreateRequest& asked, bool is_delete) {
  return leaves_out(asked, is_delete ? WatchCreateRequest::NODELETE : WatchCreateRequest::NOPUT);
}

bool is_watched(std::string_view candidate, std::string_view key, std::string_view range_end) {
  if (range_end.empty()) return candidate == key;
  return candidate >= key && (range_end == std::string_view("\0", 1) || candidate < range_end);
}

std::string event_words(bool is_delete, std::string_view key, std::int64_t revision) {
  return (is_delete ? "delete of " : "put of ") + base::escaped(key) + " at revision " + std::to_string(revision);
}
std::string event_words(const mvccpb::Event& event) {
  return event_words(event.type() == mvccpb::Event::DELETE, event.kv().key(), event.kv().mod_revision());
}

std::optional<WatchBreach> breach(WatchGuarantee guarantee, std::string what) { return WatchBreach{guarantee, std::move(what)}; }

}  // namespace

std::string_view name_of(WatchGuarantee guarantee) { return kGuarantees[static_cast<std::size_t>(guarantee)]; }

Watched::Watched(const WatchLog& log, const WatchCreateRequest& asked, std::int64_t created_at)
    : log_(log), asked_(asked), key_(asked.key().empty() ? std::string(1, '\0') : asked.key()),
      start_(asked.start_revision() > 0 ? asked.start_revision() : created_at + 1), next_{std::max(start_, log.first()), 0}, floor_(start_) {
  ASSERT(asked.start_revision() >= 0);
}

// --- what is to be told -----------------------------------------------------------------------------

bool Watched::is_wanted(WatchPlace place) const {
  const std::string_view key = log_.changed_keys(place.main)[static_cast<std::size_t>(place.sub)];
  if (!is_watched(key, key_, asked_.range_end())) return false;
  return asked_.filters().empty() || !leaves_out(asked_, log_.row(place).is_tombstone);
}

// Behind the end of the log: there is nothing.
WatchPlace Watched::first_wanted(WatchPlace from) const {
  while (from.main <= log_.revision()) {
    if (from.sub == static_cast<std::int64_t>(log_.changed_keys(from.main).size())) {
      from = {from.main + 1, 0};
      continue;
    }
    if (is_wanted(from) && !log_.may_be_gone(from)) break;
    ++from.sub;
  }
  return from;
}

std::optional<std::int64_t> Watched::untold(std::int64_t up_to) const {
  if (next_.main > log_.revision()) return std::nullopt;  // from the future on
  next_ = first_wanted(next_);  // what need not be told need not be looked at again
  return next_.main <= std::min(up_to, log_.revision()) ? std::optional(next_.main) : std::nullopt;
}

std::string Watched::words_of(WatchPlace place) const {
  const ModelRow row = log_.row(place);
  return event_words(row.is_tombstone, row.kv->key, place.main);
}

// --- what is told -----------------------------------------------------------------------------------

Watched::Breach Watched::check_filter(const mvccpb::Event& event) const {
  const std::string told = "it was told of a " + event_words(event);
  if (event.kv().mod_revision() < start_) return breach(WatchGuarantee::filtered, told + ", and begins at " + std::to_string(start_));
  if (!is_watched(event.kv().key(), key_, asked_.range_end())) return breach(WatchGuarantee::filtered, told + ", which lies outside its range");
  if (leaves_out(asked_, event.type() == mvccpb::Event::DELETE)) return breach(WatchGuarantee::filtered, told + ", which its filter leaves out");
  return std::nullopt;
}

// Of equal changes of one key the first one behind `after`.
Watched::Breach Watched::place_event(const mvccpb::Event& event, WatchPlace after, WatchPlace& place) const {
  const bool is_delete = event.type() == mvccpb::Event::DELETE;
  const std::int64_t main = event.kv().mod_revision();
  const std::string told = "it was told of a " + event_words(event);
  if (main < log_.first() || main > log_.revision()) {
    return breach(WatchGuarantee::written, told + ", but " + std::to_string(log_.revision()) + " revisions are committed");
  }
  const std::vector<std::string_view>& keys = log_.changed_keys(main);
  place = {};
  for (std::int64_t sub = 0; sub < static_cast<std::int64_t>(keys.size()); ++sub) {
    if (keys[static_cast<std::size_t>(sub)] != event.kv().key() || log_.row({main, sub}).is_tombstone != is_delete) continue;
    place = {main, sub};
    if (place > after) break;
  }
  if (place.main == 0) return breach(WatchGuarantee::written, told + ", which that revision did not do");
  mvccpb::KeyValue written;
  if (is_delete) {
    written.set_key(event.kv().key());
    written.set_mod_revision(main);
  } else {
    written = to_wire(*log_.row(place).kv);
  }
  if (equal(event.kv(), written)) return std::nullopt;
  return breach(WatchGuarantee::written, "it was told " + shown(event.kv()) + ", and written was " + shown(written));
}

// In which order they come, before it is asked what is missing: a revision too early is no gap.
Watched::Breach Watched::place_events(const etcdserverpb::WatchResponse& response, std::vector<WatchPlace>& places) const {
  WatchPlace after = last_;
  for (const mvccpb::Event& event : response.events()) {
    if (Breach wrong = check_filter(event)) return wrong;
    WatchPlace place;
    if (Breach wrong = place_event(event, after, place)) return wrong;
    if (place <= after) {
      const bool is_of_answer = std::find(places.begin(), places.end(), place) != places.end();
      const bool is_repeated = is_of_answer || (place.main == last_.main && place <= last_);
      const std::string told = "it was told of a " + event_words(event);
      if (is_repeated) return breach(WatchGuarantee::unique, told + " twice");
      return breach(WatchGuarantee::ordered, told + " after a " + words_of(after));
    }
    if (Breach wrong = check_previous(event)) return wrong;
    places.push_back(place);
    after = place;
  }
  return std::nullopt;
}

// Whatever was compacted by now may be missing: nobody knows when the server has looked.
Watched::Breach Watched::check_previous(const mvccpb::Event& event) const {
  const std::string of = "with a " + event_words(event) + " it was told ";
  if (!asked_.prev_kv()) {
    if (event.has_prev_kv()) return breach(WatchGuarantee::previous, of + "what was there before, and had not asked for that");
    return std::nullopt;
  }
  const std::int64_t before = event.kv().mod_revision() - 1;
  const ModelKeyValue* const kv = before < 1 ? nullptr : log_.model().find(event.kv().key(), before);
  if (kv == nullptr) {
    if (event.has_prev_kv()) return breach(WatchGuarantee::previous, of + "that " + shown(event.prev_kv()) + " was there before, and nothing was");
    return std::nullopt;
  }
  if (event.has_prev_kv()) {
    if (equal(event.prev_kv(), to_wire(*kv))) return std::nullopt;
    return breach(WatchGuarantee::previous, of + "that " + shown(event.prev_kv()) + " was there before, and it was " + shown(to_wire(*kv)));
  }
  if (before < log_.model().compacted()) return std::nullopt;
  return breach(WatchGuarantee::previous, of + "of nothing that was there before, and " + shown(to_wire(*kv)) + " was");
}

// Everything up to this event was told, or something is missing.
Watched::Breach Watched::pass(WatchPlace told) {
  next_ = first_wanted(next_);
  if (next_ < told) {
    const bool is_first = last_.main == 0 && floor_ == start_;
    const std::string missed = "it was not told of a " + words_of(next_) + ", and then of a " + words_of(told);
    const std::string gone = next_.main < log_.model().compacted() ? ", and not that history was compacted" : "";
    if (is_first) return breach(WatchGuarantee::resumable, missed + gone + ", although it begins at " + std::to_string(start_));
    return breach(WatchGuarantee::reliable, missed + gone);
  }
  last_ = told;
  next_ = {told.main, told.sub + 1};
  return std::nullopt;
}

Watched::Breach Watched::on_events(const etcdserverpb::WatchResponse& response) {
  ASSERT(!response.events().empty());
  if (response.fragment() && !asked_.fragment()) return breach(WatchGuarantee::atomic, "an answer came in pieces, and it had not asked for that");
  std::vector<WatchPlace> places;
  if (Breach wrong = place_events(response, places)) return wrong;
  for (const WatchPlace place : places) {
    if (Breach wrong = pass(place)) return wrong;
  }
  const std::int64_t revision = response.header().revision();
  if (revision < last_.main || revision > log_.revision()) {
    return breach(WatchGuarantee::bookmarkable, "an answer at revision " + std::to_string(revision) + " told it of a " + words_of(last_) + ", and " +
                                                    std::to_string(log_.revision()) + " revisions are committed");
  }
  if (response.fragment()) return std::nullopt;
  floor_ = last_.main + 1;
  const WatchPlace open = first_wanted(next_);
  if (open.main != last_.main) return std::nullopt;
  return breach(WatchGuarantee::atomic, "an answer ends with a " + words_of(last_) + ", without the " + words_of(open));
}

Watched::Breach Watched::on_progress(std::int64_t revision) {
  const std::string told = "it was told that it stands at revision " + std::to_string(revision);
  if (revision > log_.revision()) {
    return breach(WatchGuarantee::bookmarkable, told + ", but " + std::to_string(log_.revision()) + " revisions are committed");
  }
  if (revision < asked_.start_revision()) {
    return breach(WatchGuarantee::bookmarkable, told + ", and is to begin at " + std::to_string(asked_.start_revision()));
  }
  if (revision < floor_ - 1) return breach(WatchGuarantee::bookmarkable, told + ", after it had stood at " + std::to_string(floor_ - 1));
  if (untold(revision)) {
    return breach(WatchGuarantee::bookmarkable, told + ", and not of a " + words_of(next_));
  }
  floor_ = revision + 1;
  return std::nullopt;
}

Watched::Breach Watched::on_compacted(std::int64_t revision) const {
  const std::string told = "it was cancelled since history is compacted at " + std::to_string(revision);
  if (!log_.model().was_compacted_at(revision)) return breach(WatchGuarantee::compacted, told + ", which it is not");
  if (revision > floor_) return std::nullopt;
  return breach(WatchGuarantee::compacted, told + ", and knew everything below " + std::to_string(floor_));
}

}  // namespace sim::etcd

#include "sim/etcd/serializability.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "core/api/kv.pb.h"
#include "core/base/assert.h"
#include "core/base/text.h"
#include "sim/etcd/history_facts.h"
#include "sim/etcd/history_replay.h"
#include "sim/etcd/history_words.h"
#include "sim/etcd/wire_field.h"

namespace sim::etcd {

namespace {

// Each pass returns the first violation that it finds, or nothing.
class Checker {
 public:
  Checker(const History& history, HistoryFacts& facts) : history_(history), facts_(facts), words_(history) {}

  std::string check() {
    std::string wrong = check_log();
    if (wrong.empty()) wrong = check_answers();
    if (wrong.empty()) wrong = check_times();
    if (wrong.empty()) wrong = check_errors();
    if (wrong.empty()) wrong = HistoryReplay(history_, facts_, makers_, words_).check();
    return wrong;
  }

  // After check() found nothing.
  HistoryCounts counts() const {
    HistoryCounts out;
    out.operations = history_.operations.size();
    out.revisions = history_.log.size();
    for (OperationIndex i = 0; i < history_.operations.size(); ++i) {
      const HistoryOperation& operation = history_.operations[i];
      const OperationFacts& facts = facts_[i];
      if (operation.end == HistoryEnd::answered) {
        ++out.acknowledged;
        if (facts.may_be_stale && facts.told < facts.floor) ++out.stale_reads;
        if (is_before_run(facts)) ++out.not_judged;
      } else if (operation.end == HistoryEnd::failed && facts.meaning != ErrorMeaning::unknown) {
        ++out.refused;
      } else {
        ++out.unknown;
        if (facts.committed != 0) ++out.unknown_found;
      }
    }
    return out;
  }

 private:
  std::int64_t head() const { return history_.first_revision + static_cast<std::int64_t>(history_.log.size()); }

  // --- 1. ---------------------------------------------------------------------------------------------

  std::string check_log() {
    makers_.reserve(history_.log.size());
    std::int64_t expected = history_.first_revision;
    for (const LogRevision& revision : history_.log) {
      if (revision.revision != ++expected) {
        return "The log has no revision " + number(expected) + ": behind " + number(expected - 1) + " comes " + number(revision.revision) + ".";
      }
      std::string wrong = find_maker(revision);
      if (!wrong.empty()) return wrong;
    }
    return {};
  }

  std::string find_maker(const LogRevision& revision) {
    const auto where = [&] { return "Revision " + number(revision.revision) + " of the log "; };
    OperationIndex maker = kNoOperation;
    for (const std::string_view bytes : revision.puts) {
      const std::string_view value = bytes_field(bytes, mvccpb::KeyValue::kValueFieldNumber);
      const std::int64_t changed_at = number_field(bytes, mvccpb::KeyValue::kModRevisionFieldNumber);
      const OperationIndex writer = facts_.writer_of(value);
      if (changed_at == revision.revision && writer != kNoOperation && (maker == kNoOperation || writer == maker)) {
        maker = writer;
        continue;
      }
      const std::string what = where() + "put " + base::escaped(bytes_field(bytes, mvccpb::KeyValue::kKeyFieldNumber)) + " to \"" +
                               base::escaped(value.substr(0, 24)) + "\"";
      if (changed_at != revision.revision) return what + ", but the pair says that it changed at " + number(changed_at) + ".";
      if (writer == kNoOperation) return what + ", which no client ever sent.";
      return where() + "mixes two writes: " + words_.of(maker) + ", and " + words_.of(writer) + ".";
    }
    if (maker == kNoOperation) return where() + "holds no put, so no client sent what it did.";
    OperationFacts& facts = facts_[maker];
    if (facts.committed != 0) {
      return "A write took effect twice, at revision " + number(facts.committed) + " and at " + number(revision.revision) + ": " +
             words_.of(maker) + ".";
    }
    facts.committed = revision.revision;
    const HistoryOperation& operation = history_.operations[maker];
    if (operation.end == HistoryEnd::failed && facts.meaning != ErrorMeaning::unknown) {
      return "A write took effect at revision " + number(revision.revision) + ", although its client was told that it did not: " +
             words_.of(maker) + ".";
    }
    makers_.push_back(maker);
    return {};
  }

  // --- 2. ---------------------------------------------------------------------------------------------

  std::string check_answers() {
    for (OperationIndex i = 0; i < history_.operations.size(); ++i) {
      if (history_.operations[i].end != HistoryEnd::answered) continue;
      std::string wrong = check_revision(i);
      if (!wrong.empty()) return wrong;
    }
    return {};
  }

  std::string check_revision(OperationIndex index) {
    const OperationFacts& facts = facts_[index];
    if (!facts.is_readable) return "An answer cannot be read: that to " + words_.of(index) + ".";
    if (is_before_run(facts)) return {};
    if (facts.told < history_.first_revision) {
      return "An answer is at revision " + number(facts.told) + ", before the " + number(history_.first_revision) +
             " at which the run began: that to " + words_.of(index) + ".";
    }
    if (facts.says_wrote && facts.committed == 0) {
      return "An acknowledged write is lost: " + words_.of(index) + " was acknowledged at revision " + number(facts.told) +
             ", and no revision of the log holds it" + instead(facts.told) + ".";
    }
    if (facts.says_wrote && facts.committed != facts.told) {
      return "A write was acknowledged at revision " + number(facts.told) + ", but the log holds it at " + number(facts.committed) + ": " +
             words_.of(index) + ".";
    }
    if (!facts.says_wrote && facts.committed != 0) {
      return "A transaction took effect at revision " + number(facts.committed) + ", although its answer, at " + number(facts.told) +
             ", says that it wrote nothing: " + words_.of(index) + ".";
    }
    if (facts.told > head()) {
      return "An answer is at revision " + number(facts.told) + ", but the log ends at " + number(head()) + ": that to " + words_.of(index) + ".";
    }
    if (facts.asked > facts.told) {
      return "Revision " + number(facts.asked) + " was read of a store at revision " + number(facts.told) + ": " + words_.of(index) + ".";
    }
    return {};
  }

  // A member that lags may answer from before the run, of which nothing is known.
  bool is_before_run(const OperationFacts& facts) const {
    return facts.may_be_stale && facts.told >= 1 && facts.told < history_.first_revision;
  }

  // Who has the revision that somebody was told.
  std::string instead(std::int64_t revision) const {
    if (revision <= history_.first_revision || revision > head()) return {};
    return "; there stands " + words_.of(makers_[static_cast<std::size_t>(revision - history_.first_revision - 1)]);
  }

  // --- 3. ---------------------------------------------------------------------------------------------

  // Walks through the run: what had anybody been shown when this was sent?
  void find_floors() {
    struct Moment {
      std::int64_t at = 0;
      OperationIndex operation = 0;
      bool operator<(const Moment& other) const { return at != other.at ? at < other.at : operation < other.operation; }
    };
    std::vector<Moment> starts;
    std::vector<Moment> ends;
    starts.reserve(history_.operations.size());
    ends.reserve(history_.operations.size());
    for (OperationIndex i = 0; i < history_.operations.size(); ++i) {
      const HistoryOperation& operation = history_.operations[i];
      starts.push_back({operation.start_ns, i});
      if (operation.end == HistoryEnd::answered) ends.push_back({operation.end_ns, i});
    }
    std::sort(starts.begin(), starts.end());
    std::sort(ends.begin(), ends.end());
    std::int64_t shown = history_.first_revision;
    OperationIndex shown_by = kNoOperation;
    auto end = ends.begin();
    for (const Moment& start : starts) {
      for (; end != ends.end() && end->at < start.at; ++end) {
        if (facts_[end->operation].told <= shown) continue;
        shown = facts_[end->operation].told;
        shown_by = end->operation;
      }
      facts_[start.operation].floor = shown;
      facts_[start.operation].floor_by = shown_by;
    }
    by_start_.reserve(starts.size());
    for (const Moment& start : starts) by_start_.push_back(start.operation);
  }

  std::string check_times() {
    find_floors();
    for (const OperationIndex i : by_start_) {
      const OperationFacts& facts = facts_[i];
      if (facts.committed != 0 && facts.committed <= facts.floor) {
        return "A write stands in the log at revision " + number(facts.committed) + ", which had been shown before it was sent: " +
               words_.of(i) + shown_by(facts) + ".";
      }
      if (history_.operations[i].end == HistoryEnd::answered && !facts.may_be_stale && facts.told < facts.floor) {
        return "An answer is older than what had been shown before its request was sent: revision " + number(facts.told) + " instead of " +
               number(facts.floor) + " or later, to " + words_.of(i) + shown_by(facts) + ".";
      }
    }
    return {};
  }

  std::string shown_by(const OperationFacts& facts) const {
    if (facts.floor_by == kNoOperation) return "; the run began at revision " + number(facts.floor);
    return "; revision " + number(facts.floor) + " had been shown to " + words_.of(facts.floor_by);
  }

  std::string check_errors() const {
    for (OperationIndex i = 0; i < history_.operations.size(); ++i) {
      const HistoryOperation& operation = history_.operations[i];
      const OperationFacts& facts = facts_[i];
      if (operation.end != HistoryEnd::failed) continue;
      if (facts.meaning == ErrorMeaning::not_allowed) return "No such request may get such an error: " + words_.of(i) + ".";
      if (facts.meaning != ErrorMeaning::out_of_range) continue;
      if (facts.asked == 0) return "A request that names no revision was told that it is out of range: " + words_.of(i) + ".";
      if (operation.answer.find("future") == std::string_view::npos) {
        return "A revision was refused as compacted, and nobody compacts: " + words_.of(i) + ".";
      }
      if (!facts.may_be_stale && facts.asked <= facts.floor) {
        return "A revision was refused as not there yet, although it had been shown before: " + words_.of(i) + shown_by(facts) + ".";
      }
    }
    return {};
  }

  const History& history_;
  HistoryFacts& facts_;
  const HistoryWords words_;
  std::vector<OperationIndex> makers_;    // of each revision of the log
  std::vector<OperationIndex> by_start_;
};

}  // namespace

base::Result<HistoryVerdict> check_history(const History& history) {
  base::Result<HistoryFacts> facts = HistoryFacts::read(history);
  if (!facts) return base::fail(facts.error());
  HistoryVerdict verdict;
  Checker checker(history, *facts);
  verdict.violation = checker.check();
  verdict.counts = checker.counts();
  return verdict;
}

}  // namespace sim::etcd

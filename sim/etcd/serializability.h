// sim/etcd/serializability.h: strict serializability of a recorded history, from revisions, without a search.
//
// A history is right when its operations can be put into one order such that
//   - every answered operation is in it, once; none that was certainly refused is; of those whose outcome is open any may be;
//   - one operation stands before another if it was over before the other was sent. A read that asks for possibly stale data
//     counts as sent when the run began, and one whose outcome is open never ends; an answer of such a read from before the run
//     is not judged, since nothing is known of that time;
//   - a store that performs them in this order, from what it held when the run began, gives every answer as it was given, with
//     its revisions, and its changes are the log, revision by revision.
// Every put has a value of its own, and every delete stands beside one, so the log says which write made which revision, and an
// answer names the revision at which it was given: there is one order to try, by revision, first the write, then the reads. Hence
//   1. the log has no gap; each revision is one operation's, which was not refused, and no operation has two;
//   2. an answered write has the revision that it was told, and an answer is at a revision that the log has;
//   3. an answer is not at a revision below one that an answer which had come before it was sent has shown (real time), and a
//      write is above it; an error that says "not yet" or "compacted" is measured by the same;
//   4. replayed from its beginning, each revision changes what the log says that it changed, and each answer is the model's there.
// serializability_search_test.cc holds this against a search through all orders.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/result.h"
#include "sim/etcd/history.h"

namespace sim::etcd {

struct HistoryCounts {
  std::uint64_t operations = 0;
  std::uint64_t acknowledged = 0;   // answered with a result
  std::uint64_t refused = 0;        // certainly without effect
  std::uint64_t unknown = 0;        // the outcome is open, as far as their clients know
  std::uint64_t unknown_found = 0;  // of those, writes that the log holds
  std::uint64_t stale_reads = 0;    // answered below what had been shown, as they were ready for
  std::uint64_t not_judged = 0;     // of those, from before the run began
  std::uint64_t revisions = 0;
};

struct HistoryVerdict {
  HistoryCounts counts;
  std::string violation;  // the first one, in one sentence or two; empty: the history is strictly serializable
  bool is_right() const { return violation.empty(); }
};

// invalid: it cannot be judged, and why (docs/formats/history.md, "What can be judged").
base::Result<HistoryVerdict> check_history(const History& history);

}  // namespace sim::etcd

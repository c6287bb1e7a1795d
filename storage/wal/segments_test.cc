#include "storage/wal/segments.h"

#include <doctest/doctest.h>

#include "storage/wal/test_log.h"

namespace wal {
namespace {

// Entries 1-10 in segment 1, 11-20 in segment 2, 21-25 in segment 3, the current one; all of term 2.
Segments three_segments() {
  OpenSegment current;
  current.header.number = SegmentNumber(3);
  Segments segments({{}, {}, {}, id(2, 25)}, std::move(current), BatchNumber(7));
  segments.add_closed({SegmentNumber(1), 4096, base::LogIndex(10)});
  segments.add_closed({SegmentNumber(2), 4096, base::LogIndex(20)});
  segments.note_entries(base::LogIndex(25));
  return segments;
}

}  // namespace

TEST_CASE("a segment is needed while one of its entries counts") {
  struct Case {
    std::string_view name;
    std::optional<base::EntryId> start;
    std::optional<base::EntryId> entry;  // the only one of the batch
    std::uint64_t oldest;
    std::uint64_t oldest_after_switch;
    bool is_reset = false;
  };
  const Case cases[] = {
      {"nothing dropped", {}, id(2, 26), 1, 1},
      {"a part of a segment", id(2, 9), {}, 1, 1},
      {"one whole", id(2, 10), {}, 2, 2},
      {"two", id(2, 20), {}, 3, 3},
      {"all", id(2, 25), {}, 3, 4},
      {"all, and one entry that goes behind", id(2, 25), id(2, 26), 3, 4},
      {"a snapshot far ahead", id(3, 100), {}, 3, 4, true},
      {"a snapshot that beats entries of a lower term", id(3, 5), {}, 3, 4, true},
      {"a snapshot that beats entries of a higher term", id(1, 5), {}, 3, 4, true},
      {"a tail replaced in the last segment", {}, id(3, 22), 1, 1},
      {"a tail replaced in the second", id(2, 10), id(3, 12), 2, 2},
      {"a tail replaced from the front", {}, id(3, 1), 3, 4},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    Segments segments = three_segments();
    Batch batch;
    std::vector<base::Entry> entries;
    if (c.entry) entries.push_back(test_entry(*c.entry, "x"));
    batch.entries = entries;
    if (c.start) batch.start = base::LogStart{*c.start, ""};
    batch.is_reset = c.is_reset;
    segments.apply(batch);
    CHECK_EQ(segments.oldest_needed(), SegmentNumber(c.oldest));
    CHECK_EQ(segments.oldest_needed_after_switch(), SegmentNumber(c.oldest_after_switch));
    CHECK_EQ(segments.take_below(segments.oldest_needed()).size(), c.oldest - 1);
    CHECK_EQ(segments.closed_count(), 3 - c.oldest);
  }
}

TEST_CASE("a segment that was switched away from is needed for its own entries only") {
  Segments segments = three_segments();
  OpenSegment next;
  next.header.number = SegmentNumber(4);
  segments.switch_to(std::move(next));
  segments.note_entries(base::LogIndex(30));
  Batch batch;
  batch.start = base::LogStart{id(2, 25), ""};
  segments.apply(batch);
  CHECK_EQ(segments.oldest_needed(), SegmentNumber(4));
}

TEST_CASE("a batch larger than a segment gets a longer one, with room for the empty batch") {
  const Options options = {"wal", 16384, {}};
  CHECK_EQ(segment_bytes_for(options, 0), 16384);
  CHECK_EQ(segment_bytes_for(options, 16384 - 4096 - 512), 16384);
  CHECK_EQ(segment_bytes_for(options, 16384 - 4096), 16384 + 512);
}

}  // namespace wal

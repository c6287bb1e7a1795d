// storage/wal/test_log.h: logs in memory, for tests of how they are read.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "storage/wal/judge.h"
#include "storage/wal/replay.h"

namespace wal {

inline base::EntryId id(std::uint64_t term, std::uint64_t index) { return {base::Term(term), base::LogIndex(index)}; }

inline base::Entry test_entry(base::EntryId entry, std::string_view data) {
  return {entry, base::EntryKind::command, std::make_shared<const std::string>(data)};
}

// The files of a log, put together batch by batch so that any writer's mistake can be imitated. Entry n holds `n` as
// a word; batch n says hard state {n, 0, 0}.
class TestLog {
 public:
  static constexpr std::uint64_t kBytes = kFirstBatchOffset + 8 * kSectorBytes;

  TestLog() : tail_{{}, {}, {base::StoreGeneration(1), {}}} {}

  // Segments are begun in order; the batch that begins one repeats the state.
  void begin_segment(std::uint64_t number, std::uint64_t oldest = 1) {
    header_ = {{base::ClusterId(1), base::MemberId(2)}, SegmentNumber(number), number * 1000 + salt_++, kBytes};
    std::string& file = files[number];
    file = encode(header_);
    file.resize(kBytes, '\0');
    end_ = kFirstBatchOffset;
    chain_ = checksum_of(header_);
    oldest_ = SegmentNumber(oldest);
    is_first_ = true;
  }
  // `entries` goes first to last; none when last < first.
  void add(std::uint64_t batch, std::uint64_t first, std::uint64_t last, std::uint64_t term = 1) {
    writer_.begin();
    tail_.hard_state.term = base::Term(batch);
    writer_.add(tail_.hard_state);
    if (is_first_) {
      writer_.add(tail_.store_mark);
      writer_.add(tail_.start, oldest_);
    }
    is_first_ = false;
    for (std::uint64_t index = first; index <= last; ++index) writer_.add(test_entry(id(term, index), std::to_string(index)));
    append(batch);
  }
  void add(std::uint64_t batch) { add(batch, batch, batch); }
  void add_empty(std::uint64_t batch) {
    writer_.begin();
    append(batch);
  }
  void add_start(std::uint64_t batch, base::EntryId last_dropped, std::uint64_t oldest, bool is_reset = false) {
    tail_.start.last_dropped = last_dropped;
    oldest_ = SegmentNumber(oldest);
    writer_.begin();
    writer_.add(tail_.start, oldest_);
    if (is_reset) writer_.add_reset();
    append(batch);
  }

  // Reads it back.
  base::Result<Judged> judged() const {
    std::vector<FoundSegment> found;
    for (const auto& [number, file] : files) {
      found.push_back({SegmentNumber(number), scan_segment(file, SegmentNumber(number), segment_path("wal", SegmentNumber(number)))});
    }
    return judge("wal", std::move(found));
  }

  std::map<std::uint64_t, std::string> files;
  std::map<std::uint64_t, std::pair<std::uint64_t, std::uint64_t>> places;  // of a batch written last: segment and offset

 private:
  struct Tail {
    base::LogStart start;
    base::HardState hard_state;
    base::StoreMark store_mark;
  };

  void append(std::uint64_t batch) {
    const std::string_view bytes = writer_.seal(header_, {BatchNumber(batch), BatchNumber(batch), chain_});
    files[header_.number.value()].replace(end_, bytes.size(), bytes);
    places[batch] = {header_.number.value(), end_};
    end_ += bytes.size();
    chain_ = writer_.checksum();
  }

  Tail tail_;
  BatchWriter writer_;
  SegmentHeader header_;
  std::uint64_t end_ = 0;
  std::uint64_t chain_ = 0;
  std::uint64_t salt_ = 0;
  SegmentNumber oldest_;
  bool is_first_ = false;
};

}  // namespace wal

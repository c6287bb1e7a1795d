// The durable log: whatever lies in its segments is refused or read, and what is read is a log.
//
// The input is a program that writes segments. Checksums are made to fit where it wants them to, or nothing behind them would
// ever be reached; then it damages what it wrote.
#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/assert.h"
#include "core/base/codec.h"
#include "core/base/hash.h"
#include "property_tests/fuzz/input.h"
#include "storage/wal/batch.h"
#include "storage/wal/judge.h"
#include "storage/wal/replay.h"

namespace {

using namespace wal;

constexpr std::size_t kSegmentCountMax = 6;
constexpr std::uint64_t kSegmentSectorsMax = 40;

class Writer {
 public:
  explicit Writer(fuzz::Input& input) : in_(input) {}

  void run() {
    begin_segment();
    while (!in_.is_empty()) {
      switch (in_.below(8)) {
        case 0: begin_segment(); break;
        case 1: damage(); break;
        case 2: raw_segment(); break;
        case 3: add_batch(raw_records()); break;
        default: add_batch(records()); break;
      }
    }
  }

  std::map<std::uint64_t, std::string> files;

 private:
  struct Records {
    std::string bytes;
    std::uint32_t count = 0;
  };

  void begin_segment() {
    if (files.size() >= kSegmentCountMax) return;
    const std::uint64_t number = files.empty() ? 1 + in_.below(2) : files.rbegin()->first + 1 + in_.below(16) / 15;
    const std::uint64_t identity = 1 + in_.below(16) / 15;  // mostly one member
    header_ = {{base::ClusterId(identity), base::MemberId(2)}, SegmentNumber(number), in_.number(),
               kFirstBatchOffset + (1 + in_.below(kSegmentSectorsMax)) * kSectorBytes};
    std::string& file = files[number];
    file = encode(header_);
    file.resize(header_.bytes, '\0');
    end_ = kFirstBatchOffset;
    chain_ = checksum_of(header_);
    is_first_ = true;
  }

  void raw_segment() {
    if (files.size() >= kSegmentCountMax) return;
    std::string& file = files[files.rbegin()->first + 1];
    file = in_.bytes();
    if (in_.below(2) == 0) file.resize(round_up_to_sector(file.size() + kFirstBatchOffset), '\0');
  }

  // Any bytes, and any number of records that they are said to be.
  Records raw_records() {
    Records out;
    out.count = static_cast<std::uint32_t>(in_.number());
    out.bytes = in_.bytes();
    return out;
  }

  void add(Records& out, std::uint8_t kind, std::string_view body) {
    base::ByteWriter writer(out.bytes);
    writer.u8(kind);
    writer.bytes(body);
    ++out.count;
  }

  // Records of the right shape, with values that may make no sense.
  Records records() {
    Records out;
    std::string body;
    base::ByteWriter writer(body);
    const auto numbers = [&](int count) {
      body.clear();
      for (int i = 0; i < count; ++i) writer.u64(in_.number());
    };
    if (is_first_ && in_.below(16) != 15) {  // what every segment begins with
      numbers(3);
      add(out, 2, body);
      numbers(2);
      add(out, 3, body);
      numbers(2);
      writer.u64(std::max<std::uint64_t>(1, header_.number.value() - in_.below(2)));
      add(out, 4, body);
    }
    for (std::uint64_t left = in_.below(5); left > 0; --left) {
      const auto kind = static_cast<std::uint8_t>(1 + in_.below(4));
      if (kind == 1) {  // mostly the next entry
        entry_index_ = in_.below(8) == 7 ? in_.number() : entry_index_ + 1;
        entry_term_ = in_.below(8) == 7 ? in_.number() : entry_term_;
        body.clear();
        writer.u64(entry_term_);
        writer.u64(entry_index_);
        writer.u8(static_cast<std::uint8_t>(in_.below(4)));
        writer.raw(in_.bytes());
      } else {
        numbers(kind == 3 ? 2 : 3);
      }
      add(out, kind, body);
    }
    return out;
  }

  // Mostly where and how a writer would put it.
  void add_batch(const Records& records) {
    std::string& file = files[header_.number.value()];
    batch_ = in_.below(16) == 15 ? in_.number() : batch_ + 1;
    const std::uint64_t synced_before = is_first_ && in_.below(16) != 15 ? batch_ : batch_ - std::min(batch_, in_.below(3));
    const std::uint64_t chain = in_.below(32) == 31 ? in_.number() : chain_;
    std::string covered;
    base::ByteWriter out(covered);
    out.u32(0x3142534c);
    out.u32(records.count);
    out.u64(kBatchHeaderBytes + records.bytes.size());
    out.u64(header_.number.value());
    out.u64(batch_);
    out.u64(synced_before);
    out.u64(chain);
    out.raw(records.bytes);
    std::string batch;
    base::ByteWriter whole(batch);
    const std::uint64_t checksum = base::hash64(covered, header_.salt);
    whole.u64(checksum);
    whole.raw(covered);
    batch.resize(round_up_to_sector(batch.size()), '\0');
    if (end_ + batch.size() > file.size()) return;
    file.replace(end_, batch.size(), batch);
    end_ += batch.size();
    chain_ = checksum;
    is_first_ = false;
  }

  void damage() {
    auto place = files.begin();
    std::advance(place, static_cast<std::ptrdiff_t>(in_.below(files.size())));
    std::string& file = place->second;
    if (file.empty()) return;
    switch (in_.below(4)) {
      case 0: file[in_.below(file.size())] ^= static_cast<char>(in_.byte()); break;
      case 1: file.resize(in_.below(file.size())); break;
      case 2: files.erase(place); break;
      default: {
        const std::uint64_t at = in_.below(file.size()) / kSectorBytes * kSectorBytes;
        const std::string sector = files.rbegin()->second.substr(0, kSectorBytes);
        file.replace(at, std::min<std::size_t>(kSectorBytes, file.size() - at), sector);
        break;
      }
    }
    if (files.empty()) begin_segment();
    // The writer goes on in a file that may be another one now.
    if (!files.contains(header_.number.value())) begin_segment();
    if (!files.contains(header_.number.value())) files[header_.number.value()] = encode(header_);
  }

  fuzz::Input& in_;
  SegmentHeader header_;
  std::uint64_t end_ = 0;
  std::uint64_t chain_ = 0;
  std::uint64_t batch_ = 0;
  std::uint64_t entry_index_ = 0;
  std::uint64_t entry_term_ = 1;
  bool is_first_ = true;
};

void check(const Judged& judged) {
  ASSERT(!judged.batches.empty());
  ASSERT(judged.proven <= judged.batches.back().number.next());
  for (std::size_t i = 1; i < judged.batches.size(); ++i) ASSERT(judged.batches[i].number == judged.batches[i - 1].number.next());
  ASSERT(!judged.headers.empty());
  ASSERT(judged.last_end >= kFirstBatchOffset);
}

void check(const Replayed& replayed) {
  ASSERT(replayed.origins.size() == replayed.entries.size());
  base::EntryId last = replayed.start.last_dropped;
  for (const base::Entry& entry : replayed.entries) {
    ASSERT(entry.id.index == last.index.next());
    ASSERT(entry.id.term >= last.term);
    last = entry.id;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  Writer writer(input);
  writer.run();
  std::vector<FoundSegment> found;
  for (const auto& [number, file] : writer.files) {
    const SegmentNumber segment(number);
    found.push_back({segment, scan_segment(file, segment, segment_path("wal", segment))});
  }
  base::Result<Judged> judged = judge("wal", std::move(found));
  if (!judged) {
    ASSERT(!judged.error().detail.empty());
    return 0;
  }
  check(*judged);
  const base::Result<Replayed> replayed = replay(std::move(judged->batches));
  if (replayed) check(*replayed);
  return 0;
}

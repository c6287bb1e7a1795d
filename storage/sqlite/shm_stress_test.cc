// What two threads touch, under two threads. Meant for -Db_sanitize=thread; runs everywhere.
//
// SQLite itself is not instrumented, so the first two cases play its part by hand: data behind a lock of the
// shared index, and data published by a barrier. The third runs the real thing on a disk in memory.
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/base/assert.h"
#include "storage/sqlite/directory.h"
#include "storage/sqlite/reader.h"
#include "storage/sqlite/snapshot_reader.h"
#include "storage/sqlite/vfs.h"
#include "storage/sqlite/writer.h"

namespace sqlite {

namespace {

struct NoRandom final : io::Random {
  std::uint64_t draw(std::string_view, std::initializer_list<std::uint64_t>) override { return 42; }
};

// Files in memory; enough for a store, and safe for two threads.
class MemoryDisk final : public io::Disk {
 public:
  base::Result<std::unique_ptr<io::LogFile>> open_log_file(std::string_view) override {
    return base::fail(base::Code::invalid, "no log files here");
  }
  base::Result<std::unique_ptr<io::PageFile>> open_page_file(std::string_view path, io::Open mode) override {
    const std::lock_guard lock(mutex_);
    std::shared_ptr<Bytes>& bytes = files_[std::string(path)];
    if (bytes == nullptr && mode == io::Open::existing) {
      files_.erase(std::string(path));
      return base::fail(base::Code::not_found, std::string(path));
    }
    if (bytes == nullptr) bytes = std::make_shared<Bytes>();
    return std::make_unique<File>(bytes);
  }
  base::Status create_directory(std::string_view) override { return {}; }
  base::Status rename(std::string_view from, std::string_view to) override {
    const std::lock_guard lock(mutex_);
    auto moved = files_.extract(std::string(from));
    files_.erase(std::string(to));
    moved.key() = std::string(to);
    files_.insert(std::move(moved));
    return {};
  }
  base::Status remove(std::string_view path) override {
    const std::lock_guard lock(mutex_);
    if (files_.erase(std::string(path)) == 0) return base::fail(base::Code::not_found, std::string(path));
    return {};
  }
  base::Result<bool> exists(std::string_view path) override {
    const std::lock_guard lock(mutex_);
    return files_.count(std::string(path)) > 0;
  }
  base::Result<std::vector<std::string>> list(std::string_view) override { return std::vector<std::string>(); }
  base::Status sync_directory(std::string_view) override { return {}; }

 private:
  struct Bytes {
    std::mutex mutex;
    std::string bytes;
  };
  class File final : public io::PageFile {
   public:
    explicit File(std::shared_ptr<Bytes> bytes) : shared_(std::move(bytes)) {}
    base::Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> into) override {
      const std::lock_guard lock(shared_->mutex);
      if (offset >= shared_->bytes.size()) return std::size_t{0};
      const std::size_t count = std::min<std::size_t>(into.size(), shared_->bytes.size() - offset);
      std::memcpy(into.data(), shared_->bytes.data() + offset, count);
      return count;
    }
    base::Status write(std::uint64_t offset, std::span<const std::byte> data) override {
      const std::lock_guard lock(shared_->mutex);
      if (shared_->bytes.size() < offset + data.size()) shared_->bytes.resize(offset + data.size());
      std::memcpy(shared_->bytes.data() + offset, data.data(), data.size());
      return {};
    }
    base::Status truncate(std::uint64_t size) override {
      const std::lock_guard lock(shared_->mutex);
      shared_->bytes.resize(size);
      return {};
    }
    base::Status sync() override { return {}; }
    base::Result<std::uint64_t> size() override {
      const std::lock_guard lock(shared_->mutex);
      return shared_->bytes.size();
    }

   private:
    std::shared_ptr<Bytes> shared_;
  };

  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Bytes>> files_;
};

constexpr int kRounds = 20'000;

// Both rows and the applied index are those of one batch.
void check_is_of_one_batch(const std::string& bytes, const SnapshotHeader& header) {
  SnapshotParser parser;
  parser.feed(bytes);
  const std::string expected = std::string(6'000, 'x') + std::to_string(header.applied.index.value());
  for (int rows = 0;; ++rows) {
    const auto row = parser.next();
    REQUIRE(row.has_value());
    if (!row->has_value()) {
      REQUIRE(parser.has_ended());
      REQUIRE_EQ(rows, header.applied.index.value() == 0 ? 0 : 2);
      return;
    }
    REQUIRE((*row)->value == expected);
  }
}

}  // namespace

TEST_CASE("a lock of the shared index keeps two connections apart") {
  MemoryDisk disk;
  NoRandom random;
  Store store(disk, random, "store-1", base::StoreGeneration(1));
  const auto use = [&store] {
    IndexLocks held;
    store.join_index();
    auto* words = static_cast<std::uint64_t*>(const_cast<void*>(store.index_region(0, true)));
    for (int done = 0; done < kRounds;) {
      if (done % 3 == 0 && store.lock_index(held, 2, 2, true)) {
        ++words[0];  // two words that must agree
        ++words[1];
        store.unlock_index(held, 2, 2);
        ++done;
      } else if (done % 3 != 0 && store.lock_index(held, 3, 1, false)) {
        CHECK_EQ(words[0], words[1]);
        store.unlock_index(held, 3, 1);
        ++done;
      }
      store.set_frame(static_cast<std::uint64_t>(done % 100), static_cast<std::uint64_t>(done));
      static_cast<void>(store.frame(static_cast<std::uint64_t>(done % 77)));
    }
    return held;
  };
  IndexLocks one_held, other_held;
  std::thread other([&] { other_held = use(); });
  one_held = use();
  other.join();
  store.leave_index(one_held);
  store.leave_index(other_held);
  CHECK_FALSE(store.frame(0).has_value());  // the last one took them along
}

TEST_CASE("stores come, go and are found on two threads") {
  MemoryDisk disk;
  NoRandom random;
  const auto use = [&] {
    for (int i = 0; i < kRounds / 20; ++i) {
      Store store(disk, random, "store-1", base::StoreGeneration(1));
      CHECK_EQ(Store::find(store.name()), &store);
      CHECK_EQ(Store::find("nobody"), nullptr);
      store.fail({base::Code::io, "sync"});
      CHECK_FALSE(store.check_not_failed().has_value());
    }
  };
  std::thread other(use);
  use();
  other.join();
}

TEST_CASE("one thread writes and checkpoints while another reads, and every read is whole") {
  MemoryDisk disk;
  NoRandom random;
  Store store(disk, random, "store-1", base::StoreGeneration(1));
  std::unique_ptr<Writer> writer;
  std::unique_ptr<Reader> reader;
  {
    const Call call(store, "test", 0);
    base::Marks marks;
    REQUIRE(prepare_directory(store, true, marks));
    writer = Writer::open(store, 64U << 20U).value();
    reader = Reader::open(store, 1U << 20U).value();
  }
  // Every batch writes the same number into both rows, far apart, so a read that mixes two batches shows.
  // A checkpoint is complete when it falls between two reads; on a busy machine the first such may be long in coming.
  constexpr std::uint64_t kBatchesMin = 2'000;
  constexpr std::uint64_t kBatchesMax = 100 * kBatchesMin;
  std::atomic<bool> finished{false};
  std::uint64_t written = 0;  // the worker's until it is joined, as is the next
  std::uint64_t complete = 0;
  std::thread worker([&] {
    while (written < kBatchesMin || (complete == 0 && written < kBatchesMax)) {
      const std::uint64_t i = ++written;
      const Call call(store, "batch", i);
      Batch batch;
      const std::string value = std::string(6'000, 'x') + std::to_string(i);
      for (const Bucket bucket : {Bucket::auth, Bucket::members}) {
        batch.changes.push_back({ChangeKind::put, Row{bucket, 1, 0, 0, value}});
      }
      batch.applied = {base::Term(1), base::LogIndex(i)};
      ASSERT(writer->write(batch).has_value());
      if (i % 16 != 0) continue;
      const base::Result<bool> covered = writer->checkpoint();
      ASSERT(covered.has_value());
      if (*covered) ++complete;
    }
    finished = true;
  });
  std::uint64_t reads = 0;
  std::uint64_t snapshots = 0;
  std::unique_ptr<SnapshotReader> snapshot;  // pins a state for a while, with a reader's mark of its own
  std::string last;
  while (!finished || reads == 0) {
    if (reads % 50 == 10) {
      base::Result<std::unique_ptr<SnapshotReader>> opened = SnapshotReader::open(store);
      REQUIRE(opened.has_value());
      snapshot = std::move(*opened);
    } else if (reads % 50 == 30 && snapshot != nullptr) {
      std::string bytes;
      REQUIRE_FALSE(snapshot->read(1U << 20U, bytes).value());
      check_is_of_one_batch(bytes, snapshot->header());
      snapshot.reset();
      ++snapshots;
    }
    const Call call(store);
    const auto one = reader->read(Bucket::auth, 1);
    const auto other = reader->read(Bucket::members, 1);
    REQUIRE(one.has_value());
    REQUIRE(other.has_value());
    REQUIRE_EQ(one->has_value(), other->has_value());
    if (one->has_value()) {
      REQUIRE((*one)->value == (*other)->value);
      const std::string now((*one)->value.substr(6'000));
      REQUIRE(std::make_pair(last.size(), last) <= std::make_pair(now.size(), now));  // never back in time
      last = now;
      ++reads;
    }
    reader->end_turn();
  }
  worker.join();
  snapshot.reset();
  CHECK_GT(complete, 0);
  CHECK_GT(snapshots, 0);
  const Call call(store);
  CHECK_EQ((*reader->read(Bucket::auth, 1))->value.substr(6'000), std::to_string(written));
  reader->end_turn();
}

}  // namespace sqlite

// storage/sqlite/jobs.h: what the store worker does. A job is filled in by the loop, run off it, and read by
// the loop afterwards; it owns the writer meanwhile.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/base/ids.h"
#include "core/base/marks.h"
#include "core/base/result.h"
#include "io/workers.h"
#include "storage/sqlite/backend.h"
#include "storage/sqlite/reader.h"
#include "storage/sqlite/shm.h"
#include "storage/sqlite/tail.h"
#include "storage/sqlite/writer.h"

namespace sqlite {

// Hears of the end of each job, on the loop.
class JobListener {
 public:
  virtual void on_opened() = 0;
  virtual void on_batch_written() = 0;
  virtual void on_checkpointed() = 0;

 protected:
  ~JobListener() = default;
};

class OpenJob final : public io::Job {
 public:
  struct Request {
    io::Disk& disk;
    io::Random& random;
    const BackendOptions& options;
    base::StoreMark mark;
    base::LogIndex first_kept;
    RowVisitor& visitor;
  };
  explicit OpenJob(JobListener& listener) : listener_(listener) {}
  void prepare(const Request& request) { request_.emplace(request); }
  void run() override { status_ = open(); }
  void finished() override { listener_.on_opened(); }

  // Valid when status() is good; the connections go before the store.
  const base::Status& status() const { return status_; }
  const base::Marks& marks() const { return marks_; }
  std::unique_ptr<Store> take_store() { return std::move(store_); }
  std::unique_ptr<Writer> take_writer() { return std::move(writer_); }
  std::unique_ptr<Reader> take_reader() { return std::move(reader_); }

 private:
  base::Status open();
  base::Status open_connections();
  base::Status check(const Meta& meta);

  JobListener& listener_;
  std::optional<Request> request_;
  base::Status status_;
  base::Marks marks_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Writer> writer_;
  std::unique_ptr<Reader> reader_;
};

class BatchJob final : public io::Job {
 public:
  explicit BatchJob(JobListener& listener) : listener_(listener) {}
  void prepare(Store& store, Writer& writer, const Batch& batch);
  void run() override;
  void finished() override { listener_.on_batch_written(); }
  const base::Status& status() const { return status_; }

 private:
  JobListener& listener_;
  Store* store_ = nullptr;
  Writer* writer_ = nullptr;
  const Batch* batch_ = nullptr;
  base::Status status_;
};

class CheckpointJob final : public io::Job {
 public:
  explicit CheckpointJob(JobListener& listener) : listener_(listener) {}
  void prepare(Store& store, Writer& writer, std::uint64_t vacuum_pages);
  void run() override;
  void finished() override { listener_.on_checkpointed(); }
  // Everything committed so far is durable. True: in the database file; false: some of it in `-wal`, which a reader keeps from being copied.
  const base::Result<bool>& covered() const { return covered_; }

 private:
  JobListener& listener_;
  Store* store_ = nullptr;
  Writer* writer_ = nullptr;
  std::uint64_t vacuum_pages_ = 0;
  base::Result<bool> covered_ = false;
};

}  // namespace sqlite

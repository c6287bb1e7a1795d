#include "storage/sqlite/jobs.h"

#include <utility>

#include "core/base/assert.h"
#include "storage/sqlite/directory.h"
#include "storage/sqlite/vfs.h"

namespace sqlite {

namespace {

// What the operator can do about a store that is not what was written.
base::Error with_advice(base::Error error) {
  if (error.code != base::Code::damaged) return error;
  error.detail +=
      "; the store is damaged and is not used. In a cluster remove this member, delete its data directory and add "
      "it again; a single member is restored from a snapshot";
  return error;
}

}  // namespace

base::Status OpenJob::open() {
  const Request& request = *request_;
  store_ = std::make_unique<Store>(request.disk, request.random,
                                   directory_of(request.options.directory_prefix, request.mark.generation),
                                   request.mark.generation);
  const Call call(*store_, "store/open", request.mark.applied.value());
  base::Status opened = open_connections();
  if (opened) opened = remove_other_generations(request.disk, request.options.directory_prefix, request.mark.generation, marks_);
  if (opened) return opened;
  reader_.reset();
  writer_.reset();
  return base::fail(with_advice(opened.error()));
}

base::Status OpenJob::open_connections() {
  const Request& request = *request_;
  const bool may_create = request.mark.applied == base::LogIndex();
  if (base::Status done = prepare_directory(*store_, may_create, marks_); !done) return done;
  base::Result<std::unique_ptr<Writer>> writer = Writer::open(*store_, request.options.wal_bytes_max);
  if (!writer) return base::fail(writer.error());
  writer_ = std::move(*writer);
  if (base::Status done = check(writer_->meta()); !done) return done;
  const base::Result<base::Hash128> rows = writer_->visit(request.visitor);
  if (!rows) return base::fail(rows.error());
  if (*rows != writer_->meta().rows) {
    return base::fail(base::Code::damaged, store_->directory() + ": the rows add up to " + base::to_text(*rows) +
                                               ", but were written with the sum " +
                                               base::to_text(writer_->meta().rows));
  }
  base::Result<std::unique_ptr<Reader>> reader = Reader::open(*store_, request.options.page_cache_bytes);
  if (!reader) return base::fail(reader.error());
  reader_ = std::move(*reader);
  return {};
}

base::Status OpenJob::check(const Meta& meta) {
  const Request& request = *request_;
  const std::string& directory = store_->directory();
  if (meta.generation != request.mark.generation) {
    return base::fail(base::Code::damaged,
                      directory + ": the store says that it is of generation " + base::to_text(meta.generation));
  }
  const std::string stands = directory + ": the store stands at log index " + base::to_text(meta.applied.index);
  if (meta.applied.index < request.mark.applied) {
    return base::fail(base::Code::damaged,
                      stands + ", but was durable up to " + base::to_text(request.mark.applied));
  }
  if (meta.applied.index.next() < request.first_kept) {
    return base::fail(base::Code::damaged,
                      stands + ", but the log begins at " + base::to_text(request.first_kept));
  }
  return {};
}

void BatchJob::prepare(Store& store, Writer& writer, const Batch& batch) {
  store_ = &store;
  writer_ = &writer;
  batch_ = &batch;
}

void BatchJob::run() {
  const Call call(*store_, "store/batch", batch_->applied.index.value());
  status_ = writer_->write(*batch_);
}

void CheckpointJob::prepare(Store& store, Writer& writer, std::uint64_t vacuum_pages) {
  store_ = &store;
  writer_ = &writer;
  vacuum_pages_ = vacuum_pages;
}

void CheckpointJob::run() {
  const Call call(*store_, "store/checkpoint", writer_->meta().applied.index.value());
  if (vacuum_pages_ > 0) {
    // A full disk may have no room for it, and yet for the checkpoint.
    const base::Status done = writer_->vacuum(vacuum_pages_);
    if (!done && done.error().code != base::Code::no_space) {
      covered_ = base::fail(done.error());
      return;
    }
  }
  covered_ = writer_->checkpoint();
  if (!covered_ || *covered_) return;
  if (const base::Status synced = writer_->sync_wal(); !synced) covered_ = base::fail(synced.error());
}

}  // namespace sqlite

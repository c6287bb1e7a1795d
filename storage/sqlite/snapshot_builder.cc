#include "storage/sqlite/snapshot_builder.h"

#include <optional>
#include <utility>
#include <vector>

#include "core/base/assert.h"
#include "storage/sqlite/directory.h"
#include "storage/sqlite/vfs.h"

namespace sqlite {

namespace {

constexpr std::string_view kPurpose = "store/receive";

// Reads every page once more; the sum is what counts.
struct NoVisitor final : RowVisitor {
  void on_row(const RowView&) override {}
};

}  // namespace

SnapshotBuilder::SnapshotBuilder(io::Disk& disk, io::Random& random, const BackendOptions& options, const base::StoreMark& mark)
    : disk_(disk),
      options_(options),
      mark_(mark),
      store_(std::make_unique<Store>(disk, random, directory_of(options.directory_prefix, mark.generation), mark.generation)) {}

base::Status SnapshotBuilder::invalid(const std::string& what) const {
  return base::fail(base::Code::invalid, "the snapshot at log index " + base::to_text(mark_.applied) + " " + what);
}

base::Status SnapshotBuilder::begin() {
  if (base::Status done = remove_generation(disk_, options_.directory_prefix, mark_.generation); !done) return done;
  base::Marks ignored;
  if (base::Status done = prepare_directory(*store_, true, ignored); !done) return done;
  base::Result<std::unique_ptr<Writer>> writer = Writer::open(*store_, options_.wal_bytes_max);
  if (!writer) return base::fail(writer.error());
  writer_ = std::move(*writer);
  return writer_->begin_filling();
}

base::Status SnapshotBuilder::add(std::string piece) {
  const Call call(*store_, kPurpose, piece_count_++);
  if (writer_ == nullptr) {
    if (base::Status begun = begin(); !begun) return begun;
  }
  return write(std::move(piece));
}

// One transaction for each piece.
base::Status SnapshotBuilder::write(std::string piece) {
  parser_.feed(std::move(piece));
  std::vector<RowView> rows;
  for (;;) {
    const base::Result<std::optional<RowView>> row = parser_.next();
    if (!row) return base::fail(row.error());
    if (!*row) break;
    rows_.add(hash(**row));
    rows.push_back(**row);
  }
  if (parser_.header() && parser_.header()->applied.index != mark_.applied) {
    return invalid("says that it is one at " + base::to_text(parser_.header()->applied.index));
  }
  if (base::Status written = writer_->fill(rows); !written) return written;
  if (writer_->wal_bytes() < options_.wal_bytes_max / 2) return {};
  const base::Result<bool> covered = writer_->checkpoint();
  return covered ? base::Status() : base::fail(covered.error());
}

base::Status SnapshotBuilder::finish() {
  if (base::Status whole = check_whole(); !whole) return whole;
  ASSERT(writer_ != nullptr);  // something came
  const Call call(*store_, kPurpose, piece_count_++);
  const SnapshotHeader& header = *parser_.header();
  if (base::Status done = writer_->finish_filling({mark_.generation, header.applied, header.rows, header.state}); !done) return done;
  if (base::Status done = check_written(); !done) return done;
  writer_.reset();
  return seal_directory(*store_);
}

base::Status SnapshotBuilder::check_whole() {
  if (!parser_.has_ended()) return base::fail(base::Code::damaged, "a snapshot ends too early");
  if (rows_ != parser_.header()->rows) {
    return base::fail(base::Code::damaged, "the rows of a snapshot add up to " + base::to_text(rows_) + ", and were sent with the sum " +
                                               base::to_text(parser_.header()->rows));
  }
  return {};
}

// As it will be found when it is opened, where it would be too late.
base::Status SnapshotBuilder::check_written() {
  const base::Result<bool> covered = writer_->checkpoint();
  if (!covered) return base::fail(covered.error());
  ASSERT(*covered);  // nobody else reads
  NoVisitor visitor;
  const base::Result<base::Hash128> rows = writer_->visit(visitor);
  if (!rows) return base::fail(rows.error());
  if (*rows == writer_->meta().rows) return {};
  return base::fail(base::Code::damaged, store_->directory() + ": the rows are not what was written");
}

base::Status SnapshotBuilder::remove() {
  writer_.reset();
  return remove_generation(disk_, options_.directory_prefix, mark_.generation);
}

}  // namespace sqlite

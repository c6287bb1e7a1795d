#include "storage/mvcc/hash.h"

#include <string>

#include "core/base/assert.h"
#include "storage/mvcc/overtaken.h"
#include "storage/mvcc/record.h"
#include "storage/mvcc/rows.h"

namespace mvcc {

namespace {

constexpr std::string_view kBucketName = "key";

void append_big_endian(std::string& out, std::uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> static_cast<unsigned>(shift)));
}

// How etcd names a row: 8 bytes main, `_`, 8 bytes sub, and a `t` for a tombstone.
std::string etcd_row_key(const sqlite::RowView& row) {
  std::string out;
  out.reserve(18);
  append_big_endian(out, static_cast<std::uint64_t>(row.main));
  out.push_back('_');
  append_big_endian(out, sub_of(row).value());
  if (kind_of(row) == RowKind::tombstone) out.push_back('t');
  return out;
}

}  // namespace

HashScan::HashScan(const Store& store, sqlite::Backend& backend, std::int64_t requested)
    : store_(store), backend_(backend), requested_(requested) {}

tl::expected<void, RevisionError> HashScan::prepare_slice() {
  if (begun_count_ > 0 && compacted_ == store_.compacted()) return {};
  const tl::expected<Revision, RevisionError> revision = store_.readable(requested_);
  if (!revision) return tl::unexpected(revision.error());
  ++begun_count_;
  compacted_ = store_.compacted();
  revision_ = *revision;
  next_row_ = 0;
  keeps_something_ = false;
  crc_ = base::Crc32c();
  crc_.add(kBucketName);
  crc_if_nothing_is_kept_ = crc_;
  return {};
}

base::Result<bool> HashScan::run_slice(const HashBudget& budget) {
  ASSERT(begun_count_ > 0);
  ASSERT(compacted_ == store_.compacted());
  if (requested_ < 0) return true;
  const std::uint64_t factor = overtaken_factor(begun_count_);
  std::uint64_t bytes = 0;
  for (std::uint64_t rows = 0; rows < budget.rows * factor && bytes < budget.bytes * factor; ++rows) {
    const base::Result<std::optional<sqlite::RowView>> row = backend_.read_at_or_after(sqlite::Bucket::key, next_row_);
    if (!row) return base::fail(row.error());
    if (!row->has_value() || revision_from((*row)->main) > revision_) return true;
    if (base::Status added = add(**row); !added) return base::fail(added.error());
    bytes += (*row)->value.size();
    next_row_ = (*row)->id + 1;
  }
  return false;
}

base::Status HashScan::add(const sqlite::RowView& row) {
  const Revision main = revision_from(row.main);
  const bool is_compacted = main <= compacted_;
  if (!is_compacted && keeps_something_) {  // the common case needs no look at the record
    crc_.add(etcd_row_key(row));
    crc_.add(row.value);
    return {};
  }
  const base::Result<Record> record = decode(row.value);
  if (!record) return base::fail(record.error());
  const auto stands_at = [&](Revision revision) {
    const KeyVersion* version = store_.find(record->key, revision);
    return version != nullptr && version->row == RowId(row.id);
  };
  const bool is_kept = stands_at(revision_);
  keeps_something_ = keeps_something_ || is_kept;
  // A tombstone exactly at the compacted revision is there, but older releases of etcd deleted it: it never counts.
  const bool is_there = !is_compacted || stands_at(*compacted_);
  if (!is_there) return {};
  const std::string key = etcd_row_key(row);
  if (!keeps_something_) {
    crc_if_nothing_is_kept_.add(key);
    crc_if_nothing_is_kept_.add(row.value);
  }
  if (!is_compacted || is_kept) {
    crc_.add(key);
    crc_.add(row.value);
  }
  return {};
}

KvHash HashScan::result() const {
  ASSERT(begun_count_ > 0);
  return {keeps_something_ ? crc_.value() : crc_if_nothing_is_kept_.value(), compacted_,
          requested_ < 0 ? requested_ : to_signed(revision_)};
}

}  // namespace mvcc

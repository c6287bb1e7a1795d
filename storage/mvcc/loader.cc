#include "storage/mvcc/loader.h"

#include <algorithm>

#include "core/base/assert.h"
#include "core/base/release.h"
#include "storage/mvcc/compacted_row.h"
#include "storage/mvcc/record.h"
#include "storage/mvcc/rows.h"

namespace mvcc {

std::string_view Loader::key_of(const Item& item) const {
  return std::string_view(keys_).substr(item.key_offset, item.key_size);
}

void Loader::refuse(const sqlite::RowView& row, std::string_view what) {
  status_ = base::fail(base::Code::damaged, "row " + std::to_string(row.id) + " of the bucket `key`: " + std::string(what));
}

void Loader::on_row(const sqlite::RowView& row) {
  if (!status_) return;
  if (row.bucket == sqlite::Bucket::key) return on_key_row(row);
  ASSERT(row.bucket == sqlite::Bucket::compaction);
  const base::Result<Revision> compacted = parse_compacted_row(row);
  if (!compacted) {
    status_ = base::fail(compacted.error());
    return;
  }
  compacted_ = *compacted;
}

void Loader::on_key_row(const sqlite::RowView& row) {
  if (row.main <= 0 || row.sub < 0 || row.id <= last_row_.value()) return refuse(row, "its numbers are out of order");
  const Revision main = revision_from(row.main);
  const bool later = main > current_ || (main == current_ && !items_.empty() && sub_of(row) > last_sub_);
  if (!later) return refuse(row, "its revision goes back");
  const base::Result<Record> record = decode(row.value);
  if (!record) {
    status_ = base::fail(record.error());
    return;
  }
  KeyVersion version{main, Revision(), 0, RowId(row.id)};
  if (kind_of(row) == RowKind::put) {
    if (record->mod_revision != row.main || record->version <= 0 || record->create_revision <= 0 ||
        record->create_revision > row.main) {
      return refuse(row, "its record is of another revision");
    }
    version.created = revision_from(record->create_revision);
    version.version = static_cast<std::uint64_t>(record->version);
  } else if (record->mod_revision != 0 || record->version != 0) {
    return refuse(row, "a tombstone holds a value");
  }
  items_.push_back(Item{keys_.size(), record->key.size(), version});
  keys_.append(record->key);
  current_ = main;
  last_sub_ = sub_of(row);
  last_row_ = RowId(row.id);
}

base::Result<Loaded> Loader::take() {
  if (!status_) return base::fail(status_.error());
  if (compacted_ > current_) {
    return base::fail(base::Code::damaged, "the store is compacted at revision " + base::to_text(*compacted_) +
                                               ", but its rows end at " + base::to_text(current_));
  }
  std::sort(items_.begin(), items_.end(), [this](const Item& a, const Item& b) {
    const int order = key_of(a).compare(key_of(b));
    return order != 0 ? order < 0 : a.version.row < b.version.row;
  });
  Loaded loaded;
  for (const Item& item : items_) loaded.index.append(key_of(item), item.version);
  loaded.current = current_;
  loaded.last_row = last_row_;
  loaded.compacted = compacted_;
  base::release(items_);
  base::release(keys_);
  return loaded;
}

}  // namespace mvcc

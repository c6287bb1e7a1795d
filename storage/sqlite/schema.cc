#include "storage/sqlite/schema.h"

#include "core/base/assert.h"

namespace sqlite {

namespace {

// "key", with the quotes: KEY is a word of SQL's.
std::string quoted(Bucket bucket) { return '"' + std::string(table_name(bucket)) + '"'; }

bool has_revision(Bucket bucket) { return bucket == Bucket::key; }

std::string columns(Bucket bucket) { return has_revision(bucket) ? "id,main,sub,value" : "id,value"; }

std::string select_from(Bucket bucket) { return "SELECT " + columns(bucket) + " FROM " + quoted(bucket); }

}  // namespace

std::string_view table_name(Bucket bucket) {
  switch (bucket) {
    case Bucket::key: return "key";
    case Bucket::lease: return "lease";
    case Bucket::auth: return "auth";
    case Bucket::members: return "members";
    case Bucket::alarm: return "alarm";
    case Bucket::compaction: return "compaction";
  }
  ASSERT(false);
  return {};
}

std::string create_table_sql(Bucket bucket) {
  return "CREATE TABLE " + quoted(bucket) +
         (has_revision(bucket) ? "(id INTEGER PRIMARY KEY,main INTEGER NOT NULL,sub INTEGER NOT NULL,value BLOB NOT NULL)"
                               : "(id INTEGER PRIMARY KEY,value BLOB NOT NULL)");
}

std::string create_meta_sql() {
  return "CREATE TABLE \"meta\"(id INTEGER PRIMARY KEY,generation INTEGER NOT NULL,applied_index INTEGER NOT NULL,"
         "applied_term INTEGER NOT NULL,rows_high INTEGER NOT NULL,rows_low INTEGER NOT NULL,"
         "state_high INTEGER NOT NULL,state_low INTEGER NOT NULL)";
}

std::string put_sql(Bucket bucket) {
  return "INSERT OR REPLACE INTO " + quoted(bucket) + (has_revision(bucket) ? " VALUES(?1,?2,?3,?4)" : " VALUES(?1,?2)");
}

std::string erase_sql(Bucket bucket) { return "DELETE FROM " + quoted(bucket) + " WHERE id=?1"; }

std::string select_sql(Bucket bucket) { return select_from(bucket) + " WHERE id=?1"; }

std::string select_at_or_after_sql(Bucket bucket) { return select_from(bucket) + " WHERE id>=?1 ORDER BY id LIMIT 1"; }

std::string select_all_sql(Bucket bucket) { return select_from(bucket) + " ORDER BY id"; }

std::string meta_read_sql() {
  return "SELECT generation,applied_index,applied_term,rows_high,rows_low,state_high,state_low FROM \"meta\" WHERE id=1";
}

std::string meta_write_sql() {
  return "UPDATE \"meta\" SET applied_index=?1,applied_term=?2,rows_high=?3,rows_low=?4,state_high=?5,state_low=?6 "
         "WHERE id=1";
}

Statement& bind_row(Statement& put, const RowView& row) {
  put.bind(1, static_cast<std::int64_t>(row.id));
  if (!has_revision(row.bucket)) return put.bind(2, row.value);
  return put.bind(2, row.main).bind(3, row.sub).bind(4, row.value);
}

RowView row_view(Bucket bucket, const Statement& select) {
  const auto id = static_cast<std::uint64_t>(select.integer(0));
  if (!has_revision(bucket)) return {bucket, id, 0, 0, select.bytes(1)};
  return {bucket, id, select.integer(1), select.integer(2), select.bytes(3)};
}

base::Hash128 hash(const RowView& row) {
  const std::uint64_t place = base::mix64(static_cast<std::uint64_t>(row.bucket), row.id);
  const std::uint64_t revision = base::mix64(static_cast<std::uint64_t>(row.main), static_cast<std::uint64_t>(row.sub));
  return base::hash128(row.value, base::mix64(place, revision));
}

}  // namespace sqlite

// storage/sqlite/schema.h: names and statements of the tables (docs/formats/store.md).
#pragma once

#include <string>
#include <string_view>

#include "storage/sqlite/backend.h"
#include "storage/sqlite/connection.h"

namespace sqlite {

inline constexpr std::string_view kDatabaseFile = "db";

std::string_view table_name(Bucket bucket);
std::string create_table_sql(Bucket bucket);
std::string create_meta_sql();

// Parameters as bind_row() sets them.
std::string put_sql(Bucket bucket);
std::string erase_sql(Bucket bucket);            // ?1: id
std::string select_sql(Bucket bucket);           // ?1: id; columns for row_view()
std::string select_at_or_after_sql(Bucket bucket);  // ?1: id; at most one row
std::string select_all_sql(Bucket bucket);

// Columns: generation, applied index, applied term, rows high and low, state high and low. Parameters: the
// same without the generation.
std::string meta_read_sql();
std::string meta_write_sql();

Statement& bind_row(Statement& put, const RowView& row);
// The current row of a select; its value lives until the next step.
RowView row_view(Bucket bucket, const Statement& select);

}  // namespace sqlite

// storage/sqlite/snapshot_format.h: a whole store as one string of bytes, on its way to another member (docs/formats/snapshot.md).
//
// It comes in pieces, which may be cut anywhere. Whoever reads it believes nothing: what makes no sense is an error, never a crash.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/hash.h"
#include "core/base/ids.h"
#include "core/base/result.h"
#include "storage/sqlite/backend.h"

namespace sqlite {

inline constexpr std::uint32_t kSnapshotVersion = 1;
inline constexpr std::size_t kRowValueBytesMax = 1'000'000'000;  // SQLite's own bound

// What `meta` says in the store that it was taken of.
struct SnapshotHeader {
  base::EntryId applied;
  base::Hash128 rows;
  base::Hash128 state;
};

void append_header(std::string& out, const SnapshotHeader& header);
void append_row(std::string& out, const RowView& row);
void append_end(std::string& out, std::uint64_t row_count);

// Takes the pieces, and gives the rows.
class SnapshotParser {
 public:
  void feed(std::string piece);
  // The next row, until the next feed(). nullopt: it takes more pieces, or has ended. `damaged`: these are not bytes of a snapshot;
  // `invalid`: they are those of a version that this one does not know. Both are final.
  base::Result<std::optional<RowView>> next();

  const std::optional<SnapshotHeader>& header() const { return header_; }  // once next() came across it
  bool has_ended() const { return stage_ == Stage::ended; }

 private:
  enum class Stage : std::uint8_t { header, rows, ended };
  std::string_view rest() const { return std::string_view(bytes_).substr(used_); }
  base::Status parse_header();
  base::Result<std::optional<RowView>> parse_row();
  base::Status parse_end();

  Stage stage_ = Stage::header;
  std::string bytes_;
  std::size_t used_ = 0;  // of bytes_
  std::optional<SnapshotHeader> header_;
  std::uint64_t row_count_ = 0;
  std::optional<RowView> last_;  // without its value: rows are in order
};

}  // namespace sqlite

// storage/sqlite/reader.h: the connection by which the loop reads.
//
// One read transaction per turn: begun by the first read, ended with the turn, so that it never keeps a
// checkpoint from finishing. Opened in a job, then used by the loop alone.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "storage/sqlite/backend.h"
#include "storage/sqlite/connection.h"

namespace sqlite {

// Bytes that live until the turn ends.
class TurnBytes {
 public:
  std::string_view keep(std::string_view bytes);
  void clear();

 private:
  struct Block {
    std::unique_ptr<char[]> bytes;
    std::size_t size = 0;
  };
  std::vector<Block> blocks_;
  std::size_t used_ = 0;  // of the last block
};

class Reader {
 public:
  static base::Result<std::unique_ptr<Reader>> open(Store& store, std::uint64_t cache_bytes);
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  // The views live until end_turn().
  base::Result<std::optional<RowView>> read(Bucket bucket, std::uint64_t id);
  base::Result<std::optional<RowView>> read_at_or_after(Bucket bucket, std::uint64_t from);

  // The next read sees what was committed meanwhile. Views stay.
  void end_transaction();
  void end_turn();

 private:
  explicit Reader(Connection connection) : connection_(std::move(connection)) {}
  base::Result<std::optional<RowView>> run(Bucket bucket, Statement& select, std::uint64_t id);

  // Declared before its statements, which must go first.
  Connection connection_;
  Statement begin_, commit_;
  std::array<Statement, kBucketCount> select_, select_at_or_after_;
  TurnBytes turn_bytes_;
  bool in_transaction_ = false;
};

}  // namespace sqlite

// storage/sqlite/connection.h: an SQLite connection and its prepared statements, with our settings and errors.
//
// Every function that may reach the disk is called within a Call (vfs.h), whose error it reports.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "storage/sqlite/shm.h"

namespace sqlite {

struct CloseConnection {
  void operator()(sqlite3* connection) const;
};
struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const;
};

class Connection;

// Prepared once, run often. Bound bytes must stay until the step that uses them.
class Statement {
 public:
  Statement() = default;

  Statement& bind(int position, std::int64_t value);
  Statement& bind(int position, std::string_view bytes);

  // True: there is a row, to be read by the columns. After false or an error the statement is reset.
  base::Result<bool> step();
  // For statements without rows.
  base::Status run();
  void reset();

  std::int64_t integer(int column) const;
  std::string_view bytes(int column) const;  // until the next step or reset

 private:
  friend class Connection;
  std::unique_ptr<sqlite3_stmt, FinalizeStatement> statement_;
};

enum class Access : std::uint8_t { create, write, read };

class Connection {
 public:
  // `cache_bytes` bounds the page cache.
  static base::Result<Connection> open(Store& store, std::string_view file, Access access, std::uint64_t cache_bytes);

  base::Status run(const char* sql);  // one or more statements, whose rows are dropped
  base::Result<Statement> prepare(std::string_view sql);
  base::Result<std::int64_t> integer(std::string_view sql);  // the one value of the one row
  bool is_in_transaction() const;
  sqlite3* handle() const { return connection_.get(); }

 private:
  std::unique_ptr<sqlite3, CloseConnection> connection_;
};

// The error behind a result code of SQLite's on this connection.
base::Error error_of(sqlite3* connection, int result);

}  // namespace sqlite

#include "storage/sqlite/connection.h"

#include <utility>

#include "core/base/assert.h"
#include "storage/sqlite/vfs.h"

namespace sqlite {

namespace {

// A reader that meets the writer in the middle of publishing a commit is told to come back, by SQLite after
// a hundred waits of its own, which take the writer a microsecond. More often than this is a bug.
constexpr int kAttemptsMax = 1000;

bool is_momentary(int result) {
  return (result & 0xff) == SQLITE_BUSY || (result & 0xff) == SQLITE_PROTOCOL;
}

template <typename Attempt>
int until_settled(Attempt attempt) {
  int result = attempt();
  for (int count = 1; is_momentary(result) && count < kAttemptsMax; ++count) {
    yield_thread();
    result = attempt();
  }
  return result;
}

base::Code code_of(int result) {
  switch (result & 0xff) {
    case SQLITE_FULL: return base::Code::no_space;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return base::Code::damaged;
    default: return base::Code::io;
  }
}

}  // namespace

void CloseConnection::operator()(sqlite3* connection) const {
  // Cannot fail: statements are finalised before their connection.
  const int closed = sqlite3_close(connection);
  ASSERT(closed == SQLITE_OK);
}

void FinalizeStatement::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

base::Error error_of(sqlite3* connection, int result) {
  ASSERT(result != SQLITE_OK);
  const Call* call = Call::current();
  if (call != nullptr && call->error()) return *call->error();
  return {code_of(result), std::string("SQLite: ") + sqlite3_errmsg(connection)};
}

// Statement.

Statement& Statement::bind(int position, std::int64_t value) {
  const int bound = sqlite3_bind_int64(statement_.get(), position, value);
  ASSERT(bound == SQLITE_OK);
  return *this;
}

Statement& Statement::bind(int position, std::string_view bytes) {
  // A null pointer would bind NULL; an empty value is a value.
  const char* data = bytes.empty() ? "" : bytes.data();
  const int bound = sqlite3_bind_blob64(statement_.get(), position, data, bytes.size(), SQLITE_STATIC);
  ASSERT(bound == SQLITE_OK);
  return *this;
}

base::Result<bool> Statement::step() {
  const int result = until_settled([&] {
    const int stepped = sqlite3_step(statement_.get());
    if (is_momentary(stepped)) sqlite3_reset(statement_.get());
    return stepped;
  });
  if (result == SQLITE_ROW) return true;
  if (result == SQLITE_DONE) {
    reset();
    return false;
  }
  base::Error error = error_of(sqlite3_db_handle(statement_.get()), result);
  reset();
  return base::fail(std::move(error));
}

base::Status Statement::run() {
  const base::Result<bool> row = step();
  if (!row) return base::fail(row.error());
  ASSERT(!*row);
  return {};
}

void Statement::reset() { sqlite3_reset(statement_.get()); }

std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(statement_.get(), column); }

std::string_view Statement::bytes(int column) const {
  const void* data = sqlite3_column_blob(statement_.get(), column);
  const int size = sqlite3_column_bytes(statement_.get(), column);
  return {static_cast<const char*>(data), static_cast<std::size_t>(size)};
}

// Connection.

base::Result<Connection> Connection::open(Store& store, std::string_view file, Access access,
                                          std::uint64_t cache_bytes) {
  initialise_library();
  const std::string path = store.name() + "/" + std::string(file);
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (access == Access::create ? SQLITE_OPEN_CREATE : 0);
  sqlite3* raw = nullptr;
  const int opened = sqlite3_open_v2(path.c_str(), &raw, flags, nullptr);
  Connection connection;
  connection.connection_.reset(raw);
  if (opened != SQLITE_OK) return base::fail(error_of(raw, opened));

  // Closing writes nothing: a store is left as a crash would leave it, and opened with that in mind.
  const int configured = sqlite3_db_config(raw, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  ASSERT(configured == SQLITE_OK);
  const std::string cache = "PRAGMA cache_size=-" + std::to_string(cache_bytes / 1024);
  for (const char* setting : {"PRAGMA temp_store=MEMORY", "PRAGMA mmap_size=0", "PRAGMA secure_delete=OFF",
                              "PRAGMA wal_autocheckpoint=0", "PRAGMA synchronous=NORMAL", cache.c_str()}) {
    if (base::Status set = connection.run(setting); !set) return base::fail(set.error());
  }
  if (access == Access::read) {
    if (base::Status set = connection.run("PRAGMA query_only=ON"); !set) return base::fail(set.error());
  }
  return connection;
}

// Of several statements the first alone can meet the writer, before anything was done.
base::Status Connection::run(const char* sql) {
  const int result = until_settled([&] { return sqlite3_exec(connection_.get(), sql, nullptr, nullptr, nullptr); });
  if (result == SQLITE_OK) return {};
  return base::fail(error_of(connection_.get(), result));
}

base::Result<Statement> Connection::prepare(std::string_view sql) {
  sqlite3_stmt* raw = nullptr;
  const int result = until_settled([&] {
    return sqlite3_prepare_v3(connection_.get(), sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
  });
  if (result != SQLITE_OK) return base::fail(error_of(connection_.get(), result));
  Statement statement;
  statement.statement_.reset(raw);
  return statement;
}

base::Result<std::int64_t> Connection::integer(std::string_view sql) {
  base::Result<Statement> statement = prepare(sql);
  if (!statement) return base::fail(statement.error());
  const base::Result<bool> row = statement->step();
  if (!row) return base::fail(row.error());
  if (!*row) return base::fail(base::Code::damaged, "SQLite: no row for: " + std::string(sql));
  return statement->integer(0);
}

bool Connection::is_in_transaction() const { return sqlite3_get_autocommit(connection_.get()) == 0; }

}  // namespace sqlite

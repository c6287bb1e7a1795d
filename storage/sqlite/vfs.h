// storage/sqlite/vfs.h: SQLite's view of a member's disk.
//
// One sqlite3_vfs serves the process and is its default one, because SQLite seeds its generator from the
// default. A path is `<store name>/<file>`; the name leads to the member's disk (shm.h). The clock stands
// still, sleeping is yielding, and chance comes from the named draw of the call under way. Only database
// and `-wal` files can be opened: nothing here ever needs a rollback journal or a temporary file.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/result.h"
#include "storage/sqlite/shm.h"

namespace sqlite {

// What this thread does with SQLite at the moment. Everything that may reach the disk happens within one:
// it supplies chance to SQLite and keeps the first error of the disk, of which SQLite passes on only a number.
class Call {
 public:
  // A job, whose draws are named {generation, identity} under `purpose`. SQLite's generator starts afresh.
  Call(Store& store, std::string_view purpose, std::uint64_t identity);
  // Reading draws nothing.
  explicit Call(Store& store);
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
  ~Call();

  const std::optional<base::Error>& error() const { return error_; }

  // For the VFS.
  static Call* current();
  void note(const base::Error& error);
  std::uint64_t draw();

 private:
  Store& store_;
  std::string_view purpose_;
  std::uint64_t identity_ = 0;
  bool may_draw_ = false;
  std::optional<base::Error> error_;
  Call* const outer_;
};

// Configures SQLite and registers the VFS; once per process, before the first connection.
void initialise_library();

}  // namespace sqlite

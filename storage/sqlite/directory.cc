#include "storage/sqlite/directory.h"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "core/base/assert.h"
#include "core/base/mark.h"
#include "storage/sqlite/connection.h"
#include "storage/sqlite/page.h"
#include "storage/sqlite/schema.h"
#include "storage/sqlite/vfs.h"
#include "storage/sqlite/writer.h"

namespace sqlite {

namespace {

constexpr std::string_view kWal = "db-wal";
constexpr std::string_view kWalCopy = "db-wal.copy";
constexpr std::string_view kUnfinished = "db.new";
constexpr std::string_view kUnfinishedWal = "db.new-wal";
constexpr std::array kLeftovers = {kWalCopy, kUnfinished, kUnfinishedWal};
constexpr std::size_t kCopyBytes = 1U << 20U;

std::string parent_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string() : std::string(path.substr(0, slash));
}

// Whether it was.
base::Result<bool> remove_if_there(io::Disk& disk, const std::string& path) {
  const base::Status removed = disk.remove(path);
  if (removed) return true;
  if (removed.error().code == base::Code::not_found) return false;
  return base::fail(removed.error());
}

base::Status build_database(Store& store) {
  base::Result<Connection> connection = Connection::open(store, kUnfinished, Access::create, 1U << 20U);
  if (!connection) return base::fail(connection.error());
  int reserved = static_cast<int>(kPageReservedBytes);
  const int accepted = sqlite3_file_control(connection->handle(), "main", SQLITE_FCNTL_RESERVE_BYTES, &reserved);
  ASSERT(accepted == SQLITE_OK);
  // Without a journal, which would need a file of its own: a crash before the rename leaves nothing to roll back.
  const std::string settings = "PRAGMA journal_mode=OFF;PRAGMA page_size=" + std::to_string(kPageBytes) +
                               ";PRAGMA auto_vacuum=INCREMENTAL;PRAGMA application_id=" +
                               std::to_string(kApplicationId) + ";PRAGMA user_version=" + std::to_string(kFormatVersion);
  if (base::Status done = connection->run(settings.c_str()); !done) return done;
  if (base::Status done = create_tables(*connection, store.generation()); !done) return done;
  return connection->run("PRAGMA journal_mode=WAL");
}

base::Status sync_file(io::Disk& disk, const std::string& path) {
  const auto file = disk.open_page_file(path, io::Open::existing);
  if (!file) return base::fail(file.error());
  return (*file)->sync();
}

// Built under another name, so that `db` is whole whenever it is there.
base::Status create_database(Store& store, base::Marks& marks) {
  io::Disk& disk = store.disk();
  const base::Result<std::vector<std::string>> names = disk.list(store.directory());
  if (!names) return base::fail(names.error());
  for (const std::string& name : *names) {
    if (std::find(kLeftovers.begin(), kLeftovers.end(), name) == kLeftovers.end()) {
      return base::fail(base::Code::invalid, store.path(name) + ": this directory is not a store; empty it, or choose another");
    }
    marks.add(base::Mark::store_creation_repeated);
    if (base::Status done = disk.remove(store.path(name)); !done) return done;
  }
  if (base::Status done = build_database(store); !done) return done;
  if (const base::Result<bool> done = remove_if_there(disk, store.path(kUnfinishedWal)); !done) return base::fail(done.error());
  if (base::Status done = sync_file(disk, store.path(kUnfinished)); !done) return done;
  return disk.rename(store.path(kUnfinished), store.path(kDatabaseFile));
}

base::Status check_database(Store& store) {
  const std::string path = store.path(kDatabaseFile);
  const auto file = store.disk().open_page_file(path, io::Open::existing);
  if (!file) return base::fail(file.error());
  std::vector<std::byte> header(kFileHeaderBytes);
  const base::Result<std::size_t> count = (*file)->read(0, header);
  if (!count) return base::fail(count.error());
  if (*count < header.size()) return base::fail(base::Code::damaged, path + ": the file is cut short");
  switch (classify_header(header)) {
    case HeaderKind::ours: return {};
    case HeaderKind::newer:
      return base::fail(base::Code::invalid, path + ": this store was written by a newer version; run that version");
    case HeaderKind::foreign: break;
  }
  return base::fail(base::Code::damaged, path + ": the file does not begin like a store");
}

// What is read from an uncleanly closed file may be in the page cache alone, and a sync that failed before
// would not be told again; only what is written anew can be synced.
base::Status rewrite_wal(Store& store, base::Marks& marks) {
  io::Disk& disk = store.disk();
  const auto from = disk.open_page_file(store.path(kWal), io::Open::existing);
  if (!from) {
    if (from.error().code == base::Code::not_found) return {};
    return base::fail(from.error());
  }
  const auto to = disk.open_page_file(store.path(kWalCopy), io::Open::create);
  if (!to) return base::fail(to.error());
  std::vector<std::byte> buffer(kCopyBytes);
  for (std::uint64_t offset = 0;;) {
    const base::Result<std::size_t> count = (*from)->read(offset, buffer);
    if (!count) return base::fail(count.error());
    if (*count == 0) break;
    marks.add(base::Mark::store_wal_copied);
    if (base::Status done = (*to)->write(offset, std::span(buffer).first(*count)); !done) return done;
    offset += *count;
  }
  if (base::Status done = (*to)->sync(); !done) return done;
  return disk.rename(store.path(kWalCopy), store.path(kWal));
}

base::Status remove_directory(io::Disk& disk, const std::string& directory) {
  const base::Result<std::vector<std::string>> names = disk.list(directory);
  if (!names) return base::fail(names.error());
  for (const std::string& name : *names) {
    if (base::Status done = disk.remove(directory + "/" + name); !done) return done;
  }
  return disk.remove(directory);
}

}  // namespace

std::string directory_of(std::string_view prefix, base::StoreGeneration generation) {
  return std::string(prefix) + base::to_text(generation);
}

base::Status prepare_directory(Store& store, bool may_create, base::Marks& marks) {
  io::Disk& disk = store.disk();
  const base::Result<bool> exists = disk.exists(store.directory());
  if (!exists) return base::fail(exists.error());
  if (!*exists && !may_create) return base::fail(base::Code::damaged, store.directory() + ": the directory is missing");
  if (!*exists) {
    if (base::Status done = disk.create_directory(store.directory()); !done) return done;
  }
  // The name may be new to the disk even when an earlier start made it.
  if (base::Status done = disk.sync_directory(parent_of(store.directory())); !done) return done;

  const base::Result<bool> is_finished = disk.exists(store.path(kDatabaseFile));
  if (!is_finished) return base::fail(is_finished.error());
  if (!*is_finished && !may_create) {
    return base::fail(base::Code::damaged, store.path(kDatabaseFile) + ": the file is missing");
  }
  if (*is_finished) {
    for (const std::string_view name : kLeftovers) {
      const base::Result<bool> was_there = remove_if_there(disk, store.path(name));
      if (!was_there) return base::fail(was_there.error());
      if (*was_there && name == kWalCopy) marks.add(base::Mark::store_copy_left);
    }
    if (base::Status done = check_database(store); !done) return done;
    if (base::Status done = rewrite_wal(store, marks); !done) return done;
  } else {
    if (base::Status done = create_database(store, marks); !done) return done;
  }
  return disk.sync_directory(store.directory());
}

base::Status seal_directory(Store& store) {
  io::Disk& disk = store.disk();
  if (base::Status done = sync_file(disk, store.path(kDatabaseFile)); !done) return done;
  if (const base::Result<bool> done = remove_if_there(disk, store.path(kWal)); !done) return base::fail(done.error());
  if (base::Status done = disk.sync_directory(store.directory()); !done) return done;
  return disk.sync_directory(parent_of(store.directory()));
}

base::Status remove_generation(io::Disk& disk, std::string_view prefix, base::StoreGeneration generation) {
  const std::string directory = directory_of(prefix, generation);
  const base::Result<bool> exists = disk.exists(directory);
  if (!exists) return base::fail(exists.error());
  return *exists ? remove_directory(disk, directory) : base::Status();
}

base::Status remove_other_generations(io::Disk& disk, std::string_view prefix, base::StoreGeneration keep, base::Marks& marks) {
  const std::string parent = parent_of(prefix);
  const base::Result<std::vector<std::string>> names = disk.list(parent);
  if (!names) return base::fail(names.error());
  bool removed = false;
  for (const std::string& name : *names) {
    const std::string path = parent.empty() ? name : parent + "/" + name;
    if (!path.starts_with(prefix) || path == directory_of(prefix, keep)) continue;
    const std::string_view number = std::string_view(path).substr(prefix.size());
    const bool is_number = !number.empty() && number.find_first_not_of("0123456789") == std::string_view::npos;
    if (!is_number) continue;
    if (base::Status done = remove_directory(disk, path); !done) return done;
    marks.add(base::Mark::store_generation_removed);
    removed = true;
  }
  return removed ? disk.sync_directory(parent) : base::Status();
}

}  // namespace sqlite

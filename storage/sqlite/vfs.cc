#include "storage/sqlite/vfs.h"

#include <sqlite3.h>

#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <utility>

#include "core/base/assert.h"
#include "core/base/hash.h"
#include "io/disk.h"
#include "io/random.h"
#include "storage/sqlite/files.h"
#include "storage/sqlite/page.h"

namespace sqlite {

namespace {

thread_local Call* current_call = nullptr;

// What SQLite allocates for an open file.
struct Handle {
  sqlite3_file base;
  StoreFile* file;  // owned; null after a failed open
};

StoreFile& file_of(sqlite3_file* file) { return *reinterpret_cast<Handle*>(file)->file; }

// Keeps the text for whoever asked SQLite, and gives SQLite its number.
int report(const base::Error& error, int otherwise) {
  if (current_call != nullptr) current_call->note(error);
  return error.code == base::Code::no_space ? SQLITE_FULL : otherwise;
}

struct Location {
  Store* store = nullptr;
  std::string_view file;
};

Location locate(const char* path) {
  const std::string_view text(path);
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return {};
  return {Store::find(text.substr(0, slash)), text.substr(slash + 1)};
}

// Files (sqlite3_io_methods).

int file_close(sqlite3_file* file) {
  auto* handle = reinterpret_cast<Handle*>(file);
  delete std::exchange(handle->file, nullptr);
  return SQLITE_OK;
}

int file_read(sqlite3_file* file, void* into, int size, sqlite3_int64 offset) {
  const std::span<std::byte> buffer(static_cast<std::byte*>(into), static_cast<std::size_t>(size));
  const base::Result<std::size_t> count = file_of(file).read(static_cast<std::uint64_t>(offset), buffer);
  if (!count) return report(count.error(), SQLITE_IOERR_READ);
  if (*count == buffer.size()) return SQLITE_OK;
  std::memset(buffer.data() + *count, 0, buffer.size() - *count);  // SQLite demands it
  return SQLITE_IOERR_SHORT_READ;
}

int file_write(sqlite3_file* file, const void* from, int size, sqlite3_int64 offset) {
  const std::span<const std::byte> data(static_cast<const std::byte*>(from), static_cast<std::size_t>(size));
  const base::Status written = file_of(file).write(static_cast<std::uint64_t>(offset), data);
  return written ? SQLITE_OK : report(written.error(), SQLITE_IOERR_WRITE);
}

int file_truncate(sqlite3_file* file, sqlite3_int64 size) {
  const base::Status done = file_of(file).truncate(static_cast<std::uint64_t>(size));
  return done ? SQLITE_OK : report(done.error(), SQLITE_IOERR_TRUNCATE);
}

int file_sync(sqlite3_file* file, int) {
  const base::Status synced = file_of(file).sync();
  if (synced) return SQLITE_OK;
  report(synced.error(), SQLITE_IOERR_FSYNC);
  return SQLITE_IOERR_FSYNC;  // never SQLITE_FULL, which would be tried again
}

int file_size(sqlite3_file* file, sqlite3_int64* size) {
  const base::Result<std::uint64_t> found = file_of(file).size();
  if (!found) return report(found.error(), SQLITE_IOERR_FSTAT);
  *size = static_cast<sqlite3_int64>(*found);
  return SQLITE_OK;
}

// The database file's own locks guard against rollback journals and other processes. In WAL mode the
// connections of one process meet in the shared index alone.
int file_lock(sqlite3_file*, int) { return SQLITE_OK; }
int file_unlock(sqlite3_file*, int) { return SQLITE_OK; }
int file_check_reserved_lock(sqlite3_file*, int* reserved) {
  *reserved = 0;
  return SQLITE_OK;
}

int file_control(sqlite3_file*, int operation, void*) {
  return operation == SQLITE_FCNTL_SIZE_HINT ? SQLITE_OK : SQLITE_NOTFOUND;
}
int file_sector_size(sqlite3_file*) { return static_cast<int>(io::kSectorBytes); }
int file_characteristics(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

int index_map(sqlite3_file* file, int region, int size, int extend, volatile void** out) {
  ASSERT(static_cast<std::size_t>(size) == kIndexRegionBytes);
  StoreFile& opened = file_of(file);
  if (!opened.index_locks().joined) {
    opened.index_locks().joined = true;
    opened.store().join_index();
  }
  *out = opened.store().index_region(region, extend != 0);
  return SQLITE_OK;
}

int index_lock(sqlite3_file* file, int first, int count, int flags) {
  StoreFile& opened = file_of(file);
  if ((flags & SQLITE_SHM_UNLOCK) != 0) {
    opened.store().unlock_index(opened.index_locks(), first, count);
    return SQLITE_OK;
  }
  const bool exclusive = (flags & SQLITE_SHM_EXCLUSIVE) != 0;
  return opened.store().lock_index(opened.index_locks(), first, count, exclusive) ? SQLITE_OK : SQLITE_BUSY;
}

void index_barrier(sqlite3_file* file) { file_of(file).store().barrier(); }

int index_unmap(sqlite3_file* file, int) {
  StoreFile& opened = file_of(file);
  if (std::exchange(opened.index_locks().joined, false)) opened.store().leave_index(opened.index_locks());
  return SQLITE_OK;
}

constexpr sqlite3_io_methods kFileMethods = {
    2,  // no memory map
    file_close,  file_read,     file_write,       file_truncate,        file_sync,
    file_size,   file_lock,     file_unlock,      file_check_reserved_lock, file_control,
    file_sector_size, file_characteristics, index_map, index_lock,      index_barrier,
    index_unmap, nullptr,       nullptr};

// The file system (sqlite3_vfs).

int vfs_open(sqlite3_vfs*, const char* name, sqlite3_file* out, int flags, int* out_flags) {
  auto* handle = new (out) Handle{};
  if (name == nullptr || (flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)) == 0) return SQLITE_CANTOPEN;
  const Location location = locate(name);
  if (location.store == nullptr) return SQLITE_CANTOPEN;
  Store& store = *location.store;
  const std::string path = store.path(location.file);
  const bool may_create = (flags & SQLITE_OPEN_CREATE) != 0;
  const base::Result<bool> existed = store.disk().exists(path);
  if (!existed) return report(existed.error(), SQLITE_CANTOPEN);
  auto file = store.disk().open_page_file(path, may_create ? io::Open::create : io::Open::existing);
  if (!file) return report(file.error(), SQLITE_CANTOPEN);
  if ((flags & SQLITE_OPEN_WAL) != 0) handle->file = new WalFile(store, path, std::move(*file), !*existed);
  else handle->file = new MainFile(store, path, std::move(*file));
  handle->base.pMethods = &kFileMethods;
  if (out_flags != nullptr) *out_flags = flags;
  return SQLITE_OK;
}

int vfs_delete(sqlite3_vfs*, const char* name, int) {
  const Location location = locate(name);
  if (location.store == nullptr) return SQLITE_IOERR_DELETE;
  const base::Status removed = location.store->disk().remove(location.store->path(location.file));
  if (removed) return SQLITE_OK;
  if (removed.error().code == base::Code::not_found) return SQLITE_IOERR_DELETE_NOENT;
  return report(removed.error(), SQLITE_IOERR_DELETE);
}

int vfs_access(sqlite3_vfs*, const char* name, int, int* out) {
  *out = 0;
  const Location location = locate(name);
  if (location.store == nullptr) return SQLITE_IOERR_ACCESS;
  const base::Result<bool> found = location.store->disk().exists(location.store->path(location.file));
  if (!found) return report(found.error(), SQLITE_IOERR_ACCESS);
  *out = *found ? 1 : 0;
  return SQLITE_OK;
}

int vfs_full_pathname(sqlite3_vfs*, const char* name, int size, char* out) {
  const std::size_t length = std::strlen(name);
  if (length + 1 > static_cast<std::size_t>(size)) return SQLITE_CANTOPEN;
  std::memcpy(out, name, length + 1);
  return SQLITE_OK;
}

int vfs_randomness(sqlite3_vfs*, int size, char* out) {
  // Without a call SQLite is not about to write anything: zeros will do until the next call reseeds.
  const std::uint64_t seed = current_call == nullptr ? 0 : current_call->draw();
  for (int i = 0; i < size; ++i) {
    const std::uint64_t word = base::mix64(seed, static_cast<std::uint64_t>(i / 8));
    out[i] = static_cast<char>(word >> (8U * static_cast<unsigned>(i % 8)));
  }
  return size;
}

int vfs_sleep(sqlite3_vfs*, int microseconds) {
  yield_thread();
  return microseconds;
}

int vfs_current_time(sqlite3_vfs*, double* days) {
  *days = 2440587.5;  // 1970-01-01, in Julian days
  return SQLITE_OK;
}

int vfs_last_error(sqlite3_vfs*, int, char*) { return 0; }

int vfs_current_time_ms(sqlite3_vfs*, sqlite3_int64* milliseconds) {
  *milliseconds = 210866760000000;  // the same instant
  return SQLITE_OK;
}

sqlite3_vfs make_vfs() {
  sqlite3_vfs vfs{};
  vfs.iVersion = 2;
  vfs.szOsFile = static_cast<int>(sizeof(Handle));
  vfs.mxPathname = 512;
  vfs.zName = "lockstep";
  vfs.xOpen = vfs_open;
  vfs.xDelete = vfs_delete;
  vfs.xAccess = vfs_access;
  vfs.xFullPathname = vfs_full_pathname;
  vfs.xRandomness = vfs_randomness;
  vfs.xSleep = vfs_sleep;
  vfs.xCurrentTime = vfs_current_time;
  vfs.xGetLastError = vfs_last_error;
  vfs.xCurrentTimeInt64 = vfs_current_time_ms;
  return vfs;
}

bool initialise_once() {
  // Memory statistics cost a lock per allocation; lookaside makes what is allocated depend on history.
  ASSERT(sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0) == SQLITE_OK);
  ASSERT(sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0) == SQLITE_OK);
  ASSERT(sqlite3_initialize() == SQLITE_OK);
  static sqlite3_vfs vfs = make_vfs();
  ASSERT(sqlite3_vfs_register(&vfs, 1) == SQLITE_OK);
  return true;
}

}  // namespace

Call::Call(Store& store, std::string_view purpose, std::uint64_t identity)
    : store_(store), purpose_(purpose), identity_(identity), may_draw_(true), outer_(current_call) {
  current_call = this;
  initialise_library();  // before SQLite does it by itself
  sqlite3_randomness(0, nullptr);
}

Call::Call(Store& store) : store_(store), outer_(current_call) { current_call = this; }

Call::~Call() { current_call = outer_; }

Call* Call::current() { return current_call; }

void Call::note(const base::Error& error) {
  if (!error_) error_ = error;
}

std::uint64_t Call::draw() {
  return may_draw_ ? store_.random().draw(purpose_, {store_.generation().value(), identity_}) : 0;
}

void initialise_library() {
  static const bool done = initialise_once();
  ASSERT(done);
}

}  // namespace sqlite

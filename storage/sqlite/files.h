// storage/sqlite/files.h: the two files of a store as SQLite reads and writes them, with our checks.
//
// MainFile puts checksums into the pages of `db`, WalFile remembers the pages of `db-wal`
// (docs/formats/store.md). One handle has one user at a time; what handles share is in Store.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "core/base/result.h"
#include "io/disk.h"
#include "storage/sqlite/page.h"
#include "storage/sqlite/shm.h"

namespace sqlite {

// Every call fails once a sync of the store has failed.
class StoreFile {
 public:
  StoreFile(Store& store, std::string path, std::unique_ptr<io::PageFile> file);
  StoreFile(const StoreFile&) = delete;
  StoreFile& operator=(const StoreFile&) = delete;
  virtual ~StoreFile() = default;

  // Returns how many bytes there were; the rest of `into` is untouched.
  virtual base::Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> into) = 0;
  virtual base::Status write(std::uint64_t offset, std::span<const std::byte> data) = 0;
  virtual base::Status truncate(std::uint64_t size) = 0;
  virtual base::Status sync();
  base::Result<std::uint64_t> size();

  Store& store() { return store_; }
  IndexLocks& index_locks() { return index_locks_; }

 protected:
  io::PageFile& file() { return *file_; }
  // What a failed sync of `what` leaves behind: a store that fails for good.
  base::Status sync_failed(std::string_view what, const base::Error& error);
  const std::string& path() const { return path_; }

 private:
  Store& store_;
  const std::string path_;
  const std::unique_ptr<io::PageFile> file_;
  IndexLocks index_locks_;
};

class MainFile final : public StoreFile {
 public:
  using StoreFile::StoreFile;
  base::Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> into) override;
  base::Status write(std::uint64_t offset, std::span<const std::byte> data) override;
  base::Status truncate(std::uint64_t size) override;

 private:
  // A whole page, checked and cleared; 0 behind the end of the file.
  base::Result<std::size_t> read_page(PageNumber number, Page into);
  base::Result<std::size_t> read_header(std::span<std::byte> into);
  base::Status write_page(PageNumber number, ConstPage page);
  // Pages of zeros up to and including `last`, so that no page of the file is without a checksum.
  base::Status fill_through(std::uint64_t last);

  std::uint64_t page_count_ = 0;  // known to be in the file; it may have more
  std::vector<std::byte> scratch_ = std::vector<std::byte>(kPageBytes);
};

class WalFile final : public StoreFile {
 public:
  // `is_new`: its name is not durable yet, so the first sync covers the directory as well.
  WalFile(Store& store, std::string path, std::unique_ptr<io::PageFile> file, bool is_new);
  base::Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> into) override;
  base::Status write(std::uint64_t offset, std::span<const std::byte> data) override;
  base::Status truncate(std::uint64_t size) override;
  base::Status sync() override;

 private:
  base::Status check_frame(std::uint64_t frame, std::span<const std::byte> page, bool may_be_first);

  bool is_new_;
};

}  // namespace sqlite

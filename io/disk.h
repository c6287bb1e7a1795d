// io/disk.h: the files of one member.
//
// Each method is one way the world can fail, hence one fault that io/sim must be able to inject; that is
// why there are so few. docs/fault-model.md says what each may do.
//
// Paths are relative to the member's data directory, with `/` between names; "" is that directory itself.
//
// Written bytes are readable at once, and durable only when a sync issued after them has completed. A
// crash before that keeps any subset of sectors, each whole, old or torn. A created, renamed or removed
// name is durable only when the directory it stands in has been synced; before that a crash may keep or
// lose each such change by itself.
//
// A failed sync is final: the kernel may have dropped the dirty pages and marked them clean, so no later
// sync proves anything about them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "io/completion.h"

namespace io {

inline constexpr std::size_t kSectorBytes = 512;  // what a crash keeps, loses or tears as one

// Used by the loop. Requests on one file are performed and completed in the order in which they were
// made, and a sync covers all writes requested before it. After a failed request every later one on this
// file fails too. Several may be in flight.
class LogFile {
 public:
  // Requires: nothing in flight, unless the member crashed.
  virtual ~LogFile() = default;
  // Requires: `data` is not empty and outlives the completion; `offset` is in bytes.
  virtual void write(std::uint64_t offset, std::span<const std::byte> data, Completion& done) = 0;
  virtual void sync(Completion& done) = 0;
};

// Synchronous, for jobs (workers.h) and, for reading only, for the loop. One handle has one user at a
// time; several handles may be open on one file, and each sees what the others wrote.
class PageFile {
 public:
  virtual ~PageFile() = default;
  // Fills `into` from `offset`; returns how many bytes there were before the end of the file.
  virtual base::Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> into) = 0;
  virtual base::Status write(std::uint64_t offset, std::span<const std::byte> data) = 0;
  virtual base::Status truncate(std::uint64_t size) = 0;
  virtual base::Status sync() = 0;
  virtual base::Result<std::uint64_t> size() = 0;
};

enum class Open : std::uint8_t {
  existing,  // not_found when there is none
  create,    // empty when there was none
};

// Opening and directory operations are synchronous: they belong in jobs, and on the loop only where they are rare, such as
// at start.
class Disk {
 public:
  virtual ~Disk() = default;
  virtual base::Result<std::unique_ptr<LogFile>> open_log_file(std::string_view path) = 0;  // must exist
  virtual base::Result<std::unique_ptr<PageFile>> open_page_file(std::string_view path, Open mode) = 0;

  // No error when it exists already. One level; the parent exists.
  virtual base::Status create_directory(std::string_view path) = 0;
  // Replaces `to` when it exists. Atomic: after a crash there is the one or the other.
  virtual base::Status rename(std::string_view from, std::string_view to) = 0;
  // A file, or an empty directory. not_found when there is none.
  virtual base::Status remove(std::string_view path) = 0;
  virtual base::Result<bool> exists(std::string_view path) = 0;
  // The names in a directory, files and directories, sorted bytewise.
  virtual base::Result<std::vector<std::string>> list(std::string_view directory) = 0;
  virtual base::Status sync_directory(std::string_view directory) = 0;
};

}  // namespace io

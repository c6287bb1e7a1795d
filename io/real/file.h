// io/real/file.h: one open file, positioned and synchronous. Page files and the log thread stand on it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "core/base/result.h"
#include "io/real/descriptor.h"
#include "io/real/sync_fate.h"

namespace io::real {

// Interrupted calls are repeated and short ones continued, except for a sync, whose every failure is final.
// A full device, an exhausted quota and the process's own limit on file sizes are all no_space.
class File {
 public:
  // `path` is for error texts.
  File(Descriptor descriptor, std::string path, std::shared_ptr<SyncFate> fate);

  base::Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> into);
  base::Status write(std::uint64_t offset, std::span<const std::byte> data);
  base::Status truncate(std::uint64_t size);
  base::Status sync();
  base::Result<std::uint64_t> size();

 private:
  tl::unexpected<base::Error> failed(const char* operation) const;

  Descriptor descriptor_;
  std::string path_;
  std::shared_ptr<SyncFate> fate_;
};

}  // namespace io::real

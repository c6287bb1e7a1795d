// io/real/data_directory.h: the one directory a member owns, and the lock that says so.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "core/base/result.h"
#include "io/real/descriptor.h"

namespace io::real {

// Of what a member creates: keys and values are nobody else's business.
inline constexpr mode_t kDirectoryMode = 0700;
inline constexpr mode_t kFileMode = 0600;

// Stands in the data directory while it exists; not shown by Disk::list(), for it is no file of the member.
inline constexpr std::string_view kLockFileName = "LOCK";

// Held for as long as the object lives, and by the kernel only: a killed process leaves no stale lock behind.
class DataDirectory {
 public:
  // Creates the directory (0700) when there is none, its parent must exist; then takes the lock.
  // Refuses, in one line that names the path: another process has it, it is not a directory, it is not writable.
  static base::Result<DataDirectory> open(const std::string& path);
  // For tools that need a world and no files: every disk call on it fails.
  static DataDirectory none() { return DataDirectory(); }

  int descriptor() const { return directory_.get(); }
  const std::string& path() const { return path_; }

 private:
  DataDirectory() = default;

  std::string path_;
  Descriptor directory_;
  Descriptor lock_;
};

}  // namespace io::real

// io/real/disk.h: files and names under one data directory.
#pragma once

#include <memory>

#include "io/disk.h"
#include "io/real/data_directory.h"
#include "io/real/log_thread.h"
#include "io/real/loop.h"
#include "io/real/sync_fate.h"

namespace io::real {

// Directories are created 0700, files 0600. Page files and directory operations may be used by jobs, off the loop;
// log files belong to the loop. A failed sync condemns the whole disk (sync_fate.h).
class RealDisk final : public io::Disk {
 public:
  // `directory` outlives the disk.
  RealDisk(RealLoop& loop, const DataDirectory& directory);

  base::Result<std::unique_ptr<LogFile>> open_log_file(std::string_view path) override;
  base::Result<std::unique_ptr<PageFile>> open_page_file(std::string_view path, Open mode) override;
  base::Status create_directory(std::string_view path) override;
  base::Status rename(std::string_view from, std::string_view to) override;
  base::Status remove(std::string_view path) override;
  base::Result<bool> exists(std::string_view path) override;
  base::Result<std::vector<std::string>> list(std::string_view directory) override;
  base::Status sync_directory(std::string_view directory) override;

  // Log files go dead: see LogThread::abandon().
  void abandon() { log_thread_.abandon(); }

 private:
  base::Result<File> open_file(std::string_view path, int flags);
  base::Result<Descriptor> open_directory(std::string_view path, const char* operation);

  const DataDirectory& directory_;
  std::shared_ptr<SyncFate> fate_ = std::make_shared<SyncFate>();
  LogThread log_thread_;
};

}  // namespace io::real

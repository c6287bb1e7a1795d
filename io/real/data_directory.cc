#include "io/real/data_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>

#include "io/real/errors.h"

namespace io::real {

namespace {

base::Error refused(int error_number, const std::string& path, const char* why) {
  return error_of(error_number, "data directory " + path + " " + why);
}

}  // namespace

base::Result<DataDirectory> DataDirectory::open(const std::string& path) {
  if (::mkdir(path.c_str(), kDirectoryMode) != 0 && errno != EEXIST) return base::fail(refused(errno, path, "cannot be created"));

  DataDirectory result;
  result.path_ = path;
  result.directory_ = Descriptor(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!result.directory_.is_open()) {
    if (errno == ENOTDIR) return base::fail(base::Code::invalid, "data directory " + path + " is not a directory");
    return base::fail(refused(errno, path, "cannot be opened"));
  }

  const std::string lock_name(kLockFileName);
  result.lock_ = Descriptor(::openat(result.descriptor(), lock_name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kFileMode));
  if (!result.lock_.is_open()) return base::fail(refused(errno, path, "is not writable"));
  if (::flock(result.lock_.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) {
      return base::fail(base::Code::unavailable, "data directory " + path + " is in use by another process");
    }
    return base::fail(refused(errno, path, "cannot be locked"));
  }
  return result;
}

}  // namespace io::real

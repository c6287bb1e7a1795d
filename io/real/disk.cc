#include "io/real/disk.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "core/base/assert.h"
#include "io/real/errors.h"

namespace io::real {

namespace {

class RealPageFile final : public io::PageFile {
 public:
  explicit RealPageFile(File file) : file_(std::move(file)) {}
  base::Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> into) override { return file_.read(offset, into); }
  base::Status write(std::uint64_t offset, std::span<const std::byte> data) override { return file_.write(offset, data); }
  base::Status truncate(std::uint64_t size) override { return file_.truncate(size); }
  base::Status sync() override { return file_.sync(); }
  base::Result<std::uint64_t> size() override { return file_.size(); }

 private:
  File file_;
};

// Paths come from our own code: one that leaves the data directory is a bug, not a request.
std::string checked(std::string_view path) {
  ASSERT(path.empty() || path.front() != '/');
  ASSERT(path.find('\0') == std::string_view::npos);
  const std::string framed = "/" + std::string(path) + "/";
  ASSERT(framed.find("/../") == std::string::npos);
  return path.empty() ? std::string(".") : std::string(path);
}

tl::unexpected<base::Error> failed(const char* operation, const std::string& path) {
  return base::fail(error_of(errno, std::string(operation) + " " + path));
}

}  // namespace

RealDisk::RealDisk(RealLoop& loop, const DataDirectory& directory) : directory_(directory), log_thread_(loop) {}

base::Result<File> RealDisk::open_file(std::string_view path, int flags) {
  const std::string name = checked(path);
  Descriptor descriptor(::openat(directory_.descriptor(), name.c_str(), flags | O_RDWR | O_CLOEXEC, kFileMode));
  if (!descriptor.is_open()) return failed("open", name);
  return File(std::move(descriptor), name, fate_);
}

base::Result<std::unique_ptr<LogFile>> RealDisk::open_log_file(std::string_view path) {
  base::Result<File> file = open_file(path, 0);
  if (!file) return base::fail(std::move(file.error()));
  return std::make_unique<RealLogFile>(log_thread_, std::move(*file));
}

base::Result<std::unique_ptr<PageFile>> RealDisk::open_page_file(std::string_view path, Open mode) {
  base::Result<File> file = open_file(path, mode == Open::create ? O_CREAT : 0);
  if (!file) return base::fail(std::move(file.error()));
  return std::make_unique<RealPageFile>(std::move(*file));
}

base::Status RealDisk::create_directory(std::string_view path) {
  const std::string name = checked(path);
  if (::mkdirat(directory_.descriptor(), name.c_str(), kDirectoryMode) == 0) return {};
  if (errno != EEXIST) return failed("create directory", name);
  struct stat status {};
  if (::fstatat(directory_.descriptor(), name.c_str(), &status, 0) != 0) return failed("create directory", name);
  if (!S_ISDIR(status.st_mode)) return base::fail(base::Code::io, "create directory " + name + ": a file of that name exists");
  return {};
}

base::Status RealDisk::rename(std::string_view from, std::string_view to) {
  const std::string from_name = checked(from);
  const std::string to_name = checked(to);
  if (::renameat(directory_.descriptor(), from_name.c_str(), directory_.descriptor(), to_name.c_str()) != 0) {
    return failed("rename", from_name + " to " + to_name);
  }
  return {};
}

base::Status RealDisk::remove(std::string_view path) {
  const std::string name = checked(path);
  if (::unlinkat(directory_.descriptor(), name.c_str(), 0) == 0) return {};
  if (errno != EISDIR) return failed("remove", name);
  if (::unlinkat(directory_.descriptor(), name.c_str(), AT_REMOVEDIR) != 0) return failed("remove", name);
  return {};
}

base::Result<bool> RealDisk::exists(std::string_view path) {
  const std::string name = checked(path);
  struct stat status {};
  if (::fstatat(directory_.descriptor(), name.c_str(), &status, 0) == 0) return true;
  if (errno == ENOENT || errno == ENOTDIR) return false;
  return failed("look up", name);
}

base::Result<Descriptor> RealDisk::open_directory(std::string_view path, const char* operation) {
  const std::string name = checked(path);
  Descriptor descriptor(::openat(directory_.descriptor(), name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!descriptor.is_open()) return failed(operation, name);
  return descriptor;
}

base::Result<std::vector<std::string>> RealDisk::list(std::string_view directory) {
  base::Result<Descriptor> descriptor = open_directory(directory, "list");
  if (!descriptor) return base::fail(std::move(descriptor.error()));
  // fdopendir() takes the descriptor over, so it gets one of its own.
  DIR* stream = ::fdopendir(::fcntl(descriptor->get(), F_DUPFD_CLOEXEC, 0));
  if (stream == nullptr) return failed("list", checked(directory));

  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(stream)) {
    const std::string_view name = entry->d_name;
    const bool is_lock = directory.empty() && name == kLockFileName;
    if (name != "." && name != ".." && !is_lock) names.emplace_back(name);
    errno = 0;
  }
  const int error_number = errno;
  ::closedir(stream);
  if (error_number != 0) return base::fail(error_of(error_number, "list " + checked(directory)));
  std::sort(names.begin(), names.end());
  return names;
}

base::Status RealDisk::sync_directory(std::string_view directory) {
  base::Result<Descriptor> descriptor = open_directory(directory, "sync directory");
  if (!descriptor) return base::fail(std::move(descriptor.error()));
  const int error_number = ::fsync(descriptor->get()) == 0 ? 0 : errno;
  return fate_->settle(error_number, "sync directory " + checked(directory));
}

}  // namespace io::real

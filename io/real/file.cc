#include "io/real/file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <limits>
#include <utility>

#include "core/base/assert.h"
#include "io/real/errors.h"

namespace io::real {

namespace {

off_t offset_of(std::uint64_t offset) {
  ASSERT(offset <= static_cast<std::uint64_t>(std::numeric_limits<off_t>::max()));
  return static_cast<off_t>(offset);
}

}  // namespace

File::File(Descriptor descriptor, std::string path, std::shared_ptr<SyncFate> fate)
    : descriptor_(std::move(descriptor)), path_(std::move(path)), fate_(std::move(fate)) {
  ASSERT(descriptor_.is_open());
}

tl::unexpected<base::Error> File::failed(const char* operation) const {
  return base::fail(error_of(errno, std::string(operation) + " " + path_));
}

base::Result<std::size_t> File::read(std::uint64_t offset, std::span<std::byte> into) {
  std::size_t done = 0;
  while (done < into.size()) {
    const ssize_t count = ::pread(descriptor_.get(), into.data() + done, into.size() - done, offset_of(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed("read");
    if (count == 0) break;  // the end of the file
    done += static_cast<std::size_t>(count);
  }
  return done;
}

base::Status File::write(std::uint64_t offset, std::span<const std::byte> data) {
  if (fate_->is_sealed()) return base::fail(fate_->error("write " + path_));
  std::size_t done = 0;
  while (done < data.size()) {
    const ssize_t count = ::pwrite(descriptor_.get(), data.data() + done, data.size() - done, offset_of(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed("write");
    // A device that takes nothing and gives no reason would have us loop for ever.
    if (count == 0) return base::fail(base::Code::io, "write " + path_ + ": nothing was taken");
    done += static_cast<std::size_t>(count);
  }
  return {};
}

base::Status File::truncate(std::uint64_t size) {
  if (fate_->is_sealed()) return base::fail(fate_->error("truncate " + path_));
  int result = 0;
  do {
    result = ::ftruncate(descriptor_.get(), offset_of(size));
  } while (result != 0 && errno == EINTR);
  if (result != 0) return failed("truncate");
  return {};
}

base::Status File::sync() {
  if (fate_->is_sealed()) return base::fail(fate_->error("sync " + path_));
  const int error_number = ::fdatasync(descriptor_.get()) == 0 ? 0 : errno;
  return fate_->settle(error_number, "sync " + path_);
}

base::Result<std::uint64_t> File::size() {
  struct stat status {};
  if (::fstat(descriptor_.get(), &status) != 0) return failed("size of");
  return static_cast<std::uint64_t>(status.st_size);
}

}  // namespace io::real

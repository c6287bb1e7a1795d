#include "storage/sqlite/files.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/base/assert.h"
#include "core/base/bytes.h"
#include "core/base/hash.h"

namespace sqlite {

namespace {

// SQLite's `-wal`: a file header, then frames of a frame header and a page (SQLite file format, §4.1).
constexpr std::uint64_t kWalHeaderBytes = 32;
constexpr std::uint64_t kFrameHeaderBytes = 24;
constexpr std::uint64_t kFrameBytes = kFrameHeaderBytes + kPageBytes;

// Which part of `-wal` a read or write means.
struct WalRange {
  std::uint64_t frame = 0;
  bool whole_frame = false;  // header and page
  bool whole_page = false;   // the page alone
};

WalRange wal_range(std::uint64_t offset, std::size_t size) {
  if (offset < kWalHeaderBytes) return {};
  const std::uint64_t frame = (offset - kWalHeaderBytes) / kFrameBytes;
  const std::uint64_t within = (offset - kWalHeaderBytes) % kFrameBytes;
  return {frame, within == 0 && size == kFrameBytes, within == kFrameHeaderBytes && size == kPageBytes};
}

// True when the range touches no page: the file header, or (part of) one frame's header.
bool is_header_range(std::uint64_t offset, std::size_t size) {
  if (offset + size <= kWalHeaderBytes) return true;
  return offset >= kWalHeaderBytes && (offset - kWalHeaderBytes) % kFrameBytes + size <= kFrameHeaderBytes;
}

std::uint64_t hash_of(std::span<const std::byte> page) { return base::hash64(base::as_text(page)); }

base::Status unexpected(const std::string& path, std::string_view what, std::uint64_t offset, std::size_t size) {
  return base::fail(base::Code::io, path + ": SQLite " + std::string(what) + " " + std::to_string(size) + " bytes at " +
                                        std::to_string(offset) + ", which this format does not know");
}

}  // namespace

StoreFile::StoreFile(Store& store, std::string path, std::unique_ptr<io::PageFile> file)
    : store_(store), path_(std::move(path)), file_(std::move(file)) {
  ASSERT(file_ != nullptr);
}

base::Status StoreFile::sync() {
  if (base::Status ok = store_.check_not_failed(); !ok) return ok;
  base::Status synced = file_->sync();
  return synced ? synced : sync_failed(path_, synced.error());
}

// Whatever the disk calls it: a sync that ran out of space is no more worth another try than any other.
base::Status StoreFile::sync_failed(std::string_view what, const base::Error& error) {
  store_.fail({base::Code::io, std::string(what) + ": a sync failed: " + error.detail});
  return store_.check_not_failed();
}

base::Result<std::uint64_t> StoreFile::size() {
  if (base::Status ok = store_.check_not_failed(); !ok) return base::fail(ok.error());
  return file_->size();
}

// MainFile.

base::Result<std::size_t> MainFile::read(std::uint64_t offset, std::span<std::byte> into) {
  if (base::Status ok = store().check_not_failed(); !ok) return base::fail(ok.error());
  if (offset == 0 && into.size() == kFileHeaderBytes) return read_header(into);
  const PageNumber number{offset / kPageBytes + 1};
  const std::uint64_t within = offset % kPageBytes;
  if (within == 0 && into.size() == kPageBytes) return read_page(number, Page(into));
  if (within + into.size() > kPageBytes) return base::fail(unexpected(path(), "read", offset, into.size()).error());
  const base::Result<std::size_t> count = read_page(number, Page(scratch_));
  if (!count || *count == 0) return count;
  std::copy_n(scratch_.begin() + static_cast<std::ptrdiff_t>(within), into.size(), into.begin());
  return into.size();
}

base::Result<std::size_t> MainFile::read_page(PageNumber number, Page into) {
  base::Result<std::size_t> count = file().read((number.value - 1) * kPageBytes, into);
  if (!count || *count == 0) return count;
  if (*count < kPageBytes || !is_sealed(into, number, store().generation())) {
    return base::fail(base::Code::damaged, path() + ": page " + std::to_string(number.value) +
                                               (*count < kPageBytes ? " is cut short" : " does not match its checksum"));
  }
  clear_seal(into);
  return count;
}

// When a connection opens. A checkpoint that a crash cut short may have torn page 1, whose good copy is then
// in `-wal`; so without a matching checksum the fields that never change must be what they always are, and
// SQLite uses no other before it reads page 1 again.
base::Result<std::size_t> MainFile::read_header(std::span<std::byte> into) {
  const base::Result<std::size_t> count = file().read(0, scratch_);
  if (!count || *count == 0) return count;
  const std::span<const std::byte> header = std::span(scratch_).first(kFileHeaderBytes);
  const bool is_whole = *count == kPageBytes && is_sealed(Page(scratch_), PageNumber{1}, store().generation());
  if (!is_whole && (*count < kFileHeaderBytes || classify_header(header) != HeaderKind::ours)) {
    return base::fail(base::Code::damaged, path() + ": page 1 does not match its checksum");
  }
  std::copy(header.begin(), header.end(), into.begin());
  return into.size();
}

base::Status MainFile::write(std::uint64_t offset, std::span<const std::byte> data) {
  if (base::Status ok = store().check_not_failed(); !ok) return ok;
  if (offset % kPageBytes != 0 || data.size() != kPageBytes) return unexpected(path(), "wrote", offset, data.size());
  const PageNumber number{offset / kPageBytes + 1};
  if (base::Status filled = fill_through(number.value - 1); !filled) return filled;
  return write_page(number, ConstPage(data));
}

base::Status MainFile::write_page(PageNumber number, ConstPage page) {
  std::copy(page.begin(), page.end(), scratch_.begin());
  seal(Page(scratch_), number, store().generation());
  base::Status written = file().write((number.value - 1) * kPageBytes, scratch_);
  if (written) page_count_ = std::max(page_count_, number.value);
  return written;
}

base::Status MainFile::fill_through(std::uint64_t last) {
  if (last <= page_count_) return {};
  const base::Result<std::uint64_t> size = file().size();
  if (!size) return base::fail(size.error());
  page_count_ = *size / kPageBytes;
  const std::vector<std::byte> zeros(kPageBytes);
  while (page_count_ < last) {
    if (base::Status filled = write_page(PageNumber{page_count_ + 1}, ConstPage(zeros)); !filled) return filled;
  }
  return {};
}

base::Status MainFile::truncate(std::uint64_t size) {
  if (base::Status ok = store().check_not_failed(); !ok) return ok;
  if (size % kPageBytes != 0) return unexpected(path(), "truncated to", size, 0);
  if (base::Status filled = fill_through(size / kPageBytes); !filled) return filled;
  page_count_ = size / kPageBytes;
  return file().truncate(size);
}

// WalFile.

WalFile::WalFile(Store& store, std::string path, std::unique_ptr<io::PageFile> file, bool is_new)
    : StoreFile(store, std::move(path), std::move(file)), is_new_(is_new) {}

base::Result<std::size_t> WalFile::read(std::uint64_t offset, std::span<std::byte> into) {
  if (base::Status ok = store().check_not_failed(); !ok) return base::fail(ok.error());
  const WalRange range = wal_range(offset, into.size());
  if (!range.whole_frame && !range.whole_page && !is_header_range(offset, into.size())) {
    return base::fail(unexpected(path(), "read", offset, into.size()).error());
  }
  base::Result<std::size_t> count = file().read(offset, into);
  if (!count || *count < into.size() || !(range.whole_frame || range.whole_page)) return count;
  // Whole frames are what recovery reads: SQLite judges them by its own checksum, and what it judged is what
  // must be there from then on.
  const std::span<const std::byte> page = std::span<const std::byte>(into).last(kPageBytes);
  if (base::Status ok = check_frame(range.frame, page, range.whole_frame); !ok) return base::fail(ok.error());
  return count;
}

base::Status WalFile::check_frame(std::uint64_t frame, std::span<const std::byte> page, bool may_be_first) {
  const std::optional<std::uint64_t> known = store().frame(frame);
  if (!known && may_be_first) {
    store().set_frame(frame, hash_of(page));
    return {};
  }
  if (known && *known == hash_of(page)) return {};
  return base::fail(base::Code::damaged,
                    path() + ": the page in frame " + std::to_string(frame) + " is not what was written");
}

base::Status WalFile::write(std::uint64_t offset, std::span<const std::byte> data) {
  if (base::Status ok = store().check_not_failed(); !ok) return ok;
  const WalRange range = wal_range(offset, data.size());
  if (!range.whole_page && !is_header_range(offset, data.size())) {
    return unexpected(path(), "wrote", offset, data.size());
  }
  if (range.whole_page) store().set_frame(range.frame, hash_of(data));
  return file().write(offset, data);
}

base::Status WalFile::truncate(std::uint64_t size) {
  if (base::Status ok = store().check_not_failed(); !ok) return ok;
  store().forget_frames_from(size < kWalHeaderBytes ? 0 : (size - kWalHeaderBytes) / kFrameBytes);
  return file().truncate(size);
}

base::Status WalFile::sync() {
  base::Status synced = StoreFile::sync();
  if (!synced || !is_new_) return synced;
  synced = store().disk().sync_directory(store().directory());
  if (!synced) return sync_failed(store().directory(), synced.error());
  is_new_ = false;
  return {};
}

}  // namespace sqlite

#include "io/sim/inode.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "core/base/assert.h"
#include "core/base/bytes.h"
#include "io/disk.h"

namespace io::sim {

namespace {

constexpr std::size_t kZerosBytes = 8192;
constexpr std::size_t kKeptBytesMax = 1U << 20U;  // of an empty buffer
constexpr std::array<std::byte, kZerosBytes> kZeros{};
static_assert(kZerosBytes >= kSectorBytes);

using Sector = std::array<std::byte, kSectorBytes>;

// Calls `visit(offset, size)` for the part of [offset, offset + size) in each sector.
template <typename Visit>
void for_each_sector(std::uint64_t offset, std::uint64_t size, Visit&& visit) {
  for (std::uint64_t at = offset; at < offset + size;) {
    const std::uint64_t next = std::min((at / kSectorBytes + 1) * kSectorBytes, offset + size);
    visit(at, static_cast<std::size_t>(next - at));
    at = next;
  }
}

// What the image holds there; zeros beyond its end.
std::span<const std::byte> peek(const FileImage& image, std::uint64_t offset, std::size_t size, Sector& buffer) {
  buffer.fill(std::byte{0});
  image.read(offset, std::span(buffer).first(size));
  return std::span<const std::byte>(buffer).first(size);
}

bool equal(std::span<const std::byte> one, std::span<const std::byte> other) {
  return one.size() == other.size() && std::memcmp(one.data(), other.data(), one.size()) == 0;
}

// Of those that both have.
std::uint64_t different_sectors(const FileImage& one, const FileImage& other) {
  std::uint64_t count = 0;
  for_each_sector(0, std::min(one.size(), other.size()), [&](std::uint64_t offset, std::size_t size) {
    Sector here, there;
    if (!equal(peek(one, offset, size, here), peek(other, offset, size, there))) ++count;
  });
  return count;
}

// Three ways to tear. In each of them a byte that is the same in both stays what it is.
void tear(std::span<const std::byte> before, std::span<const std::byte> after, std::uint64_t draw, Sector& out) {
  const std::size_t cut = static_cast<std::size_t>((draw >> 8U) % (after.size() + 1));
  const std::uint64_t way = draw & 3U;
  for (std::size_t i = 0; i < after.size(); ++i) {
    if (before[i] == after[i]) {
      out[i] = after[i];
    } else if (way == 0) {  // neither the one nor the other
      out[i] = static_cast<std::byte>(base::mix64(draw, i) & 0xffU);
    } else {
      out[i] = (way == 1) == (i < cut) ? before[i] : after[i];
    }
  }
}

}  // namespace

Inode::Call& Inode::add(Kind kind, const CallSpan& span) {
  ASSERT(span.begin <= span.end);
  ASSERT(span.begin >= last_end_);
  last_end_ = span.end;
  Call call;
  call.kind = kind;
  call.span = span;
  call.size_after = live_.size();
  calls_.push_back(call);
  return calls_.back();
}

void Inode::flip_bit(std::uint64_t offset, unsigned bit) {
  ASSERT(offset < live_.size());
  ASSERT(bit < 8);
  const auto flip = [&](FileImage& image) {
    std::array<std::byte, 1> byte{};
    if (image.read(offset, byte) == 0) return;
    byte[0] ^= static_cast<std::byte>(1U << bit);
    image.write(offset, byte);
  };
  if (!images_.promised) images_.promised = images_.durable;
  // What was written there since lies in the page cache, and goes over it when it is synced.
  const bool is_written_over = std::any_of(calls_.begin() + static_cast<std::ptrdiff_t>(first_), calls_.end(), [offset](const Call& call) {
    return call.kind == Kind::write && offset >= call.offset && offset - call.offset < call.size;
  });
  if (!is_written_over) flip(live_);
  flip(images_.durable);
  if (images_.cached) flip(*images_.cached);
}

void Inode::write(const CallSpan& span, std::uint64_t offset, std::span<const std::byte> data, std::uint64_t goes_to) {
  ASSERT(!data.empty());
  Call& call = add(Kind::write, span);
  call.offset = offset;
  call.goes_to = goes_to;
  call.size = data.size();
  call.is_zero = is_all_zero(data);
  call.data = bytes_.size();
  call.changes_size = offset + data.size() > live_.size();
  if (!call.is_zero) bytes_.append(base::as_text(data));
  live_.write(offset, data);
  call.size_after = live_.size();
}

void Inode::truncate(const CallSpan& span, std::uint64_t size) {
  Call& call = add(Kind::truncate, span);
  call.size = size;
  call.changes_size = size != live_.size();
  live_.resize(size);
  call.size_after = size;
}

void Inode::sync(const CallSpan& span) { add(Kind::sync, span); }

std::uint64_t Inode::failed_sync(const CallSpan& span, std::uint32_t dropped_sector_per_million, AfterFailedSync after) {
  Call& call = add(Kind::failed_sync, span);
  call.dropped_per_million = dropped_sector_per_million;
  call.after = after;
  if (after == AfterFailedSync::kept) return 0;
  const FileImage before = live_;
  rebuild_live();
  ASSERT(live_.size() == before.size());
  return different_sectors(before, live_);
}

std::span<const std::byte> Inode::bytes_of(const Call& call, std::uint64_t offset, std::size_t size) const {
  ASSERT(offset >= call.offset);
  ASSERT(offset + size <= call.offset + call.size);
  if (call.is_zero) return std::span(kZeros).first(size);
  return base::as_bytes(std::string_view(bytes_).substr(call.data + static_cast<std::size_t>(offset - call.offset), size));
}

void Inode::apply(FileImage& image, const Call& call) const {
  switch (call.kind) {
    case Kind::write:
      for (std::uint64_t at = call.offset; at < call.offset + call.size;) {
        const std::uint64_t left = call.offset + call.size - at;
        const std::size_t size = static_cast<std::size_t>(call.is_zero ? std::min<std::uint64_t>(left, kZerosBytes) : left);
        image.write(at, bytes_of(call, at, size));
        at += size;
      }
      return;
    case Kind::truncate: return image.resize(call.size);
    case Kind::sync:
    case Kind::failed_sync: return;
  }
}

void Inode::make_durable(Images& images, const Call& call) const {
  std::optional<FileImage>& cached = images.cached;
  if (call.kind == Kind::write && call.goes_to != call.offset) {
    if (!cached) cached = images.durable;
    if (!images.promised) images.promised = images.durable;
    apply(*cached, call);
    apply(*images.promised, call);
    if (call.changes_size) images.durable.resize(std::max(images.durable.size(), call.size_after));
    ASSERT(call.goes_to + call.size <= images.durable.size());
    for_each_sector(call.offset, call.size, [&](std::uint64_t offset, std::size_t size) {
      images.durable.write(call.goes_to + (offset - call.offset), bytes_of(call, offset, size));
    });
    return;
  }
  apply(images.durable, call);
  if (images.promised) apply(*images.promised, call);
  if (!cached) return;
  apply(*cached, call);
  if (call.kind != Kind::write) return;
  // A sector that is written in part is written whole, dropped bytes around it included.
  for_each_sector(call.offset / kSectorBytes * kSectorBytes, call.size + call.offset % kSectorBytes,
                  [&](std::uint64_t offset, std::size_t) {
                    if (offset >= cached->size()) return;
                    const std::size_t size = static_cast<std::size_t>(std::min<std::uint64_t>(kSectorBytes, cached->size() - offset));
                    Sector buffer;
                    const std::span<const std::byte> whole = peek(*cached, offset, size, buffer);
                    if (images.promised && is_intact(images, offset, size)) images.promised->write(offset, whole);
                    images.durable.write(offset, whole);
                  });
}

bool Inode::is_dropped(const Call& sync, const Call& call, std::uint64_t offset) const {
  return decisions_.happens("disk.dropped", Identity{sync.span.name, call.span.name, offset / kSectorBytes}, sync.dropped_per_million);
}

void Inode::make_partly_durable(Images& images, const Call& call, const Call& sync) const {
  if (images.cached) apply(*images.cached, call);
  if (call.kind != Kind::write) {  // the file system's journal is not the pages' fate
    if (images.promised) apply(*images.promised, call);
    return apply(images.durable, call);
  }
  if (call.changes_size) images.durable.resize(std::max(images.durable.size(), call.size_after));
  if (call.changes_size && images.promised) images.promised->resize(std::max(images.promised->size(), call.size_after));
  for_each_sector(call.offset, call.size, [&](std::uint64_t offset, std::size_t size) {
    if (is_dropped(sync, call, offset)) return;
    images.durable.write(offset, bytes_of(call, offset, size));
    if (images.promised) images.promised->write(offset, bytes_of(call, offset, size));
  });
}

bool Inode::is_intact(const Images& images, std::uint64_t offset, std::uint64_t size) {
  if (!images.promised) return true;
  if (images.durable.size() != images.promised->size()) return false;
  bool is_same = true;
  const std::uint64_t end = std::min(offset + size, images.durable.size());
  for_each_sector(offset, end > offset ? end - offset : 0, [&](std::uint64_t at, std::size_t length) {
    Sector one, other;
    is_same = is_same && equal(peek(images.durable, at, length, one), peek(*images.promised, at, length, other));
  });
  return is_same;
}

// The page is read from the disk again, and with it what an earlier failed sync had left in it.
void Inode::revert_dropped(Images& images, const Call& call, const Call& sync) const {
  if (!images.cached || call.kind != Kind::write) return;
  for_each_sector(call.offset, call.size, [&](std::uint64_t offset, std::size_t) {
    if (!is_dropped(sync, call, offset)) return;
    const std::uint64_t begin = offset / kSectorBytes * kSectorBytes;
    if (begin >= images.cached->size()) return;
    const std::size_t size = static_cast<std::size_t>(std::min<std::uint64_t>(kSectorBytes, images.cached->size() - begin));
    Sector buffer;
    images.cached->write(begin, peek(images.durable, begin, size, buffer));
  });
}

std::size_t Inode::advance(Images& images, VirtualTime now) const {
  std::size_t begin = first_;
  for (std::size_t i = first_; i < calls_.size() && calls_[i].span.end <= now; ++i) {
    const Call& sync = calls_[i];
    if (sync.kind != Kind::sync && sync.kind != Kind::failed_sync) continue;
    if (sync.kind == Kind::failed_sync && sync.after == AfterFailedSync::kept && !images.cached) images.cached = images.durable;
    for (std::size_t covered = begin; covered < i; ++covered) {
      sync.kind == Kind::sync ? make_durable(images, calls_[covered]) : make_partly_durable(images, calls_[covered], sync);
    }
    if (sync.kind == Kind::failed_sync && sync.after == AfterFailedSync::reverted) {
      for (std::size_t covered = begin; covered < i; ++covered) revert_dropped(images, calls_[covered], sync);
    }
    begin = i + 1;
  }
  return begin;
}

void Inode::settle(VirtualTime now) { drop_first(advance(images_, now) - first_); }

void Inode::drop_first(std::size_t count) {
  first_ += count;
  if (first_ == calls_.size()) {
    calls_.clear();
    bytes_.clear();
    if (bytes_.capacity() > kKeptBytesMax) bytes_.shrink_to_fit();
    first_ = 0;
  } else if (first_ >= 64 && first_ * 2 >= calls_.size()) {
    calls_.erase(calls_.begin(), calls_.begin() + static_cast<std::ptrdiff_t>(first_));
    first_ = 0;
    std::size_t cut = bytes_.size();
    for (const Call& call : calls_) {
      if (call.kind == Kind::write) cut = std::min(cut, call.data);
    }
    bytes_.erase(0, cut);
    for (Call& call : calls_) {
      if (call.kind == Kind::write) call.data -= cut;
    }
  }
}

bool Inode::forget_after(VirtualTime at) {
  std::size_t kept = first_;
  while (kept < calls_.size() && calls_[kept].span.begin <= at) ++kept;
  const bool any = kept < calls_.size();
  calls_.resize(kept);
  last_end_ = std::min(last_end_, at);
  return any;
}

void Inode::rebuild_live() {
  // What a failed sync reverts depends on what the disk has by then, so all of it happens on copies.
  Images images = images_;
  std::size_t i = advance(images, VirtualTime::never());
  live_ = std::move(images.cached ? *images.cached : images.durable);
  for (; i < calls_.size(); ++i) apply(live_, calls_[i]);
}

void Inode::kill(VirtualTime at, DiskDamage& damage) {
  settle(at);
  bool changed = forget_after(at);
  if (has_pending() && calls_.back().span.end > at) {  // in progress: at most the last one
    Call& last = calls_.back();
    last.span.end = at;
    const bool is_sync = last.kind == Kind::sync || last.kind == Kind::failed_sync;
    const bool has_reverted = last.kind == Kind::failed_sync && last.after == AfterFailedSync::reverted;
    is_sync ? ++damage.unfinished_syncs : ++damage.unfinished_writes;
    // The kernel finishes a write it has begun, or had not begun it. A sync that nobody heard of proves nothing.
    if (is_sync || decisions_.below("disk.kill", Identity{last.span.name}, 2) == 0) {
      changed = changed || !is_sync || has_reverted;
      calls_.pop_back();
    }
  }
  if (changed) rebuild_live();
}

void Inode::lose_power(VirtualTime at, const DiskFaults& faults, DiskDamage& damage) {
  settle(at);
  if (forget_after(at)) rebuild_live();
  FileImage& durable = images_.durable;
  std::uint64_t size = durable.size();
  if (has_pending()) {
    const Call& last = calls_.back();
    if (last.span.end > at) {
      const bool is_sync = last.kind == Kind::sync || last.kind == Kind::failed_sync;
      is_sync ? ++damage.unfinished_syncs : ++damage.unfinished_writes;
    }
    // The file system's journal keeps size changes in order: those up to some point have come through.
    std::uint64_t changes = 0;
    for (std::size_t i = first_; i < calls_.size(); ++i) changes += calls_[i].changes_size ? 1 : 0;
    const bool has_all = decisions_.happens("disk.kept_size", Identity{last.span.name}, faults.kept_size_per_million);
    std::uint64_t kept = has_all || changes == 0 ? changes : decisions_.below("disk.size", Identity{last.span.name}, changes + 1);
    for (std::size_t i = first_; i < calls_.size(); ++i) {
      const Call& call = calls_[i];
      const bool size_kept = call.changes_size && kept > 0;
      if (size_kept) {
        --kept;
        size = call.size_after;
      }
      if (call.kind == Kind::truncate && size_kept) durable.resize(call.size);
      if (call.kind == Kind::write) survive(durable, call, faults, damage);
      if (!images_.promised) continue;
      DiskDamage same;
      if (call.kind == Kind::truncate && size_kept) images_.promised->resize(call.size);
      if (call.kind == Kind::write) survive(*images_.promised, call, faults, same);
    }
    durable.resize(size);
    if (images_.promised) images_.promised->resize(size);
  }
  if (images_.cached) damage.dropped_sectors += different_sectors(*images_.cached, images_.durable);
  if (live_.size() != size) ++damage.lost_sizes;
  images_.cached.reset();
  calls_.clear();
  bytes_.clear();
  first_ = 0;
  last_end_ = at;
  live_ = durable;
}

// Which sectors of a write that no sync has covered are on the disk after all.
void Inode::survive(FileImage& image, const Call& call, const DiskFaults& faults, DiskDamage& damage) const {
  const Identity write{call.span.name};
  const bool is_mixed = decisions_.happens("disk.mixed", write, faults.mixed_write_per_million);
  const bool is_lost = !is_mixed && decisions_.happens("disk.lost", write, faults.lost_sector_per_million);
  for_each_sector(call.offset, call.size, [&](std::uint64_t offset, std::size_t size) {
    Sector buffer;
    const std::span<const std::byte> before = peek(image, offset, size, buffer);
    const std::span<const std::byte> after = bytes_of(call, offset, size);
    const bool beyond_end = offset + size > image.size();
    if (equal(before, after) && !beyond_end) return;
    const Identity sector{call.span.name, offset / kSectorBytes};
    if (is_lost || (is_mixed && decisions_.happens("disk.lost_sector", sector, faults.lost_sector_per_million))) {
      ++damage.lost_sectors;
    } else if (is_mixed && decisions_.happens("disk.torn", sector, faults.torn_sector_per_million)) {
      Sector torn;
      tear(before, after, decisions_.draw("disk.tear", sector), torn);
      image.write(offset, std::span<const std::byte>(torn).first(size));
      ++damage.torn_sectors;
    } else {
      image.write(offset, after);
    }
  });
}

}  // namespace io::sim

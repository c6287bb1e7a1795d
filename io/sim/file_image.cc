#include "io/sim/file_image.h"

#include <algorithm>
#include <cstring>

namespace io::sim {

bool is_all_zero(std::span<const std::byte> data) {
  // Every byte equals the one before it, and the first is zero.
  return data.empty() || (data[0] == std::byte{0} && std::memcmp(data.data(), data.data() + 1, data.size() - 1) == 0);
}

FileImage::FileImage(const FileImage& other) : size_(other.size_) {
  chunks_.reserve(other.chunks_.size());
  for (const auto& chunk : other.chunks_) chunks_.push_back(chunk ? std::make_unique<Chunk>(*chunk) : nullptr);
}

FileImage& FileImage::operator=(const FileImage& other) {
  if (this != &other) *this = FileImage(other);
  return *this;
}

std::size_t FileImage::read(std::uint64_t offset, std::span<std::byte> into) const {
  if (offset >= size_) return 0;
  const std::size_t total = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), size_ - offset));
  for (std::size_t done = 0; done < total;) {
    const std::size_t within = static_cast<std::size_t>((offset + done) % kChunkBytes);
    const std::size_t count = std::min(total - done, kChunkBytes - within);
    const Chunk* const chunk = chunks_[static_cast<std::size_t>((offset + done) / kChunkBytes)].get();
    if (chunk == nullptr) {
      std::memset(into.data() + done, 0, count);
    } else {
      std::memcpy(into.data() + done, chunk->data() + within, count);
    }
    done += count;
  }
  return total;
}

void FileImage::write(std::uint64_t offset, std::span<const std::byte> data) {
  if (offset + data.size() > size_) resize(offset + data.size());
  for (std::size_t done = 0; done < data.size();) {
    const std::size_t within = static_cast<std::size_t>((offset + done) % kChunkBytes);
    const std::size_t count = std::min(data.size() - done, kChunkBytes - within);
    const std::span<const std::byte> part = data.subspan(done, count);
    std::unique_ptr<Chunk>& chunk = chunks_[static_cast<std::size_t>((offset + done) / kChunkBytes)];
    done += count;
    if (!chunk) {
      if (is_all_zero(part)) continue;  // zero-filled files stay holes
      chunk = count == kChunkBytes ? std::make_unique_for_overwrite<Chunk>() : std::make_unique<Chunk>();
    }
    std::memcpy(chunk->data() + within, part.data(), count);
  }
}

void FileImage::resize(std::uint64_t size) {
  if (size < size_) {
    const std::size_t within = static_cast<std::size_t>(size % kChunkBytes);
    const std::size_t last = static_cast<std::size_t>(size / kChunkBytes);
    if (within != 0 && chunks_[last]) std::memset(chunks_[last]->data() + within, 0, kChunkBytes - within);
  }
  chunks_.resize(static_cast<std::size_t>((size + kChunkBytes - 1) / kChunkBytes));
  size_ = size;
}

}  // namespace io::sim

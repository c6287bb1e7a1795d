// io/sim/file_image.h: the bytes of one simulated file, sparse.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace io::sim {

class FileImage {
 public:
  FileImage() = default;
  FileImage(const FileImage& other);  // a copy of every byte
  FileImage& operator=(const FileImage& other);
  FileImage(FileImage&&) noexcept = default;
  FileImage& operator=(FileImage&&) noexcept = default;
  ~FileImage() = default;

  std::uint64_t size() const { return size_; }
  // Fills `into` from `offset`; returns how many bytes there were before the end.
  std::size_t read(std::uint64_t offset, std::span<std::byte> into) const;
  // Grows the file when needed; what lies between the old end and `offset` reads as zeros.
  void write(std::uint64_t offset, std::span<const std::byte> data);
  void resize(std::uint64_t size);  // new bytes are zeros

 private:
  static constexpr std::size_t kChunkBytes = 8192;
  using Chunk = std::array<std::byte, kChunkBytes>;

  std::vector<std::unique_ptr<Chunk>> chunks_;  // null: all zeros; bytes beyond size_ are zeros
  std::uint64_t size_ = 0;
};

bool is_all_zero(std::span<const std::byte> data);

}  // namespace io::sim

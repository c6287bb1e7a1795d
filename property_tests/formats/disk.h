// property_tests/formats/disk.h: a disk for golden files, without faults, and chance that is none.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/bytes.h"
#include "io/sim/simulation.h"

namespace formats {

// The same draws for ever, whatever becomes of the simulator's.
class FixedRandom final : public io::Random {
 public:
  std::uint64_t draw(std::string_view purpose, std::initializer_list<std::uint64_t> identity) override {
    std::uint64_t value = purpose.size();
    for (const std::uint64_t word : identity) value = value * 31 + word;
    return 0x0102030405060708 + value;
  }
};

// Remembers how it ended.
class Done final : public io::Completion {
 public:
  void complete(base::Status result) override { status = std::move(result); }
  std::optional<base::Status> status;
};

inline std::string read_file(io::Disk& disk, std::string_view path) {
  const auto file = disk.open_page_file(path, io::Open::existing);
  if (!file) return {};
  std::string bytes(static_cast<std::size_t>((*file)->size().value()), '\0');
  return (*file)->read(0, base::as_writable_bytes(bytes)) ? bytes : std::string();
}

inline bool write_file(io::Disk& disk, std::string_view path, std::string_view bytes) {
  const auto file = disk.open_page_file(path, io::Open::create);
  return file && (*file)->write(0, base::as_bytes(bytes)) && (*file)->sync();
}

}  // namespace formats

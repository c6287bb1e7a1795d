// core/base/marks.h: rare branches that a batch of simulated runs has to have been in.
//
// Code that is hardly ever run says so: `observer.reached(base::Mark::…)`, or, where there is no observer, it leaves the mark with what
// it returns. The simulator counts; a mark that no seed reaches is a finding. Outside of it nobody listens. All marks stand in mark.h,
// which only those include who name one: everybody else gets along with this header, and need not be compiled again for a new mark.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace base {

enum class Mark : std::uint8_t;  // mark.h
inline constexpr std::size_t kMarksMax = 192;

// How often each was reached.
class MarkCounts {
 public:
  void add(Mark mark, std::uint64_t times = 1) { counts_[static_cast<std::size_t>(mark)] += times; }
  void add(const MarkCounts& other) {
    for (std::size_t i = 0; i < kMarksMax; ++i) counts_[i] += other.counts_[i];
  }
  std::uint64_t operator[](Mark mark) const { return counts_[static_cast<std::size_t>(mark)]; }

 private:
  std::array<std::uint64_t, kMarksMax> counts_{};
};

// Marks on their way to an observer.
class Marks {
 public:
  void add(Mark mark) { words_[static_cast<std::size_t>(mark) / 64] |= std::uint64_t{1} << (static_cast<std::size_t>(mark) % 64); }
  void add(const Marks& other) {
    for (std::size_t i = 0; i < kWords; ++i) words_[i] |= other.words_[i];
  }
  bool has(Mark mark) const { return (words_[static_cast<std::size_t>(mark) / 64] >> (static_cast<std::size_t>(mark) % 64) & 1U) != 0; }
  void clear() { words_ = {}; }
  // In the order of the list.
  template <typename Visit>
  void each(Visit&& visit) const {
    for (std::size_t i = 0; i < kWords; ++i) {
      if (words_[i] == 0) continue;
      for (std::size_t bit = 0; bit < 64; ++bit) {
        if ((words_[i] >> bit & 1U) != 0) visit(static_cast<Mark>(i * 64 + bit));
      }
    }
  }

 private:
  static constexpr std::size_t kWords = kMarksMax / 64;
  std::array<std::uint64_t, kWords> words_{};
};

}  // namespace base

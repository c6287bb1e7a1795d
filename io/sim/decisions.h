// io/sim/decisions.h: chance, by name.
//
// Every choice that a run leaves open is `hash(seed, name)`. A name is a purpose and an identity, never a
// running count, so taking one event out of a run leaves the other choices as they were; that is what makes
// shrinking work (docs/determinism.md). A trace may pin single decisions by their names' hashes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/hash.h"
#include "core/base/time.h"

namespace io::sim {

// Who or what is decided about: up to ten numbers. Parts that are names by nature go in as key().
class Identity {
 public:
  static constexpr std::size_t kPartsMax = 10;

  Identity() = default;
  Identity(std::initializer_list<std::uint64_t> parts) {
    for (const std::uint64_t part : parts) add(part);
  }
  Identity& add(std::uint64_t part);
  std::uint64_t hash() const { return hash_; }
  std::size_t count() const { return count_; }
  std::uint64_t operator[](std::size_t i) const { return parts_[i]; }

 private:
  std::array<std::uint64_t, kPartsMax> parts_{};
  std::size_t count_ = 0;
  std::uint64_t hash_ = 0x243f6a8885a308d3U;
};

// A text as a part of an identity: a node's name, a path.
inline std::uint64_t key(std::string_view text) { return base::hash64(text); }

// Counts within one virtual millisecond, for identities that need to tell several calls in it apart.
class MillisecondOrdinal {
 public:
  std::uint64_t next(std::uint64_t millisecond) {
    if (millisecond != millisecond_) {
      millisecond_ = millisecond;
      next_ = 0;
    }
    return next_++;
  }

 private:
  std::uint64_t millisecond_ = UINT64_MAX;
  std::uint64_t next_ = 0;
};

class Decisions {
 public:
  struct Record {
    std::string purpose;
    Identity identity;
    std::uint64_t name;
    std::uint64_t value;
  };

  explicit Decisions(std::uint64_t seed) : seed_(seed), salt_(base::mix64(seed, 0x452821e638d01377U)) {}
  Decisions(const Decisions&) = delete;
  Decisions& operator=(const Decisions&) = delete;

  std::uint64_t seed() const { return seed_; }
  static std::uint64_t name(std::string_view purpose, const Identity& identity);

  // All 64 bits are uniform; the same name always gives the same number.
  std::uint64_t draw(std::string_view purpose, const Identity& identity);
  // In [0, bound). Requires: bound > 0.
  std::uint64_t below(std::string_view purpose, const Identity& identity, std::uint64_t bound);
  // In [first, last); `first` when the range is empty.
  base::Duration between(std::string_view purpose, const Identity& identity, base::Duration first, base::Duration last);
  // True in `per_million` of a million names. A rate of zero asks nothing and records nothing, but what is pinned to zero happens.
  bool happens(std::string_view purpose, const Identity& identity, std::uint32_t per_million);

  // From now on the decision with this name has this value.
  void pin(std::uint64_t name, std::uint64_t value) {
    pinned_[name] = value;
    is_plain_ = false;
  }
  // Keeps every decision that is asked for, for comparing runs by name.
  void record(bool on) {
    is_recording_ = on;
    is_plain_ = !on && pinned_.empty();
  }
  const std::vector<Record>& records() const { return records_; }
  // Keeps the names of everything that happens() by chance. Pinned to zero they happen without a rate as well.
  void keep_hits(bool on) { keeps_hits_ = on; }
  const std::vector<std::uint64_t>& hits() const { return hits_; }

 private:
  std::uint64_t draw_slowly(std::string_view purpose, const Identity& identity, std::uint64_t name, std::uint64_t value);

  std::uint64_t seed_;
  std::uint64_t salt_;
  std::map<std::uint64_t, std::uint64_t> pinned_;
  bool is_recording_ = false;
  bool is_plain_ = true;  // nothing pinned, nothing recorded: the fast path
  std::vector<Record> records_;
  bool keeps_hits_ = false;
  std::vector<std::uint64_t> hits_;
};

std::string to_text(const Decisions::Record& record);  // `purpose(part,part) = value`

}  // namespace io::sim

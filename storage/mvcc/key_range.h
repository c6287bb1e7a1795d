// storage/mvcc/key_range.h: which keys, as every request of etcd says it (behaviour reference §2.2).
#pragma once

#include <string_view>

namespace mvcc {

inline constexpr std::string_view kOpenEnd{"\0", 1};

// `end` empty: the key alone. One zero byte: every key from `key` on. Otherwise [key, end), empty when end <= key.
struct KeyRange {
  std::string_view key;
  std::string_view end;

  bool is_single() const { return end.empty(); }
  // Requires: !is_single(), and `candidate` is not below `key`.
  bool ends_before(std::string_view candidate) const { return end != kOpenEnd && candidate >= end; }
};

}  // namespace mvcc

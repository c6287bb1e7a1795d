// core/etcd/version.h: which etcd we are to clients. Digits only: they parse it.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace etcd {

inline constexpr std::string_view kEtcdVersion = "3.7.1";
inline constexpr std::string_view kStorageVersion = "3.7.0";
inline constexpr std::string_view kClusterVersion = "3.7.0";     // the highest that this server can take part in
inline constexpr std::string_view kFirstClusterVersion = "3.0.0";  // while not all members have said what they are

struct Version {
  std::uint32_t major = 0;
  std::uint32_t minor = 0;
  std::uint32_t patch = 0;
  friend constexpr auto operator<=>(const Version&, const Version&) = default;
};
// `3.7.1`; nothing else.
std::optional<Version> parse_version(std::string_view text);
// `major.minor.0`.
std::string to_cluster_version(const Version& version);

}  // namespace etcd

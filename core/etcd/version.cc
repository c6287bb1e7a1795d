#include "core/etcd/version.h"

#include <charconv>
#include <system_error>

namespace etcd {

std::optional<Version> parse_version(std::string_view text) {
  Version version;
  const char* at = text.data();
  const char* const end = text.data() + text.size();
  for (std::uint32_t* part : {&version.major, &version.minor, &version.patch}) {
    const auto parsed = std::from_chars(at, end, *part);
    if (parsed.ec != std::errc()) return std::nullopt;
    at = parsed.ptr;
    const bool is_last = part == &version.patch;
    if (is_last != (at == end) || (!is_last && *at++ != '.')) return std::nullopt;
  }
  return version;
}

std::string to_cluster_version(const Version& version) { return std::to_string(version.major) + "." + std::to_string(version.minor) + ".0"; }

}  // namespace etcd

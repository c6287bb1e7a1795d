// core/base/url.h: the URLs at which members are reached, as flags and memberships spell them (behaviour reference §11.5).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace base {

struct Url {
  std::string text;    // as given
  std::string scheme;  // http, https, unix or unixs
  std::string host;    // without brackets
  std::uint16_t port = 0;
};

// `invalid` with etcd's text: http and https need host:port and take no path.
Result<Url> parse_url(std::string_view text);
// Separated by commas; sorted by text, and none twice.
Result<std::vector<Url>> parse_urls(std::string_view text);

}  // namespace base

// apps/lockstepd/urls.h: the URLs of flags (behaviour reference §11.5).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "io/network.h"

namespace lockstepd {

struct Url {
  std::string text;    // as given
  std::string scheme;  // http, https, unix or unixs
  std::string host;    // without brackets
  std::uint16_t port = 0;
};

// `invalid` with etcd's text: http and https need host:port and take no path.
base::Result<Url> parse_url(std::string_view text);
// Separated by commas; sorted by text, and none twice.
base::Result<std::vector<Url>> parse_urls(std::string_view text);

// Where a listener for this URL binds: the host has to be an IP address or localhost.
base::Result<io::Address> listen_address(const Url& url);
bool is_ip_address(std::string_view host);

}  // namespace lockstepd

// apps/lockstepd/urls.h: what the URLs of flags mean to a listener (behaviour reference §11.5).
#pragma once

#include <string_view>

#include "core/base/url.h"
#include "io/network.h"

namespace lockstepd {

// Where a listener for this URL binds: the host has to be an IP address or localhost.
base::Result<io::Address> listen_address(const base::Url& url);
bool is_ip_address(std::string_view host);

}  // namespace lockstepd

// io/address.h: an address as people write it: `host:port`, an IPv6 literal in brackets.
#pragma once

#include <string_view>

#include "core/base/result.h"
#include "io/network.h"

namespace io {

// What to_text() writes; invalid for anything else.
base::Result<Address> parse_address(std::string_view text);

}  // namespace io

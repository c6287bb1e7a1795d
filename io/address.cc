#include "io/address.h"

#include <string>

#include "core/base/url.h"

namespace io {

base::Result<Address> parse_address(std::string_view text) {
  const base::Result<base::Url> url = base::parse_url("http://" + std::string(text));
  if (!url) return base::fail(base::Code::invalid, "`" + std::string(text) + "` is not HOST:PORT");
  return Address{url->host, url->port};
}

}  // namespace io

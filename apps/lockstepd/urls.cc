#include "apps/lockstepd/urls.h"

#include <arpa/inet.h>

#include <string>

namespace lockstepd {

using base::Code;

bool is_ip_address(std::string_view host) {
  const std::string text(host);
  unsigned char bytes[sizeof(in6_addr)];
  return ::inet_pton(AF_INET, text.c_str(), bytes) == 1 || ::inet_pton(AF_INET6, text.c_str(), bytes) == 1;
}

base::Result<io::Address> listen_address(const base::Url& url) {
  if (url.scheme == "https" || url.scheme == "unixs") {
    return base::fail(Code::invalid, "TLS is not supported yet: listen on http:// instead of " + url.text);
  }
  if (url.scheme == "unix") {
    return base::fail(Code::invalid, "unix sockets are not supported yet: listen on http:// instead of " + url.text);
  }
  // A name could mean another address tomorrow; localhost always means the same.
  if (url.host == "localhost") return io::Address{"127.0.0.1", url.port};
  if (!is_ip_address(url.host)) {
    return base::fail(Code::invalid, "expected IP in URL for binding (" + url.text + ")");
  }
  return io::Address{url.host, url.port};
}

}  // namespace lockstepd

#include "apps/lockstepd/urls.h"

#include <doctest/doctest.h>

#include <ostream>

using namespace lockstepd;

TEST_CASE("a member listens on addresses, and on localhost, without TLS") {
  struct Case {
    std::string_view url, host, says;
  };
  constexpr Case cases[] = {
      {"http://localhost:1", "127.0.0.1", ""},
      {"http://0.0.0.0:1", "0.0.0.0", ""},
      {"http://[::]:1", "::", ""},
      {"http://example.com:1", "", "expected IP in URL for binding"},
      {"http://:1", "", "expected IP in URL for binding"},
      {"https://localhost:1", "", "TLS is not supported yet"},
      {"unixs://a:1", "", "TLS is not supported yet"},
      {"unix://a:1", "", "unix sockets are not supported yet"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.url);
    const auto url = base::parse_url(c.url);
    REQUIRE(url.has_value());
    const auto address = listen_address(*url);
    REQUIRE(address.has_value() == c.says.empty());
    if (address) {
      CHECK(address->host == c.host);
      CHECK(address->port == 1);
    } else {
      CHECK(address.error().detail.find(c.says) != std::string::npos);
    }
  }
}

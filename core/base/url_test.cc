#include "core/base/url.h"

#include <doctest/doctest.h>

#include <ostream>

namespace base {

TEST_CASE("a URL is a scheme, a host and a port") {
  const auto plain = parse_url("http://10.0.0.1:2379");
  REQUIRE(plain.has_value());
  CHECK(plain->scheme == "http");
  CHECK(plain->host == "10.0.0.1");
  CHECK(plain->port == 2379);
  const auto literal = parse_url("https://[::1]:0");
  REQUIRE(literal.has_value());
  CHECK(literal->host == "::1");
  CHECK(literal->port == 0);
}

TEST_CASE("what is no URL for a member is refused with etcd's text") {
  struct Case {
    std::string_view url, says;
  };
  constexpr Case cases[] = {
      {"", "URL scheme must be"},
      {"localhost:2379", "URL scheme must be"},
      {"ftp://localhost:2379", "URL scheme must be"},
      {"http://localhost", "does not have the form \"host:port\""},
      {"http://::1:2379", "does not have the form \"host:port\""},
      {"http://[::1:2379", "does not have the form \"host:port\""},
      {"http://localhost:2379/", "must not contain a path"},
      {"http://localhost:2379/v3", "must not contain a path"},
      {"http://localhost:2379?x=1", "must not contain a path"},
      {"http://localhost:", "port"},
      {"http://localhost:http", "port"},
      {"http://localhost:65536", "port"},
      {"http://localhost:-1", "port"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.url);
    const auto url = parse_url(c.url);
    REQUIRE(!url.has_value());
    CHECK(url.error().code == Code::invalid);
    CHECK(url.error().detail.find(c.says) != std::string::npos);
  }
}

TEST_CASE("a list of URLs is sorted and has none twice") {
  const auto urls = parse_urls("http://b:1, http://a:1,http://b:1");
  REQUIRE(urls.has_value());
  REQUIRE(urls->size() == 2);
  CHECK((*urls)[0].text == "http://a:1");
  CHECK((*urls)[1].text == "http://b:1");
  CHECK(!parse_urls("http://a:1,").has_value());
}

}  // namespace base

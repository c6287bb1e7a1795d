#include "apps/lockstepd/urls.h"

#include <arpa/inet.h>

#include <algorithm>

#include "apps/lockstepd/values.h"

namespace lockstepd {
namespace {

using base::Code;

// Splits `host:port`, an IPv6 literal in brackets. Go's net.SplitHostPort.
bool split_host_port(std::string_view text, std::string_view& host, std::string_view& port) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return false;
  host = text.substr(0, colon);
  port = text.substr(colon + 1);
  if (host.starts_with('[')) {
    if (!host.ends_with(']')) return false;
    host = host.substr(1, host.size() - 2);
    return true;
  }
  return host.find_first_of(":[]") == std::string_view::npos;
}

}  // namespace

base::Result<Url> parse_url(std::string_view text) {
  Url url;
  url.text = text;
  const std::size_t separator = text.find("://");
  if (separator == std::string_view::npos) {
    return base::fail(Code::invalid, "URL scheme must be http, https, unix, or unixs: " + url.text);
  }
  url.scheme = text.substr(0, separator);
  std::string_view rest = text.substr(separator + 3);
  if (url.scheme == "unix" || url.scheme == "unixs") {
    url.host = rest;  // a path
    return url;
  }
  if (url.scheme != "http" && url.scheme != "https") {
    return base::fail(Code::invalid, "URL scheme must be http, https, unix, or unixs: " + url.text);
  }
  if (rest.find_first_of("/?#") != std::string_view::npos) {
    return base::fail(Code::invalid, "URL must not contain a path: " + url.text);
  }
  std::string_view host;
  std::string_view port;
  if (!split_host_port(rest, host, port)) {
    return base::fail(Code::invalid, "URL address does not have the form \"host:port\": " + url.text);
  }
  const std::optional<std::uint64_t> number = parse_count(port);
  if (!number || *number > UINT16_MAX) {
    return base::fail(Code::invalid, "URL has no port between 0 and 65535: " + url.text);
  }
  url.host = host;
  url.port = static_cast<std::uint16_t>(*number);
  return url;
}

base::Result<std::vector<Url>> parse_urls(std::string_view text) {
  std::vector<Url> urls;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    std::string_view one = text.substr(begin, end - begin);
    while (one.starts_with(' ')) one.remove_prefix(1);
    while (one.ends_with(' ')) one.remove_suffix(1);
    base::Result<Url> url = parse_url(one);
    if (!url) return base::fail(url.error());
    urls.push_back(std::move(*url));
    begin = end + 1;
  }
  std::sort(urls.begin(), urls.end(), [](const Url& left, const Url& right) { return left.text < right.text; });
  urls.erase(std::unique(urls.begin(), urls.end(), [](const Url& left, const Url& right) { return left.text == right.text; }), urls.end());
  return urls;
}

bool is_ip_address(std::string_view host) {
  const std::string text(host);
  unsigned char bytes[sizeof(in6_addr)];
  return ::inet_pton(AF_INET, text.c_str(), bytes) == 1 || ::inet_pton(AF_INET6, text.c_str(), bytes) == 1;
}

base::Result<io::Address> listen_address(const Url& url) {
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

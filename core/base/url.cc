#include "core/base/url.h"

#include <algorithm>
#include <charconv>
#include <system_error>

namespace base {

namespace {

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

Result<Url> parse_url(std::string_view text) {
  Url url;
  url.text = text;
  const std::size_t separator = text.find("://");
  if (separator == std::string_view::npos) {
    return fail(Code::invalid, "URL scheme must be http, https, unix, or unixs: " + url.text);
  }
  url.scheme = text.substr(0, separator);
  std::string_view rest = text.substr(separator + 3);
  if (url.scheme == "unix" || url.scheme == "unixs") {
    url.host = rest;  // a path
    return url;
  }
  if (url.scheme != "http" && url.scheme != "https") {
    return fail(Code::invalid, "URL scheme must be http, https, unix, or unixs: " + url.text);
  }
  if (rest.find_first_of("/?#") != std::string_view::npos) {
    return fail(Code::invalid, "URL must not contain a path: " + url.text);
  }
  std::string_view host;
  std::string_view port;
  if (!split_host_port(rest, host, port)) {
    return fail(Code::invalid, "URL address does not have the form \"host:port\": " + url.text);
  }
  std::uint16_t number = 0;
  const auto parsed = std::from_chars(port.data(), port.data() + port.size(), number);
  if (port.empty() || parsed.ec != std::errc() || parsed.ptr != port.data() + port.size()) {
    return fail(Code::invalid, "URL has no port between 0 and 65535: " + url.text);
  }
  url.host = host;
  url.port = number;
  return url;
}

Result<std::vector<Url>> parse_urls(std::string_view text) {
  std::vector<Url> urls;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    std::string_view one = text.substr(begin, end - begin);
    while (one.starts_with(' ')) one.remove_prefix(1);
    while (one.ends_with(' ')) one.remove_suffix(1);
    Result<Url> url = parse_url(one);
    if (!url) return fail(url.error());
    urls.push_back(std::move(*url));
    begin = end + 1;
  }
  std::sort(urls.begin(), urls.end(), [](const Url& left, const Url& right) { return left.text < right.text; });
  urls.erase(std::unique(urls.begin(), urls.end(), [](const Url& left, const Url& right) { return left.text == right.text; }), urls.end());
  return urls;
}

}  // namespace base

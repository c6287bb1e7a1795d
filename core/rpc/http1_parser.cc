#include "core/rpc/http1_parser.h"

#include <algorithm>
#include <charconv>
#include <system_error>
#include <utility>
#include <vector>

#include "core/base/assert.h"

namespace rpc {
namespace {

constexpr std::size_t kChunkLineBytesMax = 256;  // a number, and extensions that nobody uses

bool is_control(char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; }

bool is_token_letter(char c) {
  if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) return true;
  return std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;  // RFC 9110 §5.6.2
}
bool is_token(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), is_token_letter); }

bool is_target_letter(char c) { return c > ' ' && c < 0x7f && c != '#'; }  // a fragment is never sent

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) { return lower(c); });
  return out;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = std::min(text.find_first_not_of(" \t"), text.size());
  return text.substr(first, text.find_last_not_of(" \t") + 1 - first);
}

// All of it, without a sign or a space; nullopt beyond 64 bits.
std::optional<std::uint64_t> parse_number(std::string_view text, int base) {
  std::uint64_t number = 0;
  const std::from_chars_result parsed = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

// In a list such as that of Connection.
bool has_option(std::string_view list, std::string_view option) {
  while (!list.empty()) {
    const std::string_view one = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), one.size() + 1));
    if (lower(trimmed(one)) == option) return true;
  }
  return false;
}

}  // namespace

void Http1Parser::feed(std::string_view& bytes) {
  while (!bytes.empty() && stage_ != Stage::done && stage_ != Stage::refused) {
    if (stage_ == Stage::body || stage_ == Stage::chunk_data) {
      take_body(bytes);
    } else if (take_line(bytes)) {
      on_line();
      line_.clear();
    }
  }
}

void Http1Parser::reset() {
  ASSERT(stage_ == Stage::done);
  stage_ = Stage::request_line;
  has_empty_line_ = false;
  head_bytes_ = 0;
  header_count_ = 0;
  waits_for_continue_ = false;
  request_ = {};
}

void Http1Parser::refuse(int status, std::string_view why) {
  stage_ = Stage::refused;
  refusal_ = http_error(status, std::to_string(status) + " " + std::string(http_reason(status)) + ": " + std::string(why));
  request_ = {};
}

bool Http1Parser::take_continue() {
  const bool is_at_body = stage_ == Stage::body || (stage_ == Stage::chunk_size && line_.empty());
  return std::exchange(waits_for_continue_, false) && is_at_body && request_.body.empty();
}

// True: line_ is whole. Byte by byte, so that garbage is refused where it stands and not where its line ends.
bool Http1Parser::take_line(std::string_view& bytes) {
  const bool is_chunk = stage_ == Stage::chunk_size || stage_ == Stage::chunk_end;
  while (!bytes.empty()) {
    const char c = bytes.front();
    bytes.remove_prefix(1);
    if (!is_chunk && ++head_bytes_ > limits_.head_bytes_max) {
      refuse(431, "more than " + std::to_string(limits_.head_bytes_max) + " bytes");
      return false;
    }
    if (std::exchange(has_cr_, false)) {
      if (c == '\n') return true;
      refuse(400, "a carriage return that ends no line");
      return false;
    }
    if (c == '\r') {
      has_cr_ = true;
    } else if (is_control(c)) {
      refuse(400, c == '\n' ? "a line that ends without a carriage return" : "a control character");
      return false;
    } else if (is_chunk && line_.size() == kChunkLineBytesMax) {
      refuse(400, "too long a line between the chunks");
      return false;
    } else {
      line_ += c;
    }
  }
  return false;
}

void Http1Parser::take_body(std::string_view& bytes) {
  const std::size_t count = std::min<std::uint64_t>(bytes.size(), body_left_);
  request_.body.append(bytes.substr(0, count));
  bytes.remove_prefix(count);
  body_left_ -= count;
  if (body_left_ == 0) stage_ = stage_ == Stage::body ? Stage::done : Stage::chunk_end;
}

void Http1Parser::on_line() {
  switch (stage_) {
    case Stage::request_line:
      // Some clients of old end a body with one too many (RFC 9112 §2.2).
      if (line_.empty() && !std::exchange(has_empty_line_, true)) return;
      return on_request_line();
    case Stage::headers: return line_.empty() ? on_head() : on_header(true);
    case Stage::chunk_size: return on_chunk_size();
    case Stage::chunk_end:
      if (!line_.empty()) return refuse(400, "a chunk that is longer than it says");
      stage_ = Stage::chunk_size;
      return;
    case Stage::trailers:
      if (!line_.empty()) return on_header(false);
      stage_ = Stage::done;
      return;
    case Stage::body:
    case Stage::chunk_data:
    case Stage::done:
    case Stage::refused: break;
  }
  ASSERT(false && "no lines are read here");
}

// --- the head ---------------------------------------------------------------------------------------

// `METHOD SP target SP HTTP/1.x` (RFC 9112 §3).
void Http1Parser::on_request_line() {
  const std::string_view line = line_;
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return refuse(400, "no request line");
  const std::string_view method = line.substr(0, first);
  const std::string_view version = line.substr(last + 1);
  if (!is_token(method)) return refuse(400, "no method");
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    return version.starts_with("HTTP/") ? refuse(505, "HTTP/1.1 is spoken here") : refuse(400, "no version of HTTP");
  }
  request_.method = method;
  request_.is_1_1 = version == "HTTP/1.1";
  stage_ = Stage::headers;
  on_target(line.substr(first + 1, last - first - 1));
}

// A path, perhaps behind the server's own name, or `*` (RFC 9112 §3.2). What CONNECT asks for is not served.
void Http1Parser::on_target(std::string_view target) {
  if (target.empty() || !std::all_of(target.begin(), target.end(), is_target_letter)) return refuse(400, "no target that could be asked for");
  if (target == "*") {
    request_.path = target;
    return;
  }
  const std::size_t scheme_end = target.find("://");
  const std::string scheme = lower(target.substr(0, std::min(scheme_end, target.size())));
  if (scheme == "http" || scheme == "https") {
    const std::size_t authority = scheme_end + 3;
    target.remove_prefix(std::min(target.find_first_of("/?", authority), target.size()));
  } else if (target.front() != '/') {
    return refuse(400, "the target is no path");
  }
  const std::size_t path_end = std::min(target.find('?'), target.size());
  std::optional<std::string> path = decode_escapes(target.substr(0, path_end), false);
  if (!path) return refuse(400, "a broken escape in the path");
  request_.path = path->empty() ? "/" : std::move(*path);
  request_.query = target.substr(std::min(path_end + 1, target.size()));
}

// `name: value`. A line that begins with a space would go on with the one before; nobody may do that any more (RFC 9112 §5.2).
void Http1Parser::on_header(bool is_kept) {
  const std::string_view line = line_;
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) return refuse(400, "a header without a name");
  if (++header_count_ > limits_.header_count_max) return refuse(431, "more than " + std::to_string(limits_.header_count_max) + " headers");
  if (is_kept) request_.headers.push_back({lower(line.substr(0, colon)), std::string(trimmed(line.substr(colon + 1)))});
}

void Http1Parser::on_head() {
  const auto host_count = std::count_if(request_.headers.begin(), request_.headers.end(), [](const HttpHeader& one) { return one.name == "host"; });
  if (host_count == 0 && request_.is_1_1) return refuse(400, "missing required Host header");
  if (host_count > 1) return refuse(400, "too many Host headers");
  if (request_.header("host").value_or("").find_first_of(" \t/\\?#@,") != std::string_view::npos) return refuse(400, "malformed Host header");
  bool closes = false;
  bool stays = request_.is_1_1;
  for (const HttpHeader& one : request_.headers) {
    if (one.name != "connection") continue;
    closes = closes || has_option(one.value, "close");
    stays = stays || has_option(one.value, "keep-alive");
  }
  keeps_alive_ = stays && !closes;
  if (const std::optional<std::string_view> expected = request_.header("expect"); expected && request_.is_1_1) {
    if (lower(*expected) != "100-continue") return refuse(417, "nothing but 100-continue may be expected");
    waits_for_continue_ = true;
  }
  on_framing();
}

// How long the body is: by one header, said once, and in the one way that everybody understands alike (RFC 9112 §6.3).
void Http1Parser::on_framing() {
  std::vector<std::string_view> lengths, codings;
  for (const HttpHeader& one : request_.headers) {
    if (one.name == "content-length") lengths.push_back(one.value);
    if (one.name == "transfer-encoding") codings.push_back(one.value);
  }
  if (!codings.empty()) {
    if (!lengths.empty()) return refuse(400, "both Content-Length and Transfer-Encoding");
    if (!request_.is_1_1) return refuse(400, "a Transfer-Encoding in HTTP/1.0");
    if (codings.size() > 1 || lower(codings[0]) != "chunked") return refuse(501, "a Transfer-Encoding other than chunked");
    stage_ = Stage::chunk_size;
    return;
  }
  if (lengths.empty()) {
    stage_ = Stage::done;
    return;
  }
  const std::optional<std::uint64_t> length = parse_number(lengths[0], 10);
  if (lengths.size() > 1 || !length) return refuse(400, "malformed Content-Length header");
  on_body_size(*length, *length == 0 ? Stage::done : Stage::body);
}

// --- the body ---------------------------------------------------------------------------------------

// More of it is to come. Refused before it has come.
void Http1Parser::on_body_size(std::uint64_t size, Stage next) {
  if (size > limits_.body_bytes_max - request_.body.size()) {
    return refuse(413, "a body of more than " + std::to_string(limits_.body_bytes_max) + " bytes");
  }
  body_left_ = size;
  stage_ = next;
}

// What stands behind a semicolon means nothing to us.
void Http1Parser::on_chunk_size() {
  const std::optional<std::uint64_t> size = parse_number(std::string_view(line_).substr(0, line_.find(';')), 16);
  if (!size) return refuse(400, "a chunk without a size");
  on_body_size(*size, *size == 0 ? Stage::trailers : Stage::chunk_data);
}

}  // namespace rpc

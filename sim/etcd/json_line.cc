#include "sim/etcd/json_line.h"

#include <charconv>
#include <cstring>

namespace sim::etcd {

namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Stands for itself in a string. Most bytes of a history do, or come as \u00XX: both are read in one loop.
bool is_plain(char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; }

}  // namespace

bool JsonLine::fail(std::string what) {
  error_ = std::move(what) + " (column " + std::to_string(at_ + 1) + ")";
  return false;
}

void JsonLine::skip_space() {
  while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\r')) ++at_;
}

bool JsonLine::take(char c, const char* what) {
  skip_space();
  if (at_ >= text_.size() || text_[at_] != c) return fail(std::string("here should be ") + what);
  ++at_;
  is_first_ = true;
  return true;
}

std::optional<std::string_view> JsonLine::next_member() {
  skip_space();
  if (at_ < text_.size() && text_[at_] == '}') {
    ++at_;
    is_first_ = false;
    return std::string_view();
  }
  if (!is_first_ && !take(',', "a comma or the end of the object")) return std::nullopt;
  if (!take('"', "the name of a member")) return std::nullopt;
  const std::size_t end = text_.find('"', at_);
  if (end == std::string_view::npos || end == at_) {
    fail("a name without an end");
    return std::nullopt;
  }
  const std::string_view name = text_.substr(at_, end - at_);
  at_ = end + 1;
  if (!take(':', "a colon")) return std::nullopt;
  is_first_ = false;
  return name;
}

bool JsonLine::next_element(bool& has_one) {
  skip_space();
  has_one = at_ >= text_.size() || text_[at_] != ']';
  if (!has_one) ++at_;
  else if (!is_first_ && !take(',', "a comma or the end of the array")) return false;
  is_first_ = false;
  return true;
}

bool JsonLine::read_number(std::int64_t& out) {
  skip_space();
  const char* const begin = text_.data() + at_;
  const char* const limit = text_.data() + text_.size();
  const auto [end, error] = std::from_chars(begin, limit, out);
  if (error != std::errc()) return fail("here should be a whole number");
  if (end != limit && (*end == '.' || *end == 'e' || *end == 'E')) return fail("here should be a whole number");
  at_ += static_cast<std::size_t>(end - begin);
  return true;
}

bool JsonLine::read_bytes(ByteArena& arena, std::string_view& out) {
  if (!take('"', "a string")) return false;
  // Never longer than what is left: an escape only shrinks.
  char* const room = arena.begin(text_.size() - at_);
  std::size_t used = 0;
  for (;;) {
    const char* from = text_.data() + at_;
    const char* const limit = text_.data() + text_.size();
    char* to = room + used;
    while (from != limit && is_plain(*from)) *to++ = *from++;
    used = static_cast<std::size_t>(to - room);
    at_ = static_cast<std::size_t>(from - text_.data());
    if (from == limit) return fail("a string without an end");
    ++at_;
    if (*from == '"') break;
    if (*from != '\\') return fail("a byte in a string that should be written as \\u00XX");
    if (!read_escape(room[used++])) return false;
  }
  is_first_ = false;
  out = arena.finish(used);
  return true;
}

bool JsonLine::read_escape(char& out) {
  if (at_ >= text_.size()) return fail("a string without an end");
  const char c = text_[at_++];
  if (c == 'u') {
    if (text_.size() - at_ < 4 || text_[at_] != '0' || text_[at_ + 1] != '0') return fail("a character that is no byte");
    const int high = hex_digit(text_[at_ + 2]);
    const int low = hex_digit(text_[at_ + 3]);
    if (high < 0 || low < 0) return fail("a character that is no byte");
    out = static_cast<char>(high * 16 + low);
    at_ += 4;
    return true;
  }
  constexpr std::string_view kEscapes = "\"\\/bfnrt";
  constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
  const std::size_t which = kEscapes.find(c);
  if (which == std::string_view::npos) return fail("an escape that JSON does not have");
  out = kMeanings[which];
  return true;
}

bool JsonLine::at_end() {
  skip_space();
  return at_ == text_.size() || fail("something behind the object");
}

}  // namespace sim::etcd

#include "apps/lockstepd/values.h"

#include <charconv>
#include <limits>

namespace lockstepd {
namespace {

template <typename Number>
std::optional<Number> parse_decimal(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Takes the digits at the front of `text`.
std::string_view take_digits(std::string_view& text) {
  std::size_t count = 0;
  while (count < text.size() && is_digit(text[count])) ++count;
  const std::string_view digits = text.substr(0, count);
  text.remove_prefix(count);
  return digits;
}

// Takes a unit from the front of `text`; in nanoseconds. 0: there is none.
std::uint64_t take_unit(std::string_view& text) {
  struct Unit {
    std::string_view name;
    std::uint64_t nanoseconds;
  };
  constexpr std::uint64_t kSecond = 1'000'000'000;
  constexpr Unit kUnits[] = {{"ns", 1}, {"us", 1'000}, {"\u00b5s", 1'000}, {"\u03bcs", 1'000}, {"ms", 1'000'000},
                             {"s", kSecond}, {"m", 60 * kSecond}, {"h", 3600 * kSecond}};
  std::size_t length = 0;
  while (length < text.size() && !is_digit(text[length]) && text[length] != '.') ++length;
  for (const Unit& unit : kUnits) {
    if (unit.name == text.substr(0, length)) {
      text.remove_prefix(length);
      return unit.nanoseconds;
    }
  }
  return 0;
}

}  // namespace

std::optional<bool> parse_boolean(std::string_view text) {
  for (const std::string_view yes : {"1", "t", "T", "true", "TRUE", "True"}) {
    if (text == yes) return true;
  }
  for (const std::string_view no : {"0", "f", "F", "false", "FALSE", "False"}) {
    if (text == no) return false;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> parse_count(std::string_view text) { return parse_decimal<std::uint64_t>(text); }

std::optional<std::int64_t> parse_number(std::string_view text) { return parse_decimal<std::int64_t>(text); }

std::optional<base::Duration> parse_duration(std::string_view text) {
  using Wide = std::uint64_t;
  constexpr Wide kMax = static_cast<Wide>(std::numeric_limits<std::int64_t>::max());
  const bool is_negative = text.starts_with('-');
  if (is_negative || text.starts_with('+')) text.remove_prefix(1);
  if (text == "0") return base::Duration(0);
  if (text.empty()) return std::nullopt;

  Wide total = 0;
  while (!text.empty()) {
    const std::string_view whole = take_digits(text);
    std::string_view fraction;
    if (text.starts_with('.')) {
      text.remove_prefix(1);
      fraction = take_digits(text);
    }
    if (whole.empty() && fraction.empty()) return std::nullopt;
    const Wide unit = take_unit(text);
    if (unit == 0) return std::nullopt;

    const std::optional<Wide> count = whole.empty() ? Wide{0} : parse_count(whole);
    if (!count || *count > kMax / unit) return std::nullopt;
    Wide part = *count * unit;
    Wide place = unit;
    for (const char digit : fraction) {  // digits below a nanosecond count nothing, as in Go
      place /= 10;
      part += static_cast<Wide>(digit - '0') * place;
    }
    if (part > kMax - total) return std::nullopt;
    total += part;
  }
  const auto nanoseconds = static_cast<std::int64_t>(total);
  return base::Duration(is_negative ? -nanoseconds : nanoseconds);
}

}  // namespace lockstepd

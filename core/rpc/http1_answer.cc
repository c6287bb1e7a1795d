#include "core/rpc/http1_answer.h"

#include <array>
#include <chrono>
#include <cstdio>
#include <string_view>

#include "core/base/assert.h"

namespace rpc {
namespace {

void append_header(std::string& out, std::string_view name, std::string_view value) {
  ASSERT(name.find_first_of(": \r\n") == std::string_view::npos);
  ASSERT(value.find_first_of("\r\n") == std::string_view::npos);  // or it could say more than it should
  out.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

std::string http_date(base::WallTime time) {
  constexpr std::array<const char*, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto since_epoch = std::chrono::floor<std::chrono::seconds>(std::chrono::nanoseconds(time.nanoseconds));
  const auto day_count = std::chrono::floor<std::chrono::days>(since_epoch);
  const std::chrono::sys_days day(day_count);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss<std::chrono::seconds> clock(since_epoch - day_count);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%s, %02u %s %04d %02d:%02d:%02d GMT", kDays[std::chrono::weekday(day).c_encoding()],
                static_cast<unsigned>(date.day()), kMonths[static_cast<unsigned>(date.month()) - 1], static_cast<int>(date.year()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()));
  return text.data();
}

void append_http1(std::string& out, const HttpResponse& response, Http1Form form, base::WallTime now) {
  ASSERT(response.status >= 200 && response.status <= 599);
  ASSERT(response.status != 204 && response.status != 304);  // they have a form of their own, which nobody needs yet
  out.append(form.is_1_1 ? "HTTP/1.1 " : "HTTP/1.0 ").append(std::to_string(response.status)).append(" ").append(http_reason(response.status));
  out.append("\r\n");
  for (const HttpHeader& one : response.headers) append_header(out, one.name, one.value);
  if (!response.body.empty()) append_header(out, "Content-Type", response.content_type);
  append_header(out, "Date", http_date(now));
  append_header(out, "Content-Length", std::to_string(response.body.size()));
  // What goes without saying differs between the two versions (RFC 9112 §9.3).
  if (form.is_1_1 && !form.stays_open) append_header(out, "Connection", "close");
  if (!form.is_1_1 && form.stays_open) append_header(out, "Connection", "keep-alive");
  out.append("\r\n");
  if (!form.is_head) out.append(response.body);
}

}  // namespace rpc

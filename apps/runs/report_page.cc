#include "apps/runs/report_page.h"

#include <utility>

#include "core/base/assert.h"

namespace runs {

namespace {

std::string as_html(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '<') out += "&lt;";
    else if (c == '&') out += "&amp;";
    else out += c;
  }
  return out;
}

}  // namespace

std::string report_page(std::string_view title, std::string_view json) {
  const std::string safe_title = as_html(title);
  const std::pair<std::string_view, std::string_view> parts[] = {
      {"{{title}}", safe_title}, {"{{style}}", page_assets::kStyle}, {"{{data}}", json}, {"{{script}}", page_assets::kScript}};
  std::string out;
  std::string_view left = page_assets::kHtml;
  for (const auto& [mark, value] : parts) {  // in this order
    const std::size_t at = left.find(mark);
    ASSERT(at != std::string_view::npos);
    out.append(left.substr(0, at)).append(value);
    left.remove_prefix(at + mark.size());
  }
  return out.append(left);
}

}  // namespace runs

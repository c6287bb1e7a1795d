// apps/runs/report_page.h: one HTML page that needs nothing but itself.
#pragma once

#include <string>
#include <string_view>

namespace runs {

// What stands in the page besides the data; files of apps/runs/page, put into the program when it is built (page/embed.py).
namespace page_assets {
extern const std::string_view kHtml;
extern const std::string_view kStyle;
extern const std::string_view kScript;
extern const std::string_view kGlossary;
}  // namespace page_assets

// `json` as report_json() makes it. `title` is plain text.
std::string report_page(std::string_view title, std::string_view json);

}  // namespace runs

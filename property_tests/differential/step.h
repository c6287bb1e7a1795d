// property_tests/differential/step.h: a request together with what it was made for.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "property_tests/differential/request.h"

namespace property_tests::differential {

// What both servers must say, whatever happened before: the behaviour reference's word on this shape. Checked besides
// their agreement, and counted as a row of the coverage table.
struct Claim {
  std::string_view row;
  std::string_view error;  // the text of the refusal; empty: it is accepted
};

struct Step {
  Request request;
  std::optional<Claim> claim;
};

}  // namespace property_tests::differential

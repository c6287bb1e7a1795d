// property_tests/differential/member_observe.h: which rows of the coverage table a request about members and its answer are.
#pragma once

#include "property_tests/differential/coverage.h"
#include "property_tests/differential/group_view.h"

namespace property_tests::differential {

// `view` is as it was before. `answer` is the one both gave.
void observe_members(const GroupView& view, const Request& request, const Answer& answer, bool is_in_second, Coverage& coverage);

}  // namespace property_tests::differential

// property_tests/differential/member_expected.h: where answers about members differ by design.
#pragma once

#include "property_tests/differential/expected.h"
#include "property_tests/differential/group_view.h"

namespace property_tests::differential {

// `view`: as it was before.
Judgement judge_members(const GroupView& view, const Request& request, const Answers& answers);

// Enough run to decide this, and too few to decide anything afterwards.
bool loses_quorum(const GroupView& view, const Request& request);

// The leader knows no such member, and this may not be asked at the leader: etcd takes all the time there is.
bool is_promotion_of_nobody(const GroupView& view, const Request& request);

}  // namespace property_tests::differential

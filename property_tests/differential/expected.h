// property_tests/differential/expected.h: where etcd 3.4 and the release we follow, 3.7, differ by design.
//
// Such requests are sent as well, and each difference has a name, a reason and the exact pair of answers it excuses.
#pragma once

#include <optional>
#include <string_view>

#include "property_tests/differential/servers.h"

namespace property_tests::differential {

struct ExpectedDifference {
  std::string_view name;
  std::string_view reason;
  Kind kind;  // what is generated to meet it
};

// All there are; each is counted in the coverage table.
extern const ExpectedDifference kRangeStream;
extern const ExpectedDifference kRangeStreamSort;
extern const ExpectedDifference kRangeStreamFilters;
extern const ExpectedDifference kUnknownSortOption;
extern const ExpectedDifference kClientApiVersion;
extern const ExpectedDifference kLeaseBeforeKey;
extern const ExpectedDifference kPutsBeforeRanges;
extern const ExpectedDifference kKeepsWhatIsDeleted;
extern const ExpectedDifference kHashRevision;
extern const ExpectedDifference kHashAtCompacted;
extern const ExpectedDifference kUnreachableUrl;  // of member_expected.cc, as all below
extern const ExpectedDifference kConnectedToAll;
extern const ExpectedDifference kEndsItself;
extern const ExpectedDifference kPromoteAsksAgain;
extern const ExpectedDifference kLearnerCode;
extern const ExpectedDifference kTimeOverCode;
extern const ExpectedDifference kUpdatePromotes;
extern const ExpectedDifference kBothMajorities;
extern const ExpectedDifference kListWithoutQuorum;
extern const ExpectedDifference kRefusedWithoutQuorum;
inline constexpr const ExpectedDifference* kExpectedDifferences[] = {
    &kRangeStream, &kRangeStreamSort, &kRangeStreamFilters, &kUnknownSortOption, &kClientApiVersion,
    &kLeaseBeforeKey, &kPutsBeforeRanges, &kKeepsWhatIsDeleted,
    &kHashRevision,  &kHashAtCompacted,
    &kUnreachableUrl, &kConnectedToAll, &kEndsItself, &kPromoteAsksAgain, &kLearnerCode,
    &kTimeOverCode, &kUpdatePromotes, &kBothMajorities, &kListWithoutQuorum, &kRefusedWithoutQuorum};

// May a put of it want to keep what an open-ended delete of it has taken away? Every etcd ends itself over that, so
// only one shape is such (shapes.cc).
bool keeps_what_it_deletes(const etcdserverpb::TxnRequest& txn);

// What is sent to etcd 3.4 in place of a request that it does not know, or that would end it.
Request for_reference(Request request);

enum class Verdict : std::uint8_t { equal, expected, different };
struct Judgement {
  Verdict verdict = Verdict::different;
  const ExpectedDifference* expected = nullptr;  // when expected
};
Judgement judge(const Request& request, const Answers& answers);
Judgement judge_equality(const Answers& answers);  // without any expected difference

}  // namespace property_tests::differential

// property_tests/differential/texts.h: what a refusal says, as both servers have to spell it (behaviour reference §1.2, §1.3).
#pragma once

#include <string_view>

namespace property_tests::differential {

inline constexpr std::string_view kEmptyKey = "etcdserver: key is not provided";
inline constexpr std::string_view kKeyNotFound = "etcdserver: key not found";
inline constexpr std::string_view kValueProvided = "etcdserver: value is provided";
inline constexpr std::string_view kLeaseProvided = "etcdserver: lease is provided";
inline constexpr std::string_view kTooManyOps = "etcdserver: too many operations in txn request";
inline constexpr std::string_view kDuplicateKey = "etcdserver: duplicate key given in txn request";
inline constexpr std::string_view kCompacted = "etcdserver: mvcc: required revision has been compacted";
inline constexpr std::string_view kFutureRev = "etcdserver: mvcc: required revision is a future revision";
inline constexpr std::string_view kLeaseNotFound = "etcdserver: requested lease not found";
inline constexpr std::string_view kInvalidSort = "etcdserver: invalid sort option";
inline constexpr std::string_view kInvalidApiVersion = "etcdserver: invalid client api version";
inline constexpr std::string_view kNoSortInStreams = "RangeStream does not support custom sort orders";
inline constexpr std::string_view kNoFiltersInStreams = "RangeStream does not support revision filters";

inline constexpr std::string_view kMemberNotFound = "etcdserver: member not found";
inline constexpr std::string_view kBadUrls = "etcdserver: given member URLs are invalid";
inline constexpr std::string_view kUrlExists = "etcdserver: Peer URLs already exists";
inline constexpr std::string_view kNotEnoughStarted = "etcdserver: re-configuration failed due to not enough started members";
inline constexpr std::string_view kUnhealthy = "etcdserver: unhealthy cluster";
inline constexpr std::string_view kTooManyLearners = "etcdserver: too many learner members in cluster";
inline constexpr std::string_view kNotReady = "etcdserver: can only promote a learner member which is in sync with leader";
inline constexpr std::string_view kNotLearner = "etcdserver: can only promote a learner member";
inline constexpr std::string_view kMemberExists = "etcdserver: member ID already exist";
inline constexpr std::string_view kTimeOver = "context deadline exceeded";
inline constexpr std::string_view kNoLeader = "etcdserver: no leader";
inline constexpr std::string_view kNotForLearners = "etcdserver: rpc not supported for learner";

}  // namespace property_tests::differential

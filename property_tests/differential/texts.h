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

}  // namespace property_tests::differential

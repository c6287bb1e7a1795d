#include "property_tests/differential/coverage.h"

#include <cstdio>

#include "core/base/assert.h"
#include "property_tests/differential/expected.h"
#include "property_tests/differential/shapes.h"

namespace property_tests::differential {

namespace {

constexpr std::string_view kRangeRows[] = {
    "1.2 EmptyKey: range", "1.2 Compacted: range", "1.2 FutureRev: range",
    "2.2 one key", "2.2 [key, end)", "2.2 from key on", "2.2 everything", "2.2 end at or before key",
    "2.2 revision of the past", "2.2 revision is the newest", "2.2 revision negative", "2.2 revision is the compacted one",
    "2.2 limit cuts", "2.2 limit is wide enough", "2.2 limit negative", "2.2 more", "2.2 count beyond limit or bounds",
    "2.2 min_mod_revision", "2.2 max_mod_revision", "2.2 min_create_revision", "2.2 max_create_revision",
    "2.2 bounds and a limit", "2.2 order NONE with another target, limited before sorting", "2.2 equals in the order",
    "2.2 count_only", "2.2 count_only with bounds or limit", "2.2 keys_only", "2.2 keys_only by VALUE", "2.2 serializable",
    "2.2 header has the newest revision, whatever was asked",
};
constexpr std::string_view kStreamRows[] = {
    "1.2 EmptyKey: stream", "1.2 Compacted: stream", "1.2 FutureRev: stream",
    "2.2 stream: keys", "2.2 stream: count_only", "2.2 stream: limit",
};
constexpr std::string_view kPutRows[] = {
    "1.2 EmptyKey: put", "1.2 KeyNotFound: put ignore_value", "1.2 KeyNotFound: put ignore_lease", "1.2 ValueProvided: put",
    "1.2 LeaseProvided: put", "1.2 LeaseNotFound: put", "1.2 RequestTooLarge", "2.3 a large value",
    "2.3 put a new key", "2.3 put an old key", "2.3 put prev_kv, there was one", "2.3 put prev_kv, there was none",
    "2.3 put ignore_value", "2.3 put ignore_lease", "2.3 put ignore_value and ignore_lease", "2.3 put without lease",
    "2.3 put after a delete begins at version 1", "2.3 the first write gets revision 2", "2.3 put an empty value",
};
constexpr std::string_view kDeleteRows[] = {
    "1.2 EmptyKey: delete", "2.3 delete one key", "2.3 delete [key, end)", "2.3 delete from key on", "2.3 delete prev_kv",
    "2.3 delete nothing keeps the revision", "2.3 delete with end at or before key",
};
constexpr std::string_view kCompactRows[] = {
    "1.2 Compacted: compact", "1.2 FutureRev: compact", "2.5 compact", "2.5 compact physical", "2.5 compact the newest",
    "2.5 compact revision 0 of a new store", "2.5 compact a negative revision", "2.5 compact physical, refused as compacted",
};
constexpr std::string_view kHashRows[] = {"1.2 Compacted: hash", "1.2 FutureRev: hash", "2.5 hash of the newest",
                                          "2.5 hash of an earlier revision", "2.5 hash after a compaction"};
constexpr std::string_view kRawRows[] = {"1.4 an unknown service", "1.4 an unknown method", "1.4 a message over the limit"};
constexpr std::string_view kTxnRows[] = {
    "1.2 EmptyKey: txn", "1.2 KeyNotFound: txn", "1.2 ValueProvided: txn", "1.2 LeaseProvided: txn", "1.2 TooManyOps", "1.2 DuplicateKey",
    "1.2 Compacted: txn", "1.2 FutureRev: txn", "1.2 LeaseNotFound: txn",
    "3.1 read-only", "3.1 read-only and serializable", "3.1 no ops at all", "3.1 a nested txn that only reads",
    "3.2 no compares", "3.2 several compares, all true", "3.2 several compares, one true and one false",
    "3.2 nested compare of a key that the txn has put",
    "3.2 missing key, VALUE: false", "3.2 missing key, other target: true", "3.2 missing key, other target: false",
    "3.2 range compare: all hold", "3.2 range compare: some do not hold", "3.2 range compare: open end", "3.2 range compare: empty, VALUE",
    "3.2 range compare: empty, other target", "3.2 operand unset", "3.2 operand of another kind",
    "3.2 unknown result", "3.2 unknown target",
    "3.2 VALUE beyond ASCII",
    "3.3 a write txn that aborts",
    "3.4 several changes in one revision", "3.4 a write txn without effect keeps the revision", "3.4 put answers begin + 1",
    "3.4 delete answers begin + 1", "3.4 delete of nothing after a change answers begin + 1",
    "3.4 delete of nothing before a change answers begin",
    "3.4 range before a change answers begin", "3.4 range after a change answers begin + 1", "3.4 range sees an earlier put",
    "3.4 range with a revision in a write txn", "3.4 nested answer: its header is zero", "3.4 nested answer: succeeded of its own",
    "3.4 nested within nested", "3.4 deleted and put again: version 1", "3.4 prev_kv within a txn",
};
constexpr std::string_view kListRows[] = {"7.3 list", "7.3 list: linearizable", "7.3 list: without a quorum", "7.6 list: asked at a learner"};
constexpr std::string_view kAddRows[] = {
    "7.3 add a voter", "7.3 add a learner", "7.3 add: several URLs", "7.3 add: the same URL twice",
    "7.3 add: MemberBadURLs: no URL", "7.3 add: MemberBadURLs: a malformed one", "7.3 add: PeerURLExist: a voter",
    "7.3 add: PeerURLExist: a learner", "7.3 add: TooManyLearners", "7.3 add: MemberNotEnoughStarted", "7.3 add: Unhealthy: a voter",
    "7.3 add: Unhealthy: a learner", "7.3 add: MemberNotFound: the id of one that was removed", "7.3 add: no answer without a quorum",
    "7.6 add: asked at a learner",
};
constexpr std::string_view kRemoveRows[] = {
    "7.3 remove a learner", "7.3 remove a voter that has not started", "7.3 remove a voter that runs", "7.3 remove: MemberNotFound",
    "7.3 remove: MemberNotFound: removed before", "7.3 remove: MemberNotEnoughStarted", "7.3 remove: MemberNotEnoughStarted: the last voter",
    "7.3 remove: Unhealthy", "7.3 remove: no answer without a quorum", "7.6 remove: asked at a learner",
};
constexpr std::string_view kUpdateRows[] = {
    "7.3 update: the same URLs", "7.3 update: other URLs", "7.3 update: several URLs", "7.3 update: no URL",
    "7.3 update: a URL that nobody can read", "7.3 update a learner", "7.3 update: MemberNotFound", "7.3 update: PeerURLExist",
    "7.3 update: no answer without a quorum", "7.6 update: asked at a learner",
};
constexpr std::string_view kPromoteRows[] = {
    "7.3 promote a learner", "7.3 promote: MemberNotFound", "7.3 promote: MemberNotFound: removed before", "7.3 promote: MemberNotLearner",
    "7.3 promote: LearnerNotReady", "7.3 promote: no answer without a quorum", "7.6 promote: asked at a learner",
};

}  // namespace

Coverage::Coverage(const std::set<Kind>& kinds) : kinds_(kinds) {
  const auto add_all = [this](Kind kind, const auto& rows, bool ours_only = false) {
    for (const std::string_view row : rows) add(kind, std::string(row), ours_only);
  };
  add_all(Kind::range, kRangeRows);
  for (const char* order : {"NONE", "ASCEND", "DESCEND"}) {
    for (const char* target : {"KEY", "VERSION", "CREATE", "MOD", "VALUE"}) {
      add(Kind::range, std::string("2.2 sort ") + order + " by " + target);
    }
  }
  add_all(Kind::range_stream, kStreamRows, true);
  add_all(Kind::put, kPutRows);
  add_all(Kind::delete_range, kDeleteRows);
  add_all(Kind::compact, kCompactRows);
  add_all(Kind::hash_kv, kHashRows);
  add_all(Kind::raw, kRawRows);
  add_all(Kind::txn, kTxnRows);
  for (const char* target : {"VERSION", "CREATE", "MOD", "VALUE", "LEASE"}) {
    for (const char* result : {"EQUAL", "GREATER", "LESS", "NOT_EQUAL"}) {
      for (const char* outcome : {"true", "false"}) add(Kind::txn, std::string("3.2 ") + target + " " + result + ": " + outcome);
    }
  }
  for (const std::string_view row : shape_rows()) add(Kind::txn, std::string(row));
  add_all(Kind::member_list, kListRows);
  add_all(Kind::member_add, kAddRows);
  add_all(Kind::member_remove, kRemoveRows);
  add_all(Kind::member_update, kUpdateRows);
  add_all(Kind::member_promote, kPromoteRows);
  for (const ExpectedDifference* each : kExpectedDifferences) add(each->kind, "expected difference: " + std::string(each->name), true);
}

void Coverage::add(Kind kind, const std::string& row, bool ours_only) {
  const bool is_new = rows_.emplace(row, Row{kind, ours_only, 0}).second;
  ASSERT(is_new);
}

void Coverage::count(std::string_view row) {
  const auto found = rows_.find(row);
  if (found == rows_.end()) std::fprintf(stderr, "no row `%.*s` in the table\n", static_cast<int>(row.size()), row.data());
  ASSERT(found != rows_.end());
  ++found->second.count;
}

std::size_t Coverage::print(std::uint64_t least) const {
  std::size_t too_few = 0;
  std::printf("\n  count  row of the behaviour reference (`3.7`: produced by our server alone, as 3.4 has it otherwise)\n");
  for (const auto& [name, row] : rows_) {
    if (kinds_.count(row.kind) == 0) continue;
    const bool is_few = row.count < least;
    if (is_few) ++too_few;
    std::printf("%7llu  %s%s%s\n", static_cast<unsigned long long>(row.count), name.c_str(), row.ours_only ? " (3.7)" : "",
                is_few ? "   <-- too few" : "");
  }
  for (const ExpectedDifference* each : kExpectedDifferences) {
    if (kinds_.count(each->kind) == 0) continue;
    std::printf("expected difference `%s`: %s\n", std::string(each->name).c_str(), std::string(each->reason).c_str());
  }
  std::fflush(stdout);
  return too_few;
}

}  // namespace property_tests::differential

#include "property_tests/differential/shapes.h"

#include <array>

#include "property_tests/differential/build.h"
#include "property_tests/differential/texts.h"

namespace property_tests::differential {

namespace {

using etcdserverpb::PutRequest;
using etcdserverpb::RangeRequest;
using etcdserverpb::RequestOp;
using etcdserverpb::TxnRequest;

// Ten keys and no more: with at most twelve, etcd's sorting is stable and its order among equals can be compared.
const std::array<std::string, 10> kKeys = {std::string(1, '\0'), "a", std::string("a\0", 2), "aa", "ab", "b", "ba", "c", "d", "\xff"};

PutRequest leased_put(const std::string& key) {
  PutRequest out = put(key);
  out.set_lease(77);
  return out;
}
PutRequest keeping_put(const std::string& key) {
  PutRequest out = put(key, "");
  out.set_ignore_value(true);
  return out;
}
RangeRequest range_at(const std::string& key, std::int64_t revision) {
  RangeRequest out = range(key);
  out.set_revision(revision);
  return out;
}
void fill(google::protobuf::RepeatedPtrField<RequestOp>& branch, int count, const std::string& key) {
  for (int i = 0; i < count; ++i) *branch.Add() = op(range(key));
}
TxnRequest of_ranges(int count, const std::string& key) {
  TxnRequest out;
  fill(*out.mutable_success(), count, key);
  return out;
}

struct Shape {
  std::string_view row;
  std::string_view error;  // empty: accepted
  TxnRequest (*make)(const std::string& key, Dice& dice);
};

constexpr Shape kShapes[] = {
    {"2.4 too many compares", kTooManyOps,
     [](const std::string& key, Dice&) {
       TxnRequest out;
       for (int i = 0; i <= kTxnOpsMax; ++i) *out.add_compare() = version_is(key, 0);
       return out;
     }},
    {"2.4 too many ops in success", kTooManyOps, [](const std::string& key, Dice&) { return of_ranges(kTxnOpsMax + 1, key); }},
    {"2.4 too many ops in failure", kTooManyOps,
     [](const std::string& key, Dice&) {
       TxnRequest out;
       fill(*out.mutable_failure(), kTxnOpsMax + 1, key);
       return out;
     }},
    {"2.4 too many ops in a nested txn, for what its parent left", kTooManyOps,
     [](const std::string& key, Dice&) { return txn({op(of_ranges(kTxnOpsMax - 1, key)), op(range(key))}); }},
    {"2.4 as many ops as allowed, in all three lists", "",
     [](const std::string& key, Dice&) {
       TxnRequest out = of_ranges(kTxnOpsMax, key);
       fill(*out.mutable_failure(), kTxnOpsMax, key);
       for (int i = 0; i < kTxnOpsMax; ++i) *out.add_compare() = version_is(key, 0);
       return out;
     }},
    {"2.4 as many ops as allowed in a nested txn", "",
     [](const std::string& key, Dice&) { return txn({op(of_ranges(kTxnOpsMax - 1, key))}); }},
    {"2.4 too many ops comes before an empty key in a compare", kTooManyOps,
     [](const std::string&, Dice&) {
       TxnRequest out;
       for (int i = 0; i <= kTxnOpsMax; ++i) out.add_compare();
       return out;
     }},
    {"2.4 a compare with an empty key", kEmptyKey,
     [](const std::string& key, Dice& dice) {
       TxnRequest out = txn({op(put(key))});
       *out.add_compare() = version_is("", 0);
       if (dice.chance(50)) out.mutable_compare(0)->set_range_end("z");
       return out;
     }},
    {"2.4 a compare's empty key comes before an op's refusal", kEmptyKey,
     [](const std::string&, Dice&) {
       TxnRequest out = txn({RequestOp()});
       *out.add_compare() = version_is("", 0);
       return out;
     }},
    {"2.4 an op that is nothing", kKeyNotFound,
     [](const std::string& key, Dice& dice) { return dice.chance(50) ? txn({op(range(key)), RequestOp()}) : txn({}, {RequestOp()}); }},
    {"2.4 an op that is nothing, nested", kKeyNotFound,
     [](const std::string& key, Dice&) { return txn({op(range(key)), op(txn({RequestOp()}))}); }},
    {"2.4 an op's own check: an empty key", kEmptyKey,
     [](const std::string& key, Dice& dice) {
       const RequestOp ops[] = {op(range("", "z")), op(put("")), op(erase("", "z"))};
       const RequestOp& bad = ops[dice.below(3)];
       return dice.chance(50) ? txn({op(put(key)), bad}) : txn({op(put(key))}, {bad});
     }},
    {"2.4 an op's own check: value provided", kValueProvided,
     [](const std::string& key, Dice&) {
       PutRequest bad = put(key);
       bad.set_ignore_value(true);
       return txn({op(bad)});
     }},
    {"2.4 an op's own check: lease provided", kLeaseProvided,
     [](const std::string& key, Dice&) {
       PutRequest bad = leased_put(key);
       bad.set_ignore_lease(true);
       return txn({op(txn({}, {op(bad)}))});
     }},
    {"2.4 success is checked before failure", kEmptyKey,
     [](const std::string&, Dice&) { return txn({op(range(""))}, {RequestOp()}); }},
    {"2.4 an op's own check comes before duplicates", kEmptyKey,
     [](const std::string& key, Dice&) { return txn({op(put(key)), op(put(key))}, {op(erase(""))}); }},
    {"2.4 put and put of one key", kDuplicateKey,
     [](const std::string& key, Dice&) { return txn({op(put(key, "1")), op(range(key)), op(put(key, "2"))}); }},
    {"2.4 put and put of one key in the branch not taken", kDuplicateKey,
     [](const std::string& key, Dice&) { return txn({op(range(key))}, {op(put(key)), op(put(key))}); }},
    {"2.4 put, then a delete that covers it", kDuplicateKey,
     [](const std::string& key, Dice& dice) { return txn({op(put(key)), op(dice.chance(50) ? erase(key) : erase(key, key + "z"))}); }},
    {"2.4 a delete, then a put that it covers", kDuplicateKey,
     [](const std::string& key, Dice& dice) { return txn({op(dice.chance(50) ? erase(key) : erase(key, key + "z")), op(put(key))}); }},
    {"2.4 a nested put that the parent's delete covers", kDuplicateKey,
     [](const std::string& key, Dice& dice) {
       return dice.chance(50) ? txn({op(erase(key)), op(txn({op(put(key))}))})
                              : txn({op(txn({}, {op(put(key))})), op(erase(key, key + "z"))});
     }},
    {"2.4 a put that a nested delete covers", kDuplicateKey,
     [](const std::string& key, Dice& dice) {
       return dice.chance(50) ? txn({op(put(key)), op(txn({op(erase(key))}))}) : txn({op(txn({op(erase(key, key + "z"))})), op(put(key))});
     }},
    {"2.4 delete and delete overlap", "",
     [](const std::string& key, Dice&) { return txn({op(erase(key, key + "z")), op(erase(key)), op(txn({op(erase(key))}))}); }},
    {"2.4 ranges overlap anything", "",
     [](const std::string& key, Dice&) {
       return txn({op(range(key)), op(put(key)), op(range(key, kOpenEnd)), op(erase(key + "z")), op(range(key + "z"))});
     }},
    {"2.4 then and else of a nested txn put one key", "",
     [](const std::string& key, Dice&) {
       TxnRequest nested = txn({op(put(key, "1"))}, {op(put(key, "2"))});
       *nested.add_compare() = version_is(key, 1);
       return txn({op(nested)});
     }},
    {"2.4 a nested put of a key that the parent puts", kDuplicateKey,
     [](const std::string& key, Dice& dice) {
       return dice.chance(50) ? txn({op(put(key)), op(txn({op(put(key))}))}) : txn({op(txn({}, {op(put(key))})), op(put(key))});
     }},
    {"2.4 sibling nested txns put one key", kDuplicateKey,
     [](const std::string& key, Dice&) { return txn({op(txn({op(put(key))})), op(txn({}, {op(put(key))}))}); }},
    {"2.4 nested: A deletes, then B puts", kDuplicateKey,
     [](const std::string& key, Dice&) { return txn({op(txn({op(erase(key))})), op(txn({op(put(key))}))}); }},
    {"2.4 nested: A puts, then B deletes", "",
     [](const std::string& key, Dice&) { return txn({op(txn({op(put(key))})), op(txn({op(erase(key))})), op(range(key))}); }},
    {"2.4 an open-ended delete conflicts with no put", "",
     [](const std::string& key, Dice& dice) {
       return dice.chance(50) ? txn({op(erase(key, kOpenEnd)), op(put(key)), op(range(key))})
                              : txn({op(put(key)), op(erase(key, kOpenEnd)), op(range(key))});
     }},
    {"3.3 a future revision aborts", kFutureRev,
     [](const std::string& key, Dice& dice) { return txn({op(put(key)), op(range_at(key, newest(dice.between(1, 3))))}); }},
    {"3.3 a compacted revision aborts", kCompacted,
     // Not `compacted(-1)`: that may be 0, which is no revision.
     [](const std::string& key, Dice& dice) { return txn({op(put(key)), op(range_at(key, dice.between(-9, -2)))}); }},
    {"3.3 an unknown lease aborts", kLeaseNotFound,
     [](const std::string& key, Dice&) { return txn({op(erase(key)), op(txn({op(leased_put(kMissingKey))}))}); }},
    {"3.3 a missing key to keep the value of aborts", kKeyNotFound,
     [](const std::string& key, Dice&) { return txn({op(put(key)), op(txn({op(keeping_put(kMissingKey))}))}); }},
    {"3.3 an unknown lease before a future revision", kLeaseNotFound,
     [](const std::string& key, Dice&) { return txn({op(leased_put(key)), op(range_at(key, newest(1)))}); }},
    {"3.3 a put that keeps what the txn deleted", kKeyNotFound,
     [](const std::string& key, Dice& dice) {
       const std::string first = dice.chance(50) ? key : std::string(1, '\0');
       return txn({op(range(key)), op(erase(first, kOpenEnd)), op(keeping_put(key))});
     }},
    {"3.3 the branch not taken is not checked", "",
     [](const std::string& key, Dice& dice) {
       const RequestOp ops[] = {op(range_at(key, newest(1))), op(range_at(key, compacted(-1))), op(leased_put(key)),
                                op(keeping_put(kMissingKey))};
       return txn_that_fails({ops[dice.below(4)]}, {op(put(key))});
     }},
    {"3.3 a nested branch not taken is not checked", "",
     [](const std::string& key, Dice& dice) {
       const RequestOp ops[] = {op(range_at(key, newest(1))), op(range_at(key, compacted(-1))), op(leased_put(kMissingKey)),
                                op(keeping_put(kMissingKey))};
       return txn({op(put(key)), op(txn_that_fails({ops[dice.below(4)]}, {op(range(key))}))});
     }},
};

}  // namespace

const std::string& draw_key(Dice& dice) { return dice.pick(kKeys); }

std::vector<std::string_view> shape_rows() {
  std::vector<std::string_view> rows = {kNeverCompacted.row};
  for (const Shape& shape : kShapes) rows.push_back(shape.row);
  return rows;
}

Step draw_shape(Dice& dice) {
  const Shape& shape = kShapes[dice.below(std::size(kShapes))];
  const std::string& key = draw_key(dice);
  return {request(shape.make(key, dice)), Claim{shape.row, shape.error}};
}

}  // namespace property_tests::differential

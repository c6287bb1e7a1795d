#include "core/etcd/txn_validation.h"

#include <doctest/doctest.h>

#include <string>

#include "core/etcd/txn_texts.h"

namespace etcd {
namespace {

using testing::txn_of;

struct RefusedTxn {
  std::string_view name;
  std::string_view txn;  // see txn_texts.h
  std::optional<ErrorId> expected;
};

template <std::size_t kCount>
void check_refused(const RefusedTxn (&cases)[kCount], std::uint64_t txn_ops_max = 128) {
  for (const RefusedTxn& c : cases) {
    CAPTURE(c.name);
    CHECK(validate(txn_of(c.txn), txn_ops_max) == c.expected);
  }
}

TEST_CASE("the tree: how many, then each by itself, compares first") {  // behaviour reference §2.4
  constexpr RefusedTxn cases[] = {
      {"nothing at all", "", std::nullopt},
      {"as many as there may be", "? v(a)=0 v(b)=0 v(c)=0 : get a, get b, get c : get a, get b, get c", std::nullopt},
      {"compares count", "? v(a)=0 v(a)=0 v(a)=0 v(a)=0", ErrorId::too_many_ops},
      {"success counts", ": get a, get a, get a, get a", ErrorId::too_many_ops},
      {"failure counts", ":: get a, get a, get a, get a", ErrorId::too_many_ops},
      {"a nested one gets what is left", ": [: get a, get a]", std::nullopt},
      {"and no more", ": [: get a, get a, get a]", ErrorId::too_many_ops},
      {"of the longest list", "? v(a)=0 v(b)=0 : [: get a, get a]", ErrorId::too_many_ops},
      {"each nested one the same", ": [: get a], [: get b]", std::nullopt},
      {"down to nothing", ": [: [: get a]]", std::nullopt},
      {"but not further", ": [: [: [: get a]]]", ErrorId::too_many_ops},
      {"an empty one needs nothing", ": [: [: []]]", std::nullopt},
      {"too many comes before an empty key", "? v()=0 : get a, get a, get a, get a", ErrorId::too_many_ops},
      {"an empty key in a compare", "? v(a)=0 v()=0", ErrorId::empty_key},
      {"a range of a compare is not looked at", "? v(b..a)=0", std::nullopt},
      {"a compare comes before an operation", "? v()=0 : unset", ErrorId::empty_key},
      {"an operation that is not set", ": unset", ErrorId::key_not_found},
      {"success before failure", ": get a order=9 : unset", ErrorId::invalid_sort_option},
      {"list order", ": unset, get a order=9", ErrorId::key_not_found},
      {"Range", ": get ", ErrorId::empty_key},
      {"Put, key", ": put =v", ErrorId::empty_key},
      {"Put, value", ": put a=v keep_value", ErrorId::value_provided},
      {"Put, lease", ": put a=v lease=1 keep_lease", ErrorId::lease_provided},
      {"DeleteRange", ": del ", ErrorId::empty_key},
      {"nested: an empty key", ": [? v()=0]", ErrorId::empty_key},
      {"nested: too many comes before what follows", ": [: [: [: get a]]], unset", ErrorId::too_many_ops},
      {"nested: in the branch not taken too", ":: [:: unset]", ErrorId::key_not_found},
      {"the tree comes before a collision", ": put a=1, put a=2, get ", ErrorId::empty_key},
      {"both branches", ": put a=1, put a=2 : unset", ErrorId::key_not_found},
  };
  check_refused(cases, 3);
  CHECK(validate(txn_of(": get a"), 0) == ErrorId::too_many_ops);
}

TEST_CASE("collisions on one level") {  // §2.4
  constexpr RefusedTxn cases[] = {
      {"put and put", ": put a=1, put a=2", ErrorId::duplicate_key},
      {"different keys", ": put a=1, put b=2", std::nullopt},
      {"one in each branch", ": put a=1 : put a=2", std::nullopt},
      {"in failure", ":: put a=1, put a=2", ErrorId::duplicate_key},
      {"put then delete", ": put a=1, del a", ErrorId::duplicate_key},
      {"delete then put", ": del a, put a=1", ErrorId::duplicate_key},
      {"inside a range", ": put b=1, del a..c", ErrorId::duplicate_key},
      {"the first key of a range", ": put a=1, del a..c", ErrorId::duplicate_key},
      {"the end of a range", ": put c=1, del a..c", std::nullopt},
      {"before a range", ": put a=1, del b..c", std::nullopt},
      {"between deleted keys", ": put b=1, del a, del c", std::nullopt},
      {"ranges that meet", ": put c=1, del a..c, del c..d", ErrorId::duplicate_key},
      {"ranges with a gap", ": put c=1, del a..c, del ca..d", std::nullopt},
      {"ranges within each other", ": put d=1, del a..e, del b..c", ErrorId::duplicate_key},
      {"the larger one later", ": put d=1, del b..c, del a..e", ErrorId::duplicate_key},
      {"one that joins two", ": put d=1, del a..b, del f..g, del b..f", ErrorId::duplicate_key},
      {"delete and delete", ": del a..c, del b..d, del b", std::nullopt},
      {"range and anything", ": get a, put a=1, get a, get a..z", std::nullopt},
      {"an open end collides with nothing", ": put b=1, del a..\\0", std::nullopt},
      {"nor an inverted range", ": put b=1, del c..a", std::nullopt},
  };
  check_refused(cases);
}

TEST_CASE("collisions across levels") {  // §2.4
  constexpr RefusedTxn cases[] = {
      {"put in parent and child", ": put a=1, [: put a=2]", ErrorId::duplicate_key},
      {"child first", ": [: put a=2], put a=1", ErrorId::duplicate_key},
      {"in the child's failure", ": put a=1, [:: put a=2]", ErrorId::duplicate_key},
      {"then and else of a child", ": [: put a=1 : put a=2]", std::nullopt},
      {"then and else of a child, and the parent", ": [: put a=1 : put a=2], put a=3", ErrorId::duplicate_key},
      {"siblings put and put", ": [: put a=1], [: put a=2]", ErrorId::duplicate_key},
      {"then of one, else of the other", ": [: put a=1], [:: put a=2]", ErrorId::duplicate_key},
      {"else of one, then of the other", ": [:: put a=1], [: put a=2]", ErrorId::duplicate_key},
      {"parent deletes, child puts", ": del a..c, [: put b=1]", ErrorId::duplicate_key},
      {"child puts, parent deletes", ": [:: put b=1], del a..c", ErrorId::duplicate_key},
      {"child deletes, parent puts", ": put b=1, [: del a..c]", ErrorId::duplicate_key},
      {"child's else deletes, parent puts", ": [:: del b], put b=1", ErrorId::duplicate_key},
      {"then deletes, else puts", ": [: del a : put a=1]", std::nullopt},
      {"sibling deletes, then sibling puts", ": [: del a], [: put a=1]", ErrorId::duplicate_key},
      {"sibling puts, then sibling deletes", ": [: put a=1], [: del a]", std::nullopt},
      {"sibling's range, then sibling's else", ": [:: del a..c], [:: put b=1]", ErrorId::duplicate_key},
      {"a sibling's open end", ": [: del a..\\0], [: put b=1]", std::nullopt},
      {"grandchild and grandparent", ": put a=1, [: [: put a=2]]", ErrorId::duplicate_key},
      {"grandchild deletes", ": put a=1, [: [: del a]]", ErrorId::duplicate_key},
      {"cousins", ": [: [: put a=1]], [: [: put a=2]]", ErrorId::duplicate_key},
      {"within the child alone", ": [: put a=1, put a=2]", ErrorId::duplicate_key},
      {"within a child of failure", ":: [: put a=1, del a]", ErrorId::duplicate_key},
      {"children in different branches", ": [: put a=1] : [: put a=2]", std::nullopt},
  };
  check_refused(cases);
}

}  // namespace
}  // namespace etcd

#include "core/etcd/txn.h"

#include <doctest/doctest.h>

#include <string>

#include "core/etcd/test_machine.h"

namespace etcd {
namespace {

using testing::MachineFixture;
using testing::put_of;
using testing::txn_of;

// Each line on a store of its own, where `a` is 1@2/2v1 and `b` is 2@3/3v1.
struct TxnStory {
  std::string_view name;
  std::string_view txn;
  std::string_view answer;
  std::string_view then;  // what `get a..z` finds afterwards
};
constexpr std::string_view kUntouched = "a=1@2/2v1 b=2@3/3v1";

template <std::size_t kCount>
void check(const TxnStory (&cases)[kCount]) {
  for (const TxnStory& c : cases) {
    CAPTURE(c.name);
    MachineFixture test;
    test.put(put_of("a", "1"));
    test.put(put_of("b", "2"));
    CHECK_EQ(test.txn(c.txn), c.answer);
    etcdserverpb::TxnResponse after;
    REQUIRE(after.ParseFromString(test.apply(CommandKind::txn, txn_of(": get \x01..\\0"))));
    CHECK_EQ(testing::texts_of(after.responses(0).response_range().kvs()), c.then);
  }
}

TEST_CASE("which branch, and what each response says of the revision") {  // behaviour reference §3.4
  constexpr TxnStory cases[] = {
      {"success", "? v(a)=1 v(b)=1 : put a=x : put a=y", "then@4 put@4", "a=x@2/4v2 b=2@3/3v1"},
      {"failure", "? v(a)=1 v(b)=2 : put a=x : put a=y", "else@4 put@4", "a=y@2/4v2 b=2@3/3v1"},
      {"no condition", ": put a=x : put a=y", "then@4 put@4", "a=x@2/4v2 b=2@3/3v1"},
      {"nothing to do", "? v(a)=9", "else@3", kUntouched},
      {"ranges alone change nothing", ": get a, get b, [: get a]", "then@3 get@3:1(a=1@2/2v1) get@3:1(b=2@3/3v1) [then@0 get@3:1(a=1@2/2v1)]",
       kUntouched},
      {"nor do deletes of nothing", ": del x, del c..d prev", "then@3 del@3:0 del@3:0", kUntouched},
      {"all changes share a revision", ": put c=3, put d=4, del a", "then@4 put@4 put@4 del@4:1", "b=2@3/3v1 c=3@4/4v1 d=4@4/4v1"},
      {"a delete of nothing after a change", ": put c=3, del x", "then@4 put@4 del@4:0", "a=1@2/2v1 b=2@3/3v1 c=3@4/4v1"},
      {"a delete of nothing before a change", ": del x, put c=3", "then@4 del@3:0 put@4", "a=1@2/2v1 b=2@3/3v1 c=3@4/4v1"},
      {"a Range sees earlier changes, not later ones", ": get a..\\0, put c=3, get a..\\0 keys, del b, get b",
       "then@4 get@3:2(a=1@2/2v1 b=2@3/3v1) put@4 get@4:3(a=@2/2v1 b=@3/3v1 c=@4/4v1) del@4:1 get@4:0()", "a=1@2/2v1 c=3@4/4v1"},
      {"a Range at a revision sees that one", ": put a=9, get a rev=3, get a..z rev=2 limit=1, get a",
       "then@4 put@4 get@4:1(a=1@2/2v1) get@4:1(a=1@2/2v1) get@4:1(a=9@2/4v2)", "a=9@2/4v2 b=2@3/3v1"},
      {"Range options", ": put c=0, get a..z limit=1, get a..z count, get a..z order=2 by=4 limit=2",
       "then@4 put@4 get@4:3(a=1@2/2v1)+ get@4:3() get@4:3(b=2@3/3v1 a=1@2/2v1)+", "a=1@2/2v1 b=2@3/3v1 c=0@4/4v1"},
      {"prev_kv", ": put a=9 prev, put c=3 prev, del b prev", "then@4 put@4(a=1@2/2v1) put@4 del@4:1(b=2@3/3v1)", "a=9@2/4v2 c=3@4/4v1"},
      {"prev_kv of what the same transaction wrote", ": [: put a=9], [: del a..c prev]",
       "then@4 [then@0 put@4] [then@0 del@4:2(a=9@2/4v2 b=2@3/3v1)]", ""},
      {"ignore_value, ignore_lease", ": put a keep_value, put b=9 keep_lease", "then@4 put@4 put@4", "a=1@2/4v2 b=9@3/4v2"},
      {"put before an open-ended delete: in list order", ": put c=3, del b..\\0", "then@4 put@4 del@4:2", "a=1@2/2v1"},
      {"and after", ": del a..\\0, put b=9 prev", "then@4 del@4:2 put@4", "b=9@4/4v1"},
      {"deleted and put again is a new key", ": [: del a..\\0 prev], [: put a=5]",
       "then@4 [then@0 del@4:2(a=1@2/2v1 b=2@3/3v1)] [then@0 put@4]", "a=5@4/4v1"},
  };
  check(cases);
}

TEST_CASE("nested transactions") {  // §3.2, §3.4
  constexpr TxnStory cases[] = {
      {"both ways", ": [? v(a)=1 : put c=3 : put c=4], [? v(a)=2 : put d=3 : put d=4]",
       "then@4 [then@0 put@4] [else@0 put@4]", "a=1@2/2v1 b=2@3/3v1 c=3@4/4v1 d=4@4/4v1"},
      {"its conditions do not see outer writes", ": put c=3, [? v(c)=0 : put d=1 : put d=2]", "then@4 put@4 [then@0 put@4]",
       "a=1@2/2v1 b=2@3/3v1 c=3@4/4v1 d=1@4/4v1"},
      {"nor those of an elder sibling", ": [: put c=3], [? v(c)=0 : get c : put d=2]",
       "then@4 [then@0 put@4] [then@0 get@4:1(c=3@4/4v1)]", "a=1@2/2v1 b=2@3/3v1 c=3@4/4v1"},
      {"in failure", "? v(a)=0 :: [: put c=1]", "else@4 [then@0 put@4]", "a=1@2/2v1 b=2@3/3v1 c=1@4/4v1"},
      {"choices go with their transactions", "? v(a)=1 : [? v(a)=9 : [: put x=1] : [? v(b)=1 : put y=1], put w=1], [? v(b)=9 : put z=1 : get a]",
       "then@4 [else@0 [then@0 put@4] put@4] [else@0 get@4:1(a=1@2/2v1)]", "a=1@2/2v1 b=2@3/3v1 w=1@4/4v1 y=1@4/4v1"},
      {"nothing within", ": [], [? v(a)=0]", "then@3 [then@0] [else@0]", kUntouched},
  };
  check(cases);
}

TEST_CASE("what the branches taken may not do, in list order and without effect") {  // §3.3
  constexpr std::string_view kNotFound = "3 etcdserver: key not found";
  constexpr std::string_view kNoLease = "5 etcdserver: requested lease not found";
  constexpr std::string_view kFuture = "11 etcdserver: mvcc: required revision is a future revision";
  constexpr std::string_view kCompacted = "11 etcdserver: mvcc: required revision has been compacted";
  constexpr TxnStory cases[] = {
      {"a Range of the future", ": put c=3, get a rev=4", kFuture, kUntouched},
      {"a negative revision", ": put c=3, get a rev=-2", kCompacted, kUntouched},
      {"-1 on a store that was never compacted", ": get a rev=-1", "then@3 get@3:1(a=1@2/2v1)", kUntouched},
      {"a lease", ": put c=3, put d=1 lease=7", kNoLease, kUntouched},
      {"the lease comes before the key", ": put c lease=7 keep_value", kNoLease, kUntouched},
      {"the key", ": put c=3, put d keep_value", kNotFound, kUntouched},
      {"the key, for its lease", ": put d=1 keep_lease", kNotFound, kUntouched},
      {"the key as it stood before", ": [: put d=3, put e=5], [: put f=1, put g keep_value]", kNotFound, kUntouched},
      {"the first in the list counts", ": put d keep_value, get a rev=9", kNotFound, kUntouched},
      {"the first in the list counts, the other way", ": get a rev=9, put d keep_value", kFuture, kUntouched},
      {"nested", ": put c=3, [: get a rev=9]", kFuture, kUntouched},
      {"not on the branch not taken", "? v(a)=1 : put c=3 : get a rev=9, put d=1 lease=7", "then@4 put@4",
       "a=1@2/2v1 b=2@3/3v1 c=3@4/4v1"},
      {"nor on that of a nested one", ": [? v(a)=0 : get a rev=9], put c=3", "then@4 [else@0] put@4", "a=1@2/2v1 b=2@3/3v1 c=3@4/4v1"},
      // etcd checks against what stood before, and dies when it then finds the key gone.
      {"kept after it was deleted", ": put c=3, del a..\\0, put b keep_value", kNotFound, kUntouched},
  };
  check(cases);
}

TEST_CASE("read only is a Range and nothing else, serializable every one of them") {  // §3.1
  struct ReadCase { std::string_view txn; bool is_read_only, is_serializable; };
  constexpr ReadCase cases[] = {
      {"", true, true},
      {"? v(a)=1 val(b)=x", true, true},
      {": get a", true, false},
      {": get a serializable", true, true},
      {": get a serializable : get b", true, false},
      {": get a serializable : get b serializable, get c serializable", true, true},
      {": get a, put b=1", false, false},
      {":: put b=1", false, false},
      {": del b", false, false},
      {": [: get a]", false, false},
      {": []", false, false},
  };
  for (const ReadCase& c : cases) {
    CAPTURE(c.txn);
    CHECK_EQ(is_read_only(txn_of(c.txn)), c.is_read_only);
    if (c.is_read_only) CHECK_EQ(is_serializable(txn_of(c.txn)), c.is_serializable);
  }
}

}  // namespace
}  // namespace etcd

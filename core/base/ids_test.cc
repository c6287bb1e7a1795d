#include "core/base/ids.h"

#include <doctest/doctest.h>

#include <type_traits>

namespace base {

TEST_CASE("entry ids order by term, then by log index") {  // Raft §5.4.1
  CHECK((EntryId{Term(1), LogIndex(9)} < EntryId{Term(2), LogIndex(1)}));
  CHECK((EntryId{Term(2), LogIndex(1)} < EntryId{Term(2), LogIndex(2)}));
}

TEST_CASE("quantities do not mix") {
  static_assert(!std::is_convertible_v<Term, LogIndex>);
  static_assert(!std::is_convertible_v<std::uint64_t, Term>);
  static_assert(!std::is_convertible_v<MemberId, ClusterId>);
  CHECK_EQ(LogIndex(7).since(LogIndex(3)), 4);
  CHECK_EQ(LogIndex(7).next(), LogIndex(8));
}

TEST_CASE("ids print as etcd prints them") {
  CHECK_EQ(to_text(MemberId(0x8e9e05c52164694dU)), "8e9e05c52164694d");
  CHECK_EQ(to_text(MemberId(0xff)), "ff");
  CHECK_EQ(to_text(MemberId::none), "0");
  CHECK_EQ(to_text(EntryId{Term(2), LogIndex(5)}), "2/5");
}

}  // namespace base

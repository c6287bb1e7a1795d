#include "core/raft/log.h"

#include "core/raft/test_raft.h"

namespace raft {

TEST_CASE("an empty log stands at what was dropped") {
  const Log log({base::Term(3), base::LogIndex(7)}, {});
  CHECK_EQ(log.first_index(), base::LogIndex(8));
  CHECK((log.last() == base::EntryId{base::Term(3), base::LogIndex(7)}));
  CHECK_EQ(log.term_at(base::LogIndex(7)), base::Term(3));
}

TEST_CASE("dropping the front keeps the terms that are still asked for") {
  Log log({}, {entry(1, 1), entry(1, 2), entry(2, 3), entry(2, 4)});
  const std::uint64_t whole = log.size_bytes();
  log.drop_through(base::LogIndex(3));
  CHECK_EQ(log.entry_count(), 1);
  CHECK_EQ(log.term_at(base::LogIndex(3)), base::Term(2));
  CHECK_EQ(log.at(base::LogIndex(4)).id.index, base::LogIndex(4));
  CHECK_EQ(log.size_bytes() * 4, whole);
  log.drop_through(base::LogIndex(4));
  CHECK_EQ(log.entry_count(), 0);
  CHECK_EQ(log.size_bytes(), 0);
  log.append(entry(5, 5));
  CHECK((log.last() == base::EntryId{base::Term(5), base::LogIndex(5)}));
}

TEST_CASE("what is too much at the front is told by what each entry takes") {
  Log log({base::Term(1), base::LogIndex(10)}, {entry(1, 11), entry(1, 12)});
  const std::uint64_t two = log.size_bytes();
  log.append({{base::Term(1), base::LogIndex(13)}, base::EntryKind::command, std::make_shared<const std::string>(1000, 'x')});
  const std::uint64_t whole = log.size_bytes();
  CHECK_EQ(log.surplus_through(whole), base::LogIndex(10));
  CHECK_EQ(log.surplus_through(whole - 1), base::LogIndex(11));
  CHECK_EQ(log.surplus_through(whole - two), base::LogIndex(12));
  CHECK_EQ(log.surplus_through(whole - two - 1), base::LogIndex(13));
  CHECK_EQ(log.surplus_through(0), base::LogIndex(13));
}

}  // namespace raft

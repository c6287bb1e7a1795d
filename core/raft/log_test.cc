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

}  // namespace raft

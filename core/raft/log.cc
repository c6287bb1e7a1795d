#include "core/raft/log.h"

#include <utility>

#include "core/base/assert.h"

namespace raft {

Log::Log(base::EntryId last_dropped, std::vector<base::Entry> entries) : last_dropped_(last_dropped) {
  for (base::Entry& entry : entries) append(std::move(entry));
}

base::EntryId Log::last() const { return entries_.empty() ? last_dropped_ : entries_.back().id; }

const base::Entry& Log::at(base::LogIndex index) const {
  ASSERT(index >= first_index());
  ASSERT(index <= last().index);
  const base::Entry& entry = entries_[index.since(first_index())];
  ASSERT(entry.id.index == index);
  return entry;
}

base::Term Log::term_at(base::LogIndex index) const {
  return index == last_dropped_.index ? last_dropped_.term : at(index).id.term;
}

void Log::append(base::Entry entry) {
  ASSERT(entry.id.index == last().index.next());
  ASSERT(entry.id.term >= last().term);  // Raft §5.4.1: terms never fall along a log
  size_bytes_ += cost(entry);
  entries_.push_back(std::move(entry));
}

void Log::drop_through(base::LogIndex through) {
  ASSERT(through >= last_dropped_.index);
  ASSERT(through <= last().index);
  last_dropped_ = {term_at(through), through};
  while (!entries_.empty() && entries_.front().id.index <= through) {
    size_bytes_ -= cost(entries_.front());
    entries_.pop_front();
  }
  ASSERT(entries_.empty() || entries_.front().id.index == first_index());
}

std::uint64_t Log::cost(const base::Entry& entry) { return sizeof(base::Entry) + entry.bytes().size(); }

}  // namespace raft

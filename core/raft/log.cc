#include "core/raft/log.h"

#include <algorithm>
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

bool Log::contains(base::EntryId id) const {
  return id.index >= last_dropped_.index && id.index <= last().index && term_at(id.index) == id.term;
}

base::EntryId Log::last_not_above(base::EntryId id) const {
  base::LogIndex index = std::min(id.index, last().index);
  while (index > last_dropped_.index && term_at(index) > id.term) index = index.previous();
  return index <= last_dropped_.index ? last_dropped_ : at(index).id;
}

void Log::truncate_after(base::LogIndex last) {
  ASSERT(last >= last_dropped_.index);
  ASSERT(last <= this->last().index);
  while (!entries_.empty() && entries_.back().id.index > last) {
    size_bytes_ -= cost(entries_.back());
    entries_.pop_back();
  }
}

void Log::reset(base::EntryId last_dropped) {
  ASSERT(last_dropped.index > last_dropped_.index);
  entries_.clear();
  size_bytes_ = 0;
  last_dropped_ = last_dropped;
}

base::LogIndex Log::surplus_through(std::uint64_t bytes_max) const {
  base::LogIndex through = last_dropped_.index;
  std::uint64_t bytes = size_bytes_;
  while (bytes > bytes_max) {
    through = through.next();
    bytes -= cost(at(through));
  }
  return through;
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

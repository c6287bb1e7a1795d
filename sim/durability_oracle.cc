#include "sim/durability_oracle.h"

#include <iterator>
#include <utility>

#include "core/base/overloaded.h"

namespace sim {

void DurabilityOracle::on_event(std::string_view member, const io::Event& event) {
  auto found = members_.find(member);
  if (found == members_.end()) found = members_.emplace(std::string(member), Places()).first;
  Places& places = found->second;
  if (const auto* appended = std::get_if<io::Appended>(&event)) {
    // In memory, and nowhere else so far.
    places.erase(places.lower_bound(appended->id.index), places.end());
    places[appended->id.index] = {appended->id.term, nullptr};
  } else if (const auto* wrote = std::get_if<io::WroteEntries>(&event)) on_wrote(places, *wrote);
  else if (const auto* committed = std::get_if<io::Committed>(&event)) on_committed(member, places, committed->id);
}

void DurabilityOracle::on_wrote(Places& places, const io::WroteEntries& wrote) {
  auto write = std::make_shared<Write>();
  write->file = wrote.file;
  write->offset = wrote.offset;
  write->bytes = wrote.bytes;
  // What was appended behind this batch still waits for the next one.
  for (base::LogIndex index = wrote.first.index; index <= wrote.last.index; index = index.next()) {
    places[index] = {wrote.last.term, write};
  }
}

void DurabilityOracle::on_committed(std::string_view member, Places& places, base::EntryId id) {
  const auto found = places.find(id.index);
  if (found == places.end()) {
    // Written by an earlier incarnation, and found durable then: its bytes were dropped here on purpose.
    return;
  }
  if (found->second.write == nullptr) {
    findings_.safety(kName, "member " + std::string(member) + " called entry " + base::to_text(id) +
                                " committed before it had even asked its disk to write it");
    return;
  }
  Write& write = *found->second.write;
  if (!write.is_proven) {
    ++checked_count_;
    if (truth_.durable_bytes(member, write.file, write.offset, write.bytes.size()) != write.bytes) {
      findings_.safety(kName, "member " + std::string(member) + " called entry " + base::to_text(id) +
                                  " committed, but its bytes in " + write.file + " at offset " + std::to_string(write.offset) +
                                  " are not durable: a power loss now would lose an acknowledged write");
      return;
    }
    write.is_proven = true;
    write.bytes.clear();
    write.bytes.shrink_to_fit();
  }
  // Everything up to here is settled.
  places.erase(places.begin(), std::next(found));
}

}  // namespace sim

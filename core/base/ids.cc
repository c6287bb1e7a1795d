#include "core/base/ids.h"

#include "core/base/text.h"

namespace base {

std::string to_text(EntryId id) { return to_text(id.term) + "/" + to_text(id.index); }
std::string to_text(const StoreMark& mark) { return to_text(mark.generation) + "@" + to_text(mark.applied); }
std::string to_text(MemberId id) { return hex(id.value()); }
std::string to_text(ClusterId id) { return hex(id.value()); }
std::string to_text(StoreGeneration generation) { return std::to_string(generation.value()); }

}  // namespace base

// sim/words.h: plans, and what members say to each other, in words for somebody who sees this for the first time.
#pragma once

#include <string>
#include <string_view>

#include "core/base/time.h"
#include "core/raft/message.h"
#include "sim/plan.h"
#include "sim/story.h"

namespace sim {

std::string seconds_text(base::Duration time);  // `3.201 s`, `12 ms`

// What happens, to whom and for how long; when stands elsewhere. `m2 loses its power while a sync of its log is in flight, and is back 1.2 s later`
std::string to_words(const Action& action);
std::string to_words(const Broken& broken);
// `of a million writes to a disk, 50 fail`. Of a name that nobody knows: the name and the number.
std::string rate_words(std::string_view name, std::uint64_t per_million);

struct MessageWords {
  MessageKind kind = MessageKind::other;
  std::string text;
};
MessageWords to_words(const raft::Message& message);

// What an oracle of the engine watches over; empty for one of a tenant.
std::string_view promise_of(std::string_view oracle);

}  // namespace sim

// sim/etcd/outcome.h: what an error says of the request that got it (behaviour reference §1).
#pragma once

#include <cstdint>

#include "core/rpc/status.h"

namespace sim::etcd {

enum class ErrorMeaning : std::uint8_t {
  unknown,       // it may have taken effect, now or later
  refused,       // certainly without effect
  out_of_range,  // without effect; a revision that it names is compacted, or not there yet
  not_allowed,   // nobody may say that to a request which is in order
};

// Requires: it is an error. Refused and unknown are different answers: what is not certain is unknown.
ErrorMeaning meaning_of(const rpc::Status& status);

// Nobody has decided anything: somebody else may.
bool is_no_answer(const rpc::Status& status);

}  // namespace sim::etcd

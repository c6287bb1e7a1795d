#include "core/base/result.h"

#include "core/base/assert.h"

namespace base {

std::string_view to_text(Code code) {
  switch (code) {
    case Code::io: return "io";
    case Code::no_space: return "no space";
    case Code::not_found: return "not found";
    case Code::damaged: return "damaged";
    case Code::invalid: return "invalid";
    case Code::unavailable: return "unavailable";
    case Code::overloaded: return "overloaded";
    case Code::not_leader: return "not leader";
    case Code::outcome_unknown: return "outcome unknown";
  }
  ASSERT(false && "a code outside the enumeration");
  return {};
}

std::string to_text(const Error& error) { return std::string(to_text(error.code)) + ": " + error.detail; }

}  // namespace base

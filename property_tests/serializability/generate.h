// property_tests/serializability/generate.h: tiny histories at random: of a store that is right, of one that is not, and spoiled.
#pragma once

#include <cstdint>

#include "property_tests/serializability/tiny.h"

namespace tiny {

// Two to four clients, up to six operations. About half of them are strictly serializable.
History generate(std::uint64_t seed);

}  // namespace tiny

// property_tests/differential/shapes.h: transactions that chance alone would hardly make, one for each sentence of the
// behaviour reference about what is refused and what is accepted (sections 2.4 and 3.3).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "property_tests/differential/dice.h"
#include "property_tests/differential/step.h"

namespace property_tests::differential {

inline constexpr int kTxnOpsMax = 128;  // --max-txn-ops

// Some shape, with some key.
Step draw_shape(Dice& dice);
std::vector<std::string_view> shape_rows();
// Of the first transaction of a store, which asks for revision -1.
inline constexpr Claim kNeverCompacted = {"2.2 revision -1 in a txn of a store that was never compacted", ""};

// A key of the few that everything is about, and any key that is never written.
const std::string& draw_key(Dice& dice);
inline const std::string kMissingKey = "never";

}  // namespace property_tests::differential

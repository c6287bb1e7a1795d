// apps/lockstepd/values.h: the values of flags, spelled as Go spells them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/time.h"

namespace lockstepd {

// Each: nothing when the text is not of that kind, or too large for it.
std::optional<bool> parse_boolean(std::string_view text);        // Go's strconv.ParseBool
std::optional<std::uint64_t> parse_count(std::string_view text);  // decimal
std::optional<std::int64_t> parse_number(std::string_view text);  // decimal
// Go's time.ParseDuration: a sign, then numbers with units ns, us, ms, s, m, h, such as 1h30m or 1.5s; or 0.
std::optional<base::Duration> parse_duration(std::string_view text);

}  // namespace lockstepd

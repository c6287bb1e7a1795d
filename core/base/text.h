// core/base/text.h: small text forms, shared by logs, traces and failures.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace base {

// Lower-case hexadecimal without padding or prefix: 255 is `ff`.
std::string hex(std::uint64_t value);

// The bytes of `text` as they may stand between double quotes in C or JSON: printable ASCII as it is,
// `"` and `\` escaped, everything else as \u00XX. Never longer than six times the input.
std::string escaped(std::string_view text);

}  // namespace base

// io/real/errors.h: what the kernel refuses, as a base::Error.
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"

namespace io::real {

// The kernel's reason in lower case, as it stands after a colon: `address already in use`.
std::string reason_text(int error_number);

// `what: reason`, with the code that the caller branches on: a missing name is not_found; a full device, an
// exhausted quota and a file at its size limit are no_space; everything else is io.
base::Error error_of(int error_number, std::string_view what);

}  // namespace io::real

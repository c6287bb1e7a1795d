#include "io/real/sync_fate.h"

#include "core/base/assert.h"
#include "io/real/errors.h"

namespace io::real {

base::Status SyncFate::settle(int error_number, const std::string& what) {
  if (error_number != 0) sealed_.store(true, std::memory_order_release);
  if (error_number != 0) return base::fail(error_of(error_number, what));
  // It succeeded, but another one failed before it ended: which pages were whose is not known.
  if (is_sealed()) return base::fail(error(what));
  return {};
}

base::Error SyncFate::error(const std::string& what) const {
  ASSERT(is_sealed());
  return base::Error{base::Code::io, what + ": a sync on this disk failed before, and a failed sync is final"};
}

}  // namespace io::real

#include "core/base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace base {

void assert_failed(const char* condition, const char* file, int line) noexcept {
  std::fprintf(stderr, "%s:%d: ASSERT(%s)\n", file, line, condition);
  std::fflush(stderr);
  std::abort();
}

}  // namespace base

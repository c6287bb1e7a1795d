// core/base/assert.h: checks that stay on.
//
// ASSERT is for our own bugs: what it names must be true whatever the disk, the network, a peer or a
// client does. It stays on in release builds and ends the process; there is no exception to swallow it.
// What the world can get wrong is a Result instead (result.h).
#pragma once

namespace base {

// Prints `file:line: ASSERT(condition)` to stderr and aborts.
[[noreturn]] void assert_failed(const char* condition, const char* file, int line) noexcept;

}  // namespace base

// One condition each. Evaluated exactly once.
#define ASSERT(condition) ((condition) ? static_cast<void>(0) : ::base::assert_failed(#condition, __FILE__, __LINE__))

// For checks that cost more than the work they guard: on in debug and simulator builds (LOCKSTEP_DASSERT).
#ifdef LOCKSTEP_DASSERT
#define DASSERT(condition) ASSERT(condition)
#else
#define DASSERT(condition) static_cast<void>(sizeof((condition) ? 1 : 0))
#endif

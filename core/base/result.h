// core/base/result.h: errors of the world, as values.
//
// A Result is for what a peer, a disk, a client or an operator can cause; the caller decides what
// follows. Our own bugs are ASSERTs (assert.h). Nothing in core/ or storage/ throws.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace base {

// What the caller branches on. etcd's own words live in core/etcd/errors.h.
enum class Code : std::uint8_t {
  io,               // a device or a connection failed; the state of what was asked is unknown
  no_space,         // the device is full; nothing was done that a retry would not repair
  not_found,        // a file, a key or a member that was named does not exist
  damaged,          // bytes are there, and they are not what was written
  invalid,          // the request, the flag or the file can never be accepted as it is
  unavailable,      // not now: stopping, overloaded, or not yet started
  overloaded,       // refused because too much is under way: certainly without effect
  not_leader,       // refused before the log: certainly without effect
  outcome_unknown,  // may or may not have taken effect, now or later
};

std::string_view to_text(Code code);

struct Error {
  Code code;
  std::string detail;  // what the operator reads; never parsed, never compared
};

// `code: detail`
std::string to_text(const Error& error);

template <typename T>
class [[nodiscard]] Result : public tl::expected<T, Error> {  // a class, since an alias cannot carry [[nodiscard]]
 public:
  using tl::expected<T, Error>::expected;
};

using Status = Result<void>;

// `return base::fail(Code::damaged, "…")` from any function that returns a Result.
inline tl::unexpected<Error> fail(Code code, std::string detail) {
  return tl::unexpected<Error>(Error{code, std::move(detail)});
}

// Passes an error on unchanged: `if (!r) return base::fail(r.error());`
inline tl::unexpected<Error> fail(Error error) { return tl::unexpected<Error>(std::move(error)); }

}  // namespace base

// io/completion.h: a request in flight.
#pragma once

#include "core/base/result.h"

namespace io {

// Embedded in the operation that waits for it; it must not move meanwhile. The loop calls `complete`
// exactly once, on a later turn than the request, never inside the call that asked. After a simulated
// crash nothing is called any more.
class Completion {
 public:
  virtual void complete(base::Status status) = 0;

 protected:
  ~Completion() = default;  // owned by the operation, never through this type
};

}  // namespace io

// core/base/release.h: giving memory back.
#pragma once

namespace base {

// Empties a string or container and frees its memory. Assigning an empty one does not: the standard library keeps the buffer, for
// strings (`= std::string()`) and for vectors (`= {}`) alike.
template <typename Container>
void release(Container& container) {
  Container().swap(container);
}

}  // namespace base

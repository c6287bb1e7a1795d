// core/base/overloaded.h: a visitor from lambdas, one arm per alternative of a std::variant.
#pragma once

namespace base {

template <typename... Arms>
struct Overloaded : Arms... {
  using Arms::operator()...;
};
template <typename... Arms>
Overloaded(Arms...) -> Overloaded<Arms...>;

}  // namespace base

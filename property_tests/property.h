// property_tests/property.h: a doctest case around a rapidcheck property.
//
//   PROPERTY("what is claimed") { rc::check… }   or   property("claim", [](std::string s) { RC_ASSERT(…); });
//
// rapidcheck prints the shrunk counterexample and the RC_PARAMS line that reproduces it.
#pragma once

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <string>
#include <utility>

namespace property_tests {

// Fails the running doctest case when the property does.
template <typename Testable>
void property(const std::string& claim, Testable&& testable) {
  CHECK_MESSAGE(rc::check(claim, std::forward<Testable>(testable)), claim);
}

}  // namespace property_tests

#define PROPERTY(claim) TEST_CASE(claim)

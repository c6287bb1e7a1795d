// property_tests/differential/shrink.h: the shortest list of requests that still shows a difference.
//
// First whole requests are taken out, in halves, quarters and so on (Zeller's ddmin); then from those that are left
// compares, operations and options. Knows no server: whether a list still fails is a question to the caller, and there
// are at most `questions_max` of them.
#pragma once

#include <cstddef>
#include <vector>

#include "property_tests/differential/step.h"

namespace property_tests::differential {

class StillFails {
 public:
  virtual bool operator()(const std::vector<Step>& steps) = 0;

 protected:
  ~StillFails() = default;
};

// Requires: `steps` fail.
std::vector<Step> shrink(std::vector<Step> steps, StillFails& still_fails, std::size_t questions_max);

// Each way to make a request a little simpler, for the tests.
std::vector<Request> simpler(const Request& request);

}  // namespace property_tests::differential

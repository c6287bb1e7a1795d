// property_tests/differential/run.h: steps against fresh servers, until one is answered differently.
#pragma once

#include <optional>
#include <string>

#include "property_tests/differential/coverage.h"
#include "property_tests/differential/observe.h"
#include "property_tests/differential/servers.h"
#include "property_tests/differential/step.h"

namespace property_tests::differential {

struct Difference {
  std::string what;  // both answers, in words
  Request request;   // as it was sent
};

class Run {
 public:
  // `coverage` may be null. Where both programs are the same one, an etcd is compared with itself: that tells whether
  // the claims and the table are right.
  Run(io::real::RealWorld& world, const Programs& programs, Coverage* coverage)
      : servers_(world, programs), coverage_(coverage), is_calibration_(programs.ours == programs.theirs) {}

  // Sends it to both. Nothing: they agree, or differ as expected.
  std::optional<Difference> step(const Step& step);

 private:
  std::optional<Difference> compare(const Step& step, const Request& sent, const Answers& answers);
  // While all keys are deleted etcd's hash is of whatever a compaction has not discarded yet. A physical compaction
  // that is refused still waits for those before it.
  std::optional<Difference> wait_for_compaction();
  // After each write: all keys of both.
  std::optional<Difference> compare_stores(const Request& sent);
  void learn(const Request& sent, const Answer& theirs);

  Servers servers_;
  Coverage* coverage_;
  bool is_calibration_;
  bool is_compacting_ = false;  // perhaps still, in the background
  Before before_;
};

}  // namespace property_tests::differential

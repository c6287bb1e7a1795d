// property_tests/differential/member_run.h: steps with a fresh group of ours and one of etcd, until one is answered differently.
#pragma once

#include <optional>
#include <string>

#include "property_tests/differential/coverage.h"
#include "property_tests/differential/group.h"
#include "property_tests/differential/group_view.h"
#include "property_tests/differential/run.h"

namespace property_tests::differential {

class MemberRun {
 public:
  // `coverage` may be null. Where both programs are the same one, no difference is expected.
  MemberRun(io::real::RealWorld& world, const Programs& programs, const GroupShape& shape, Coverage* coverage);

  // Nothing: they agree, or differ as expected.
  std::optional<Difference> step(const GroupStep& step);
  // They have done different things, as expected, and nothing can be compared any more.
  bool is_over() const { return is_over_; }
  const GroupView& view() const { return view_; }

 private:
  std::optional<Difference> ask(const GroupStep& step);
  void learn(const Request& request, const Answer& theirs);
  void write_some();
  void wait(base::Duration time);
  void wait_for_second();
  std::int64_t second() const;

  io::real::RealWorld& world_;
  base::Instant began_;
  Group ours_;
  Group theirs_;
  Coverage* coverage_;
  bool is_calibration_;
  bool is_over_ = false;
  std::int64_t second_ = 0;  // that was waited for
  GroupView view_;
};

std::string to_text(const GroupStep& step);

}  // namespace property_tests::differential

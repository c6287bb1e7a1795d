// apps/lockstepd/feature_gates.h: what stands behind --feature-gates (behaviour reference §11.2).
#pragma once

#include <string_view>

#include "apps/lockstepd/refusal.h"

namespace lockstepd {

struct FeatureGates {
  bool lease_checkpoint = false;
};

// `Name=true,Name=false,...`. A gate whose feature is not there takes its default alone, and one that etcd does not know is refused.
Parsed<FeatureGates> parse_feature_gates(std::string_view text);

}  // namespace lockstepd

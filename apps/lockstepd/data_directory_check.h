// apps/lockstepd/data_directory_check.h: is this directory ours to use?
//
// Before anything is created in it: a wrong --data-dir must not leave so much as a lock file in somebody's home.
#pragma once

#include <string>

#include "core/base/result.h"

namespace lockstepd {

// Creates the parents of `path` where they lack. Refuses, with what to do, a directory that holds something else.
base::Status prepare_data_directory(const std::string& path);

}  // namespace lockstepd

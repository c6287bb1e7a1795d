// apps/lockstepd/usage.h: what --help and --version print.
#pragma once

#include <string>

namespace lockstepd {

std::string help_text();
std::string version_text();  // four lines, as etcd's, for tools that read the first

}  // namespace lockstepd

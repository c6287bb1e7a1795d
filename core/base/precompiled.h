// core/base/precompiled.h: the parts of the standard library that most of our files read, for the compiler to read once per library.
//
// Nothing includes it: meson gives it to the compiler ahead of each file of a target with `cpp_pch`, which saves a quarter of the time that a
// file takes. A file still has to include what it uses: `./test --all` builds with -Db_pch=false too.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <variant>
#include <vector>

// io/real/test_directory.h: a temporary directory for tests, removed with all that is in it.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include "core/base/assert.h"

namespace io::real {

class TestDirectory {
 public:
  TestDirectory() {
    std::string path = (std::filesystem::temp_directory_path() / "lockstep-test-XXXXXX").string();
    ASSERT(::mkdtemp(path.data()) != nullptr);
    path_ = path;
  }
  ~TestDirectory() {
    std::error_code ignored;  // what a failed test left open or unreadable is no further failure
    std::filesystem::remove_all(path_, ignored);
  }
  TestDirectory(const TestDirectory&) = delete;
  TestDirectory& operator=(const TestDirectory&) = delete;

  const std::string& path() const { return path_; }
  std::string path(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace io::real

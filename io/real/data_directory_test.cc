#include "io/real/data_directory.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <utility>

#include "io/real/test_directory.h"

namespace io::real {

namespace {

constexpr uid_t kNobody = 65534;

// Rights mean nothing to root: acts as an ordinary user for as long as it lives.
class OrdinaryUser {
 public:
  OrdinaryUser() {
    if (was_root_) REQUIRE(::seteuid(kNobody) == 0);
  }
  ~OrdinaryUser() {
    if (was_root_) ASSERT(::seteuid(0) == 0);
  }

 private:
  const bool was_root_ = ::geteuid() == 0;
};

std::string refusal(const std::string& path) {
  const base::Result<DataDirectory> opened = DataDirectory::open(path);
  return opened ? "opened" : opened.error().detail;
}

}  // namespace

TEST_CASE("a data directory is created for its owner alone, and opened again later") {
  const TestDirectory parent;
  const std::string path = parent.path("member");
  for (int round = 0; round < 2; ++round) {
    const base::Result<DataDirectory> opened = DataDirectory::open(path);
    REQUIRE(opened.has_value());
    CHECK_EQ(opened->path(), path);
    struct stat status {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    CHECK_EQ(status.st_mode & 0777U, 0700U);
  }
}

TEST_CASE("a data directory has one user at a time") {
  const TestDirectory parent;
  const std::string path = parent.path("member");
  base::Result<DataDirectory> first = DataDirectory::open(path);
  REQUIRE(first.has_value());
  CHECK_EQ(refusal(path), "data directory " + path + " is in use by another process");
  {
    const DataDirectory moved = std::move(*first);
    CHECK_EQ(refusal(path), "data directory " + path + " is in use by another process");
  }
  CHECK_EQ(refusal(path), "opened");
}

TEST_CASE("a killed process leaves no lock behind") {
  const TestDirectory parent;
  const std::string path = parent.path("member");
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const base::Result<DataDirectory> opened = DataDirectory::open(path);
    ::_exit(opened ? 0 : 1);  // without unlocking
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK_EQ(status, 0);
  CHECK_EQ(refusal(path), "opened");
}

TEST_CASE("a path that cannot be a data directory is refused in one line that names it") {
  const TestDirectory parent;
  const std::string file = parent.path("file");
  std::ofstream(file) << "not a directory";
  CHECK_EQ(refusal(file), "data directory " + file + " is not a directory");

  const std::string orphan = parent.path("missing/member");
  CHECK_EQ(refusal(orphan), "data directory " + orphan + " cannot be created: no such file or directory");
}

TEST_CASE("a read-only data directory is refused") {
  const TestDirectory parent;
  REQUIRE(::chmod(parent.path().c_str(), 0755) == 0);
  const std::string path = parent.path("member");
  REQUIRE(::mkdir(path.c_str(), 0555) == 0);
  const OrdinaryUser user;
  CHECK_EQ(refusal(path), "data directory " + path + " is not writable: permission denied");
}

}  // namespace io::real

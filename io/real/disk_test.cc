// What only this world can do wrong. The contract itself is tested in property_tests/worlds/.
#include "io/real/disk.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cerrno>
#include <optional>
#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "io/real/signals.h"
#include "io/real/test_directory.h"

namespace io::real {

namespace {

constexpr rlim_t kFileBytesMax = 8192;

// No file of this process may grow beyond kFileBytesMax for as long as it lives.
class FileSizeLimit {
 public:
  FileSizeLimit() {
    ignore_io_signals();
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before_) == 0);
    rlimit limit = before_;
    limit.rlim_cur = kFileBytesMax;
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
  }
  ~FileSizeLimit() { ASSERT(::setrlimit(RLIMIT_FSIZE, &before_) == 0); }

 private:
  rlimit before_{};
};

struct Recorder final : Completion {
  std::optional<base::Status> status;
  void complete(base::Status answer) override { status = std::move(answer); }
};

struct DiskFixture {
  TestDirectory parent;
  DataDirectory directory = *DataDirectory::open(parent.path("member"));
  RealClock clock;
  RealLoop loop{clock};
  RealDisk disk{loop, directory};

  const base::Status& result(const Recorder& recorder) {
    while (!recorder.status) loop.run_turn(base::Duration(-1));
    return *recorder.status;
  }
};

}  // namespace

TEST_CASE("a file at the process's size limit is out of space, and the process lives") {
  DiskFixture fixture;
  const auto file = fixture.disk.open_page_file("pages", Open::create);
  REQUIRE(file.has_value());
  const std::string page(kFileBytesMax, 'p');
  const FileSizeLimit limit;
  CHECK((*file)->write(0, base::as_bytes(page)).has_value());
  const base::Status beyond = (*file)->write(page.size(), base::as_bytes(page));
  REQUIRE_FALSE(beyond.has_value());
  CHECK_EQ(beyond.error().code, base::Code::no_space);
  CHECK_EQ(beyond.error().detail, "write pages: file too large");
  const base::Status grown = (*file)->truncate(kFileBytesMax + 1);
  REQUIRE_FALSE(grown.has_value());
  CHECK_EQ(grown.error().code, base::Code::no_space);
  CHECK_MESSAGE((*file)->write(0, base::as_bytes(page)).has_value(), "what fits still works: out of space is retried");
}

TEST_CASE("after a failed write a log file stays failed, and other files live") {
  DiskFixture fixture;
  REQUIRE(fixture.disk.open_page_file("log", Open::create).has_value());
  REQUIRE(fixture.disk.open_page_file("other", Open::create).has_value());
  const auto log = fixture.disk.open_log_file("log");
  const auto other = fixture.disk.open_log_file("other");
  REQUIRE(log.has_value());
  REQUIRE(other.has_value());
  const std::string data(100, 'd');
  Recorder beyond;
  Recorder within;
  Recorder sync;
  Recorder elsewhere;
  Recorder later;
  {
    const FileSizeLimit limit;
    (*log)->write(kFileBytesMax, base::as_bytes(data), beyond);
    (*log)->write(0, base::as_bytes(data), within);
    (*log)->sync(sync);
    (*other)->write(0, base::as_bytes(data), elsewhere);
    REQUIRE_FALSE(fixture.result(beyond).has_value());
    CHECK_EQ(beyond.status->error().code, base::Code::no_space);
    CHECK_FALSE(fixture.result(within).has_value());
    CHECK_FALSE(fixture.result(sync).has_value());
    CHECK(fixture.result(elsewhere).has_value());
  }
  (*log)->sync(later);
  REQUIRE_FALSE(fixture.result(later).has_value());
  CHECK_MESSAGE(later.status->error().detail == beyond.status->error().detail, "the first failure is the one that is told");
}

TEST_CASE("a failed sync condemns the disk") {
  SyncFate fate;
  CHECK(fate.settle(0, "sync log").has_value());
  CHECK_FALSE(fate.is_sealed());

  const base::Status failed = fate.settle(EIO, "sync log");
  REQUIRE_FALSE(failed.has_value());
  CHECK_EQ(failed.error().detail, "sync log: input/output error");
  CHECK(fate.is_sealed());
  CHECK_MESSAGE(!fate.settle(0, "sync log").has_value(), "the kernel's 'fine' after a failure is not believed");
}

TEST_CASE("on a condemned disk nothing is written, truncated or synced any more, and reading still works") {
  DiskFixture fixture;
  const auto fate = std::make_shared<SyncFate>();
  const std::string path = fixture.parent.path("file");
  File file(Descriptor(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)), "file", fate);
  REQUIRE(file.write(0, base::as_bytes("before")).has_value());
  CHECK_FALSE(fate->settle(EIO, "sync other").has_value());

  CHECK_FALSE(file.write(0, base::as_bytes("after!")).has_value());
  CHECK_FALSE(file.truncate(0).has_value());
  CHECK_FALSE(file.sync().has_value());
  std::string bytes(6, '\0');
  const base::Result<std::size_t> count = file.read(0, base::as_writable_bytes(bytes));
  REQUIRE(count.has_value());
  CHECK_EQ(bytes, "before");
}

TEST_CASE("a device that is full is out of space") {
  // /dev/full answers every write with ENOSPC.
  File full(Descriptor(::open("/dev/full", O_RDWR | O_CLOEXEC)), "full", std::make_shared<SyncFate>());
  const base::Status written = full.write(0, base::as_bytes("x"));
  REQUIRE_FALSE(written.has_value());
  CHECK_EQ(written.error().code, base::Code::no_space);
  CHECK_EQ(written.error().detail, "write full: no space left on device");
}

TEST_CASE("directories and files are for their owner alone, and the lock is not shown") {
  DiskFixture fixture;
  REQUIRE(fixture.disk.create_directory("wal").has_value());
  REQUIRE(fixture.disk.open_page_file("wal/0", Open::create).has_value());
  struct stat status {};
  REQUIRE(::stat(fixture.parent.path("member/wal").c_str(), &status) == 0);
  CHECK_EQ(status.st_mode & 0777U, 0700U);
  REQUIRE(::stat(fixture.parent.path("member/wal/0").c_str(), &status) == 0);
  CHECK_EQ(status.st_mode & 0777U, 0600U);

  REQUIRE(::stat(fixture.parent.path("member/LOCK").c_str(), &status) == 0);
  const auto names = fixture.disk.list("");
  REQUIRE(names.has_value());
  CHECK_EQ(*names, std::vector<std::string>{"wal"});
}

TEST_CASE("an abandoned log calls nobody, whatever was in flight") {
  DiskFixture fixture;
  REQUIRE(fixture.disk.open_page_file("log", Open::create).has_value());
  const std::string data(64, 'd');
  Recorder handed_over;
  Recorder gathered;
  Recorder late;
  {
    const auto log = fixture.disk.open_log_file("log");
    REQUIRE(log.has_value());
    (*log)->write(0, base::as_bytes(data), handed_over);
    fixture.loop.run_turn(base::Duration(0));
    const bool was_early = handed_over.status.has_value();
    (*log)->sync(gathered);
    fixture.disk.abandon();
    (*log)->sync(late);
    for (int turn = 0; turn < 3; ++turn) fixture.loop.run_turn(base::Duration(0));
    CHECK_EQ(handed_over.status.has_value(), was_early);
    CHECK_FALSE(gathered.status.has_value());
    CHECK_FALSE(late.status.has_value());
  }
}

TEST_CASE("a world without a data directory has no files") {
  const DataDirectory none = DataDirectory::none();
  RealClock clock;
  RealLoop loop(clock);
  RealDisk disk(loop, none);
  CHECK_FALSE(disk.open_page_file("pages", Open::create).has_value());
  CHECK_FALSE(disk.list("").has_value());
}

}  // namespace io::real

#include "storage/sqlite/files.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "io/sim/simulation.h"

namespace sqlite {

namespace {

// The files of a store on a simulated disk, as SQLite would open them.
struct FilesFixture {
  FilesFixture() { REQUIRE(node.world().disk.create_directory("store-1")); }
  std::unique_ptr<io::PageFile> open(std::string_view name) {
    return std::move(*node.world().disk.open_page_file(store.path(name), io::Open::create));
  }
  std::unique_ptr<MainFile> main_file() { return std::make_unique<MainFile>(store, store.path("db"), open("db")); }
  std::unique_ptr<WalFile> wal_file() {
    return std::make_unique<WalFile>(store, store.path("db-wal"), open("db-wal"), true);
  }

  io::sim::Simulation sim{1};
  io::sim::Node& node = sim.add_node("m1");
  Store store{node.world().disk, node.world().random, "store-1", base::StoreGeneration(1)};
};

std::vector<std::byte> page_of(char letter) {
  std::vector<std::byte> page(kPageBytes);
  for (std::size_t i = 0; i < kPageContentBytes; ++i) page[i] = static_cast<std::byte>(letter);
  return page;
}

// A disk that calls a failed sync "no space", as some file systems do with what they put off.
class FullAtSync final : public io::PageFile {
 public:
  base::Result<std::size_t> read(std::uint64_t, std::span<std::byte>) override { return std::size_t{0}; }
  base::Status write(std::uint64_t, std::span<const std::byte>) override { return {}; }
  base::Status truncate(std::uint64_t) override { return {}; }
  base::Status sync() override { return base::fail(base::Code::no_space, "no space left on device"); }
  base::Result<std::uint64_t> size() override { return std::uint64_t{0}; }
};

}  // namespace

TEST_CASE("a page comes back as it was written, and the file holds its checksum") {
  FilesFixture f;
  const auto file = f.main_file();
  REQUIRE(file->write(0, page_of('a')));
  std::vector<std::byte> read(kPageBytes);
  CHECK_EQ(*file->read(0, read), kPageBytes);
  CHECK(read == page_of('a'));
  CHECK_EQ(*f.open("db")->read(0, read), kPageBytes);
  CHECK(is_sealed(Page(read), PageNumber{1}, base::StoreGeneration(1)));
  // A part of a page is checked like the whole.
  std::vector<std::byte> part(16);
  CHECK_EQ(*file->read(24, part), part.size());
  REQUIRE(f.open("db")->write(8'000, base::as_bytes("rot")));
  CHECK_EQ(file->read(24, part).error().code, base::Code::damaged);
  CHECK_EQ(*file->read(kPageBytes, read), 0);  // behind the end
}

TEST_CASE("pages that SQLite skips are written as zeros, with a checksum") {
  FilesFixture f;
  const auto file = f.main_file();
  REQUIRE(file->write(4 * kPageBytes, page_of('e')));
  REQUIRE(file->truncate(7 * kPageBytes));
  CHECK_EQ(*file->size(), 7 * kPageBytes);
  for (std::uint64_t page = 0; page < 7; ++page) {
    CAPTURE(page);
    std::vector<std::byte> read(kPageBytes);
    CHECK_EQ(*file->read(page * kPageBytes, read), kPageBytes);
    CHECK(read == (page == 4 ? page_of('e') : std::vector<std::byte>(kPageBytes)));
  }
  REQUIRE(f.open("db")->truncate(6 * kPageBytes + 100));
  std::vector<std::byte> read(kPageBytes);
  CHECK_EQ(file->read(6 * kPageBytes, read).error().code, base::Code::damaged);  // cut short
}

TEST_CASE("a frame must be read as it was written or recovered") {
  FilesFixture f;
  const auto written = f.wal_file();
  constexpr std::uint64_t kWholeFrameBytes = kPageBytes + 24;
  const std::vector<std::byte> header(24);
  for (std::uint64_t frame = 0; frame < 3; ++frame) {
    REQUIRE(written->write(32 + frame * kWholeFrameBytes, header));
    REQUIRE(written->write(32 + frame * kWholeFrameBytes + 24, page_of(static_cast<char>('a' + frame))));
  }
  std::vector<std::byte> page(kPageBytes);
  CHECK_EQ(*written->read(32 + kWholeFrameBytes + 24, page), kPageBytes);
  CHECK(page == page_of('b'));
  REQUIRE(f.open("db-wal")->write(32 + kWholeFrameBytes + 1'000, base::as_bytes("rot")));
  CHECK_EQ(written->read(32 + kWholeFrameBytes + 24, page).error().code, base::Code::damaged);

  // After a restart what recovery reads, in whole frames, is what counts; a page alone was never vouched for.
  f.store.forget_frames_from(0);
  CHECK_EQ(written->read(32 + 24, page).error().code, base::Code::damaged);
  std::vector<std::byte> frame(kFrameBytes);
  CHECK_EQ(*written->read(32, frame), kFrameBytes);
  CHECK_EQ(*written->read(32 + 24, page), kPageBytes);
  // What no version of SQLite that we know does is refused, not guessed at.
  CHECK_FALSE(written->read(100, page).has_value());
  CHECK_FALSE(written->write(100, page).has_value());
}

TEST_CASE("a failed sync is final and never counts as a lack of space") {
  FilesFixture f;
  MainFile file(f.store, "store-1/db", std::make_unique<FullAtSync>());
  REQUIRE(file.write(0, page_of('a')));
  CHECK_EQ(file.sync().error().code, base::Code::io);
  const auto other = f.wal_file();
  std::vector<std::byte> bytes(32);
  CHECK_EQ(other->read(0, bytes).error().code, base::Code::io);
  CHECK_EQ(other->write(0, bytes).error().code, base::Code::io);
  CHECK_EQ(other->truncate(0).error().code, base::Code::io);
  CHECK_EQ(other->sync().error().code, base::Code::io);
  CHECK_EQ(other->size().error().code, base::Code::io);
}

}  // namespace sqlite

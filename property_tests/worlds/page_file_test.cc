// The contract of io/disk.h, page files.
#include <algorithm>
#include <cstddef>
#include <string>
#include <tuple>
#include <vector>

#include "core/base/bytes.h"
#include "property_tests/property.h"
#include "property_tests/worlds/world_under_test.h"

namespace property_tests::worlds {

namespace {

std::string read(io::PageFile& file, std::uint64_t offset, std::size_t size) {
  std::string bytes(size, '?');
  const base::Result<std::size_t> count = file.read(offset, base::as_writable_bytes(bytes));
  REQUIRE(count.has_value());
  bytes.resize(*count);
  return bytes;
}

}  // namespace

TEST_CASE("page file: an existing one must exist, and creating keeps what is there") {
  const auto world = make_world();
  io::Disk& disk = world->member().disk;
  const auto missing = disk.open_page_file("pages", io::Open::existing);
  REQUIRE_FALSE(missing.has_value());
  CHECK_EQ(missing.error().code, base::Code::not_found);

  {
    const auto created = disk.open_page_file("pages", io::Open::create);
    REQUIRE(created.has_value());
    CHECK_EQ(*(*created)->size(), 0);
    REQUIRE((*created)->write(0, base::as_bytes("kept")).has_value());
  }
  const auto again = disk.open_page_file("pages", io::Open::create);
  REQUIRE(again.has_value());
  CHECK_EQ(read(**again, 0, 4), "kept");
}

TEST_CASE("page file: reading stops at the end of the file") {
  const auto world = make_world();
  const auto opened = world->member().disk.open_page_file("pages", io::Open::create);
  REQUIRE(opened.has_value());
  io::PageFile& file = **opened;
  REQUIRE(file.write(0, base::as_bytes("0123456789")).has_value());
  struct Case {
    std::uint64_t offset;
    std::size_t size;
    std::string expected;
  };
  const Case cases[] = {
      {0, 10, "0123456789"}, {0, 4, "0123"}, {8, 4, "89"}, {10, 4, ""}, {1'000'000, 4, ""}, {3, 0, ""},
  };
  for (const Case& each : cases) {
    CAPTURE(each.offset);
    CHECK_EQ(read(file, each.offset, each.size), each.expected);
  }
}

TEST_CASE("page file: a page survives its sync and its handle") {
  const auto world = make_world();
  io::Disk& disk = world->member().disk;
  {
    const auto file = disk.open_page_file("pages", io::Open::create);
    REQUIRE(file.has_value());
    REQUIRE((*file)->write(8192, base::as_bytes(std::string(8192, 'p'))).has_value());
    REQUIRE((*file)->sync().has_value());
  }
  const auto file = disk.open_page_file("pages", io::Open::existing);
  REQUIRE(file.has_value());
  CHECK_EQ(*(*file)->size(), 16384);
  CHECK_EQ(read(**file, 0, 16384), std::string(8192, '\0') + std::string(8192, 'p'));
}

// Property: two handles on one file behave as one string does.
// Method: small offsets, so that writes, cuts and reads overlap; the handles take turns; one is reopened now and then.
PROPERTY("page file: handles on one file agree with a plain string") {
  property("page file model", [] {
    enum Kind { kWrite, kTruncate, kRead, kReopen, kSync, kKindCount };
    const auto steps = *rc::gen::container<std::vector<std::tuple<int, int, int, int>>>(
        rc::gen::tuple(rc::gen::inRange<int>(0, kKindCount), rc::gen::inRange(0, 2), rc::gen::inRange(0, 2000),
                       rc::gen::inRange(0, 1500)));
    const auto world = make_world();
    io::Disk& disk = world->member().disk;
    std::unique_ptr<io::PageFile> handles[] = {std::move(*disk.open_page_file("pages", io::Open::create)),
                                               std::move(*disk.open_page_file("pages", io::Open::existing))};
    std::string model;
    char letter = 'a';
    for (const auto& [kind, which, offset, size] : steps) {
      std::unique_ptr<io::PageFile>& handle = handles[which];
      const auto at = static_cast<std::size_t>(offset);
      const auto length = static_cast<std::size_t>(size);
      letter = letter == 'z' ? 'a' : static_cast<char>(letter + 1);
      switch (kind) {
        case kWrite:
          if (length == 0) break;
          model.resize(std::max(model.size(), at + length), '\0');
          model.replace(at, length, std::string(length, letter));
          RC_ASSERT(handle->write(at, base::as_bytes(std::string(length, letter))).has_value());
          break;
        case kTruncate:
          model.resize(at, '\0');
          RC_ASSERT(handle->truncate(at).has_value());
          break;
        case kRead:
          RC_ASSERT(read(*handle, at, length) == (at < model.size() ? model.substr(at, length) : std::string()));
          break;
        case kReopen:
          handle.reset();
          handle = std::move(*disk.open_page_file("pages", io::Open::existing));
          break;
        case kSync:
          RC_ASSERT(handle->sync().has_value());
          break;
        default:
          RC_FAIL("no such step");
      }
      RC_ASSERT(*handles[0]->size() == model.size());
      RC_ASSERT(*handles[1]->size() == model.size());
    }
    RC_ASSERT(read(*handles[0], 0, model.size() + 1) == model);
  });
}

}  // namespace property_tests::worlds

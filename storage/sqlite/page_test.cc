#include "storage/sqlite/page.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace sqlite {

namespace {

std::vector<std::byte> random_page(std::uint64_t seed) {
  std::vector<std::byte> page(kPageBytes);
  for (std::size_t i = 0; i < kPageContentBytes; ++i) page[i] = static_cast<std::byte>(seed * 31 + i * i);
  return page;
}

// The first 100 bytes of a store, as SQLite writes them.
std::vector<std::byte> store_header() {
  std::vector<std::byte> bytes(kFileHeaderBytes);
  constexpr std::string_view kMagic("SQLite format 3\0", 16);
  for (std::size_t i = 0; i < kMagic.size(); ++i) bytes[i] = static_cast<std::byte>(kMagic[i]);
  bytes[16] = std::byte{0x20};
  bytes[18] = bytes[19] = std::byte{2};
  bytes[20] = std::byte{16};
  bytes[55] = bytes[67] = std::byte{1};
  bytes[63] = std::byte{2};
  for (std::size_t i = 0; i < 4; ++i) bytes[68 + i] = static_cast<std::byte>("LKST"[i]);
  return bytes;
}

}  // namespace

TEST_CASE("a page verifies in its place and nowhere else") {
  std::vector<std::byte> bytes = random_page(1);
  const base::StoreGeneration generation(3);
  seal(Page(bytes), PageNumber{7}, generation);
  CHECK(is_sealed(Page(bytes), PageNumber{7}, generation));
  for (const std::uint64_t number : {1U, 6U, 8U}) CHECK_FALSE(is_sealed(Page(bytes), PageNumber{number}, generation));
  for (const std::uint64_t other : {0U, 1U, 2U, 4U}) {
    CHECK_FALSE(is_sealed(Page(bytes), PageNumber{7}, base::StoreGeneration(other)));
  }
  clear_seal(Page(bytes));
  CHECK(bytes == random_page(1));
  CHECK_FALSE(is_sealed(Page(bytes), PageNumber{7}, generation));
}

TEST_CASE("one changed bit anywhere in a page is seen") {
  std::vector<std::byte> bytes = random_page(2);
  seal(Page(bytes), PageNumber{2}, base::StoreGeneration(1));
  for (std::size_t bit = 0; bit < kPageBytes * 8; bit += 97) {
    CAPTURE(bit);
    const std::byte mask{static_cast<unsigned char>(1U << bit % 8)};
    bytes[bit / 8] ^= mask;
    CHECK_FALSE(is_sealed(Page(bytes), PageNumber{2}, base::StoreGeneration(1)));
    bytes[bit / 8] ^= mask;
  }
  CHECK(is_sealed(Page(bytes), PageNumber{2}, base::StoreGeneration(1)));
}

TEST_CASE("the header says what a file is") {
  struct Case {
    std::string_view name;
    std::size_t offset;
    unsigned char value;
    HeaderKind kind;
  };
  constexpr Case cases[] = {
      {"as written", 0, 'S', HeaderKind::ours},
      {"a counter that changes", 27, 9, HeaderKind::ours},
      {"not SQLite", 0, 'X', HeaderKind::foreign},
      {"another program's database", 68, 'X', HeaderKind::foreign},
      {"the format before", 63, 1, HeaderKind::ours},
      {"a later format", 63, 3, HeaderKind::newer},
      {"no format", 63, 0, HeaderKind::foreign},
      {"another page size", 16, 0x10, HeaderKind::foreign},
      {"a rollback journal", 19, 1, HeaderKind::foreign},
      {"no reserved bytes", 20, 0, HeaderKind::foreign},
      {"no auto-vacuum", 55, 0, HeaderKind::foreign},
      {"full auto-vacuum", 67, 0, HeaderKind::foreign},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    std::vector<std::byte> bytes = store_header();
    bytes[c.offset] = std::byte{c.value};
    CHECK(classify_header(bytes) == c.kind);
  }
}

}  // namespace sqlite

#include "storage/mvcc/key_index.h"

#include <doctest/doctest.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "property_tests/property.h"

namespace mvcc {
namespace {

std::string keys_at(const KeyIndex& index, KeyRange range, std::uint64_t revision) {
  std::string out;
  index.visit(range, Revision(revision), [&](std::string_view key, const KeyVersion& version) {
    out += std::string(key) + "@" + std::to_string(version.created.value()) + "/" +
           std::to_string(version.modified.value()) + "v" + std::to_string(version.version) + " ";
  });
  return out;
}

TEST_CASE("a generation counts its puts; a delete ends it") {
  KeyIndex index;
  index.put("k", Revision(2), RowId(1));
  index.put("k", Revision(3), RowId(2));
  index.erase("k", Revision(5), RowId(3));
  index.put("k", Revision(9), RowId(4));
  struct Case { std::uint64_t revision; std::string_view expected; };
  constexpr Case cases[] = {{1, ""}, {2, "k@2/2v1 "}, {3, "k@2/3v2 "}, {4, "k@2/3v2 "}, {5, ""}, {8, ""}, {9, "k@9/9v1 "},
                            {100, "k@9/9v1 "}};
  for (const Case& c : cases) {
    CAPTURE(c.revision);
    CHECK_EQ(keys_at(index, {"k", ""}, c.revision), c.expected);
    CHECK_EQ(index.find("k", Revision(c.revision)) != nullptr, !c.expected.empty());
  }
}

TEST_CASE("a range in slices goes on where it stopped, whatever was written meanwhile") {
  KeyIndex index;
  for (std::uint64_t i = 0; i < 9; ++i) index.put(std::string(1, static_cast<char>('a' + i)), Revision(2 + i), RowId(1 + i));
  index.erase("c", Revision(11), RowId(10));
  const auto slice = [&](std::string_view from, std::string_view end, std::uint64_t keys_max, std::size_t enough) {
    std::string out;
    const auto next = index.visit_slice({from, end}, Revision(11), keys_max, [&](std::string_view key, const KeyVersion&) {
      out += key;
      return out.size() < enough;
    });
    return out + ">" + (next ? std::string(*next) : "end");
  };
  CHECK_EQ(slice("a", kOpenEnd, 2, 9), "ab>c");
  index.put("aa", Revision(12), RowId(11));
  index.put("c", Revision(13), RowId(12));
  CHECK_EQ(slice("a", kOpenEnd, 3, 9), "ab>c");  // `aa` was looked at too
  CHECK_EQ(slice("c", kOpenEnd, 2, 9), "d>e");   // and `c`, which was deleted
  CHECK_EQ(slice("e", kOpenEnd, 99, 2), "ef>g");
  CHECK_EQ(slice("g", "i", 99, 9), "gh>end");
  CHECK_EQ(slice("g", "h", 1, 9), "g>end");
  CHECK_EQ(slice("g", kOpenEnd, 99, 3), "ghi>end");
  CHECK_EQ(slice("g", "a", 1, 9), ">end");
}

TEST_CASE("deleted and put again within one revision, the later change counts") {
  KeyIndex index;
  index.put("k", Revision(2), RowId(1));
  index.erase("k", Revision(3), RowId(2));
  index.put("k", Revision(3), RowId(3));
  CHECK_EQ(keys_at(index, {"k", ""}, 2), "k@2/2v1 ");
  CHECK_EQ(keys_at(index, {"k", ""}, 3), "k@3/3v1 ");
}

TEST_CASE("a range is what etcd means by it") {  // behaviour reference §2.2
  KeyIndex index;
  std::uint64_t revision = 1;
  for (const std::string_view key : {"a", "b", "ba", "c"}) {
    ++revision;
    index.put(key, Revision(revision), RowId(revision));
  }
  const std::string_view zero = kOpenEnd;
  struct Case { std::string_view name; KeyRange range; std::string_view expected; };
  const Case cases[] = {
      {"a single key", {"b", ""}, "b@3/3v1 "},
      {"a single key that is not there", {"bb", ""}, ""},
      {"half open", {"a", "c"}, "a@2/2v1 b@3/3v1 ba@4/4v1 "},
      {"from a key on", {"ba", zero}, "ba@4/4v1 c@5/5v1 "},
      {"everything", {zero, zero}, "a@2/2v1 b@3/3v1 ba@4/4v1 c@5/5v1 "},
      {"end equal to the key", {"b", "b"}, ""},
      {"end below the key", {"c", "a"}, ""},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    CHECK_EQ(keys_at(index, c.range, 5), c.expected);
  }
}

// Property: at every revision the index lists what a map copied at that revision lists.
// Method: four keys, so that generations pile up.
PROPERTY("the index reads as the model remembers") {
  property_tests::property("index", [](const std::vector<std::uint8_t>& steps) {
    KeyIndex index;
    std::map<std::string, std::uint64_t> now;  // key -> version
    std::vector<std::map<std::string, std::uint64_t>> history{now, now};
    for (const std::uint8_t step : steps) {
      const std::string key(1, static_cast<char>('a' + step % 4));
      const Revision revision(history.size());
      if ((step & 4U) != 0 && now.count(key) != 0) {
        index.erase(key, revision, RowId(history.size()));
        now.erase(key);
      } else {
        index.put(key, revision, RowId(history.size()));
        ++now[key];
      }
      history.push_back(now);
    }
    for (std::size_t revision = 1; revision < history.size(); ++revision) {
      std::map<std::string, std::uint64_t> seen;
      index.visit({kOpenEnd, kOpenEnd}, Revision(revision),
                  [&](std::string_view key, const KeyVersion& version) { seen[std::string(key)] = version.version; });
      RC_ASSERT(seen == history[revision]);
    }
  });
}

}  // namespace
}  // namespace mvcc

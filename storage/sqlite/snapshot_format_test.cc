#include "storage/sqlite/snapshot_format.h"

#include <string>
#include <vector>

#include "property_tests/property.h"

namespace sqlite {
namespace {

std::string hex(std::string_view bytes) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    out += kDigits[static_cast<unsigned char>(c) >> 4U];
    out += kDigits[static_cast<unsigned char>(c) & 15U];
  }
  return out;
}

SnapshotHeader header() { return {{base::Term(2), base::LogIndex(5)}, {1, 2}, {3, 4}}; }

std::string small() {
  std::string bytes;
  append_header(bytes, header());
  append_row(bytes, {Bucket::key, 1, 7, -1, "value"});
  append_row(bytes, {Bucket::key, 3, 8, 0, ""});
  append_row(bytes, {Bucket::lease, 0, 0, 0, "lease"});
  append_row(bytes, {Bucket::compaction, 1, 0, 0, std::string(8, 'c')});
  append_end(bytes, 4);
  return bytes;
}

// What the parser makes of it, one piece after the other: its rows, then `end`, `more`, or the code of the error.
std::string parsed(const std::vector<std::string>& pieces) {
  SnapshotParser parser;
  std::string out;
  for (const std::string& piece : pieces) {
    parser.feed(piece);
    for (;;) {
      const auto row = parser.next();
      if (!row) return out + std::string(to_text(row.error().code));
      if (!*row) break;
      const RowView& view = **row;
      out += std::to_string(static_cast<int>(view.bucket)) + "/" + std::to_string(view.id) + "/" + std::to_string(view.main) + "/" +
             std::to_string(view.sub) + "=" + std::string(view.value) + " ";
    }
  }
  return out + (parser.has_ended() ? "end" : "more");
}

constexpr std::string_view kSmall = "0/1/7/-1=value 0/3/8/0= 1/0/0/0=lease 5/1/0/0=cccccccc end";

}  // namespace

TEST_CASE("the bytes of a snapshot are those that docs/formats/snapshot.md draws") {
  std::string bytes;
  append_header(bytes, header());
  CHECK_EQ(hex(bytes.substr(0, 56)), "4c4b535301000000050000000000000002000000000000000100000000000000020000000000000003000000000000000400000000000000");
  CHECK_EQ(bytes.size(), 64);
  bytes.clear();
  append_row(bytes, {Bucket::key, 258, 7, -1, "ab"});
  CHECK_EQ(hex(bytes), "0002010000000000000700000000000000ffffffffffffffff020000006162");
  bytes.clear();
  append_row(bytes, {Bucket::auth, 258, 0, 0, "ab"});
  CHECK_EQ(hex(bytes), "020201000000000000020000006162");
  bytes.clear();
  append_end(bytes, 3);
  CHECK_EQ(hex(bytes), "ff0300000000000000");
}

TEST_CASE("wherever it is cut, the rows are the same, and the end is known") {
  const std::string bytes = small();
  CHECK_EQ(parsed({bytes}), kSmall);
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    CHECK_EQ(parsed({bytes.substr(0, cut), bytes.substr(cut)}), kSmall);
    if (cut < bytes.size()) CHECK(parsed({bytes.substr(0, cut)}).ends_with("more"));
  }
  std::vector<std::string> single;
  for (const char c : bytes) single.emplace_back(1, c);
  CHECK_EQ(parsed(single), kSmall);
  SnapshotParser parser;
  parser.feed(bytes);
  REQUIRE(parser.next().has_value());
  REQUIRE(parser.header().has_value());
  CHECK(parser.header()->applied == header().applied);
  CHECK(parser.header()->rows == header().rows);
  CHECK(parser.header()->state == header().state);
}

TEST_CASE("what makes no sense is refused") {
  struct Case { std::string_view name; std::string bytes; std::string_view outcome; };
  std::string head;
  append_header(head, header());
  const auto with = [&](const std::vector<RowView>& rows, std::uint64_t count) {
    std::string bytes = head;
    for (const RowView& row : rows) append_row(bytes, row);
    append_end(bytes, count);
    return bytes;
  };
  const RowView a{Bucket::lease, 4, 0, 0, ""};
  const RowView b{Bucket::auth, 2, 0, 0, ""};
  std::string newer = head;
  newer[4] = 2;
  std::string foreign = head;
  foreign[0] = 'X';
  std::string changed = head;
  changed[20] = 1;
  std::string huge = head + std::string("\x01", 1) + std::string(8, '\0') + std::string("\xff\xff\xff\xff");
  const Case cases[] = {
      {"nothing", "", "more"},
      {"no rows", with({}, 0), "end"},
      {"in order", with({a, b}, 2), "1/4/0/0= 2/2/0/0= end"},
      {"buckets out of order", with({b, a}, 2), "2/2/0/0= damaged"},
      {"a row twice", with({a, a}, 2), "1/4/0/0= damaged"},
      {"another count", with({a, b}, 3), "1/4/0/0= 2/2/0/0= damaged"},
      {"an id that no row has", with({{Bucket::lease, 1ULL << 63U, 0, 0, ""}}, 1), "damaged"},
      {"no bucket", head + std::string("\x06", 1), "damaged"},
      {"too large a row", huge, "damaged"},
      {"something behind the end", with({}, 0) + "x", "damaged"},
      {"another magic number", foreign, "damaged"},
      {"a changed header", changed, "damaged"},
      {"a later version", newer, "invalid"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    CHECK_EQ(parsed({c.bytes}), c.outcome);
  }
  CHECK_EQ(parsed({with({}, 0), "x"}), "damaged");
}

PROPERTY("no bytes whatever make the parser stumble") {
  property_tests::property("snapshot parser", [](const std::vector<std::string>& pieces, bool has_header) {
    std::vector<std::string> all = pieces;
    std::string head;
    append_header(head, header());
    if (has_header) all.insert(all.begin(), head);
    static_cast<void>(parsed(all));
  });
}

}  // namespace sqlite

#include "sim/etcd/history_text.h"

#include <doctest/doctest.h>

#include "sim/etcd/history_generator.h"

namespace sim::etcd {

namespace {

constexpr std::string_view kHeader = "{\"lockstep_history\":1,\"revision\":1,\"endpoints\":[\"here\"],\"base\":[]}\n";

std::string error_of(const std::string& lines) {
  const base::Result<History> history = decode_history(lines);
  return history ? std::string("nothing") : history.error().detail;
}

}  // namespace

TEST_CASE("a history reads as it was written, every byte") {
  History history = generate_history({{3, 8}, 500, 5, 100});
  history.endpoints.push_back("a\"b\\c");
  std::string every_byte;
  for (int byte = 0; byte < 256; ++byte) every_byte.push_back(static_cast<char>(byte));
  history.operations[0].request = history.arena.add(every_byte);
  history.operations[1].end = HistoryEnd::open;
  history.operations[1].end_ns = HistoryOperation::kNever;
  history.operations[1].answer = {};
  history.first_revision = 7;
  history.base = {"one", "", "three"};
  const std::string text = encode_history(history);
  const base::Result<History> read = decode_history(text);
  REQUIRE(read);
  CHECK_EQ(read->operations[0].request, every_byte);
  CHECK(read->operations[1].end == HistoryEnd::open);
  CHECK_EQ(read->endpoints, history.endpoints);
  CHECK_EQ(read->base.size(), 3);
  CHECK_EQ(read->log.size(), history.log.size());
  CHECK_EQ(encode_history(*read), text);
}

TEST_CASE("members may come in any order, with spaces, and JSON's other escapes mean what they mean") {
  const base::Result<History> read = decode_history(std::string(kHeader) +
      "{ \"put\" : \"\\n\\u0002k1\\/\\t\", \"end\": 9, \"answer\":\"\", \"start\" :3,\"number\": 1, \"client\" : 2 }\r\n"
      "{\"revisions\":0,\"operations\":1}\n");
  REQUIRE(read);
  REQUIRE_EQ(read->operations.size(), 1);
  CHECK_EQ(read->operations[0].request, "\n\2k1/\t");
  CHECK_EQ(read->operations[0].start_ns, 3);
}

TEST_CASE("a line that is wrong is refused by its number") {
  struct Case { std::string_view what, lines, says; };
  constexpr Case cases[] = {
      {"not JSON", "client 1 put k1", "line 2: here should be an object (column 1)"},
      {"cut off", "{\"client\":1,\"number\":0,\"start\":1,\"put\":\"k", "line 2: a string without an end (column 42)"},
      {"no member of ours", "{\"klient\":1}", "line 2: no line has a member `klient` (column 11)"},
      {"twice", "{\"client\":1,\"client\":2}", "line 2: a member that stands there twice (column 22)"},
      {"two calls", "{\"client\":1,\"put\":\"\",\"txn\":\"\"}", "line 2: an operation is one call (column 28)"},
      {"half an operation", "{\"client\":1,\"number\":0}", "line 2: an operation needs client, number, start and one of put, range and txn"},
      {"an end without an outcome", "{\"client\":1,\"number\":0,\"start\":1,\"end\":2,\"put\":\"\"}",
       "line 2: an operation has an end and an answer or an error, or neither"},
      {"an end before the start", "{\"client\":1,\"number\":0,\"start\":3,\"end\":3,\"put\":\"\",\"answer\":\"\"}", "line 2: an operation ends after its start"},
      {"an endpoint nobody has", "{\"client\":1,\"number\":0,\"endpoint\":1,\"start\":1,\"put\":\"\"}", "line 2: there is no endpoint 1"},
      {"a fraction", "{\"client\":1.5}", "line 2: here should be a whole number (column 11)"},
      {"a number too large", "{\"client\":99999999999}", "line 2: a number that cannot be meant (column 22)"},
      {"a status that is none", "{\"client\":1,\"error\":[17,\"\"]}", "line 2: no status code of gRPC (column 24)"},
      {"a byte that should be escaped", "{\"client\":1,\"put\":\"\xc3\xa4\"}", "line 2: a byte in a string that should be written as \\u00XX (column 21)"},
      {"a character that is no byte", "{\"client\":1,\"put\":\"\\u0141\"}", "line 2: a character that is no byte (column 22)"},
      {"something behind it", "{\"revision\":2} {}", "line 2: something behind the object (column 16)"},
      {"a second header", "{\"lockstep_history\":1,\"revision\":1}", "line 2: a second header"},
      {"nothing that a line may be", "{}", "line 2: neither an operation nor a revision nor the end"},
      {"lines are missing", "{\"operations\":1,\"revisions\":0}",
       "line 2: lines are missing: 0 operations and 0 revisions came before the end"},
      {"more behind the end", "{\"operations\":0,\"revisions\":0}\n{\"revision\":2}", "line 3: it stands behind the end"},
      {"no end", "{\"revision\":2}", "it is not whole: behind line 2 the end is missing"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    CHECK_EQ(error_of(std::string(kHeader) + std::string(c.lines) + "\n"), c.says);
  }
  CHECK_EQ(error_of("{\"revision\":2}\n"), "line 1: this is no history: its first line has no lockstep_history");
  CHECK_EQ(error_of("{\"lockstep_history\":2,\"revision\":1}\n"), "line 1: format version 2 is not known here");
  CHECK_EQ(error_of(""), "it is not whole: behind line 0 the end is missing");
}

}  // namespace sim::etcd

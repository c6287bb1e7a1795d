// What is a request of HTTP/1.1, and what is none; wherever its bytes are cut.
#include <doctest/doctest.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "core/rpc/http1_answer.h"
#include "core/rpc/http1_parser.h"
#include "property_tests/property.h"

namespace rpc {
namespace {

// All requests that `pieces` hold, one per line, until one is refused or incomplete.
std::string read(const std::vector<std::string>& pieces, const HttpLimits& limits = {}) {
  Http1Parser parser(limits);
  std::string out;
  for (const std::string& piece : pieces) {
    std::string_view rest = piece;
    while (!rest.empty() && !parser.is_refused()) {
      parser.feed(rest);
      if (!parser.is_done()) continue;
      const HttpRequest& request = parser.request();
      out += request.method + ' ' + request.path;
      if (!request.query.empty()) out += '?' + request.query;
      if (!request.is_1_1) out += " 1.0";
      for (const HttpHeader& one : request.headers) out += " [" + one.name + '=' + one.value + ']';
      if (!request.body.empty()) out += " {" + request.body + '}';
      out += parser.keeps_alive() ? "\n" : " last\n";
      parser.reset();
    }
  }
  if (parser.is_refused()) return out + parser.refusal().body;
  return parser.is_idle() ? out : out + (parser.is_in_head() ? "in the head\n" : "in the body\n");
}
std::string read(std::string_view bytes, const HttpLimits& limits = {}) { return read(std::vector<std::string>{std::string(bytes)}, limits); }

TEST_CASE("requests are read as RFC 9112 has them") {
  struct Case { std::string_view name, bytes, read; };
  constexpr Case cases[] = {
      {"the least", "GET / HTTP/1.1\r\nHost:\r\n\r\n", "GET / [host=]\n"},
      {"a query", "GET /version?a=b&c HTTP/1.1\r\nHost: a:1\r\n\r\n", "GET /version?a=b&c [host=a:1]\n"},
      {"an empty query", "GET /? HTTP/1.1\r\nHost: a\r\n\r\n", "GET / [host=a]\n"},
      {"escapes", "GET /%76ersion%2Fa+b HTTP/1.1\r\nHost: a\r\n\r\n", "GET /version/a+b [host=a]\n"},
      {"a URL", "GET HTTP://a:1/x?y=/ HTTP/1.1\r\nHost: a\r\n\r\n", "GET /x?y=/ [host=a]\n"},
      {"a URL without a path", "GET http://a?y HTTP/1.1\r\nHost: a\r\n\r\n", "GET /?y [host=a]\n"},
      {"the whole server", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS * [host=a]\n"},
      {"values without the space around them", "GET / HTTP/1.1\r\nhOST: \t a \t\r\nX:\r\n\r\n", "GET / [host=a] [x=]\n"},
      {"any letters in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: \xC3\xA9\t:b\r\n\r\n", "GET / [host=a] [x=\xC3\xA9\t:b]\n"},
      {"HTTP/1.0 asks once", "GET / HTTP/1.0\r\n\r\n", "GET / 1.0 last\n"},
      {"unless it says otherwise", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "GET / 1.0 [connection=keep-alive]\n"},
      {"the last", "GET / HTTP/1.1\r\nHost: a\r\nConnection: te, Close\r\n\r\n", "GET / [host=a] [connection=te, Close] last\n"},
      {"closing wins", "GET / HTTP/1.0\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n",
       "GET / 1.0 [connection=keep-alive] [connection=close] last\n"},
      {"a body", "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na\nb", "PUT / [host=a] [content-length=3] {a\nb}\n"},
      {"no body", "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", "PUT / [host=a] [content-length=0]\n"},
      {"chunks", "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n2\r\nab\r\n00A;x=\"y\"\r\n0123456789\r\n0\r\nDigest: 1\r\n\r\n",
       "PUT / [host=a] [transfer-encoding=Chunked] {ab0123456789}\n"},
      {"no chunks", "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "PUT / [host=a] [transfer-encoding=chunked]\n"},
      {"one after the other", "PUT /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\nGET /3",
       "PUT /1 [host=a] [content-length=1] {x}\nGET /2 [host=a]\nin the head\n"},
      {"half a body", "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nab", "in the body\n"},
      {"nothing", "", ""},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    CHECK_EQ(read(c.bytes), c.read);
  }
}

TEST_CASE("what could be read in two ways, or not at all, is refused with a reason") {
  struct Case { std::string_view bytes, why; };
  constexpr Case cases[] = {
      {"GET /\r\n", "400 Bad Request: no request line\n"},
      {"GET\r\n", "400 Bad Request: no request line\n"},
      {"\r\n\r\n", "400 Bad Request: no request line\n"},
      {"G@T / HTTP/1.1\r\n", "400 Bad Request: no method\n"},
      {" GET / HTTP/1.1\r\n", "400 Bad Request: no method\n"},
      {"GET / HTTP/1.1 \r\n", "400 Bad Request: no version of HTTP\n"},
      {"GET / http/1.1\r\n", "400 Bad Request: no version of HTTP\n"},
      {"GET / HTTP/2.0\r\n", "505 HTTP Version Not Supported: HTTP/1.1 is spoken here\n"},
      {"GET / HTTP/1.10\r\n", "505 HTTP Version Not Supported: HTTP/1.1 is spoken here\n"},
      {"GET  / HTTP/1.1\r\n", "400 Bad Request: no target that could be asked for\n"},
      {"GET  HTTP/1.1\r\n", "400 Bad Request: no target that could be asked for\n"},
      {"GET /a b HTTP/1.1\r\n", "400 Bad Request: no target that could be asked for\n"},
      {"GET /\xC3\xA9 HTTP/1.1\r\n", "400 Bad Request: no target that could be asked for\n"},
      {"GET /#a HTTP/1.1\r\n", "400 Bad Request: no target that could be asked for\n"},
      {"GET version HTTP/1.1\r\n", "400 Bad Request: the target is no path\n"},
      {"CONNECT a:1 HTTP/1.1\r\n", "400 Bad Request: the target is no path\n"},
      {"GET ftp://a/ HTTP/1.1\r\n", "400 Bad Request: the target is no path\n"},
      {"GET /%zz HTTP/1.1\r\n", "400 Bad Request: a broken escape in the path\n"},
      {"GET /%4 HTTP/1.1\r\n", "400 Bad Request: a broken escape in the path\n"},
      {"GET / HTTP/1.1\n", "400 Bad Request: a line that ends without a carriage return\n"},
      {"GET / HTTP/1.1\r\r\n", "400 Bad Request: a carriage return that ends no line\n"},
      {"GET /\x01", "400 Bad Request: a control character\n"},
      {"GET / HTTP/1.1\r\nA: b\x7f", "400 Bad Request: a control character\n"},
      {"GET / HTTP/1.1\r\nHost: a\r\n b\r\n", "400 Bad Request: a header without a name\n"},
      {"GET / HTTP/1.1\r\nHost : a\r\n", "400 Bad Request: a header without a name\n"},
      {"GET / HTTP/1.1\r\nHost\r\n", "400 Bad Request: a header without a name\n"},
      {"GET / HTTP/1.1\r\n: a\r\n", "400 Bad Request: a header without a name\n"},
      {"GET / HTTP/1.1\r\n\r\n", "400 Bad Request: missing required Host header\n"},
      {"GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n", "400 Bad Request: too many Host headers\n"},
      {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "400 Bad Request: malformed Host header\n"},
      {"GET / HTTP/1.1\r\nHost: a\r\nExpect: a miracle\r\n\r\n", "417 Expectation Failed: nothing but 100-continue may be expected\n"},
      {"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", "400 Bad Request: malformed Content-Length header\n"},
      {"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\n", "400 Bad Request: malformed Content-Length header\n"},
      {"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n", "400 Bad Request: malformed Content-Length header\n"},
      {"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", "400 Bad Request: malformed Content-Length header\n"},
      {"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", "400 Bad Request: malformed Content-Length header\n"},
      {"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551616\r\n\r\n", "400 Bad Request: malformed Content-Length header\n"},
      {"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551615\r\n\r\n",
       "413 Request Entity Too Large: a body of more than 65536 bytes\n"},
      {"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 65537\r\n\r\n", "413 Request Entity Too Large: a body of more than 65536 bytes\n"},
      {"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
       "400 Bad Request: both Content-Length and Transfer-Encoding\n"},
      {"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\nContent-Length: 1\r\n\r\n",
       "400 Bad Request: both Content-Length and Transfer-Encoding\n"},
      {"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "501 Not Implemented: a Transfer-Encoding other than chunked\n"},
      {"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
       "501 Not Implemented: a Transfer-Encoding other than chunked\n"},
      {"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n\r\n", "501 Not Implemented: a Transfer-Encoding other than chunked\n"},
      {"PUT / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", "400 Bad Request: a Transfer-Encoding in HTTP/1.0\n"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.bytes);
    CHECK_EQ(read(c.bytes), c.why);
  }
}

TEST_CASE("chunks are as long as they say, in digits alone") {
  struct Case { std::string_view chunks, why; };
  constexpr Case cases[] = {
      {"\r\n", "400 Bad Request: a chunk without a size\n"},      {"x\r\n", "400 Bad Request: a chunk without a size\n"},
      {"0x1\r\n", "400 Bad Request: a chunk without a size\n"},   {"-1\r\n", "400 Bad Request: a chunk without a size\n"},
      {" 1\r\n", "400 Bad Request: a chunk without a size\n"},    {"1 \r\n", "400 Bad Request: a chunk without a size\n"},
      {";x\r\n", "400 Bad Request: a chunk without a size\n"},    {"10000000000000000\r\n", "400 Bad Request: a chunk without a size\n"},
      {"1\n", "400 Bad Request: a line that ends without a carriage return\n"},
      {"1;\"\n\"\r\n", "400 Bad Request: a line that ends without a carriage return\n"},
      {"1\r\nab\r\n", "400 Bad Request: a chunk that is longer than it says\n"},
      {"1\r\na\n", "400 Bad Request: a line that ends without a carriage return\n"},
      {"0\r\nContent-Length\r\n", "400 Bad Request: a header without a name\n"},
      {"10001\r\n", "413 Request Entity Too Large: a body of more than 65536 bytes\n"},
      {"FFFFFFFFFFFFFFFF\r\n", "413 Request Entity Too Large: a body of more than 65536 bytes\n"},
  };
  const std::string head = "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const Case& c : cases) {
    CAPTURE(c.chunks);
    CHECK_EQ(read(head + std::string(c.chunks)), c.why);
  }
  CHECK_EQ(read(head + std::string(257, '0')), "400 Bad Request: too long a line between the chunks\n");
  // One more than is left, when nearly all has come.
  const std::string nearly = head + "FFFF\r\n" + std::string(0xFFFF, 'x') + "\r\n";
  CHECK_EQ(read(nearly + "1\r\nx\r\n"), "in the body\n");
  CHECK_EQ(read(nearly + "2\r\n"), "413 Request Entity Too Large: a body of more than 65536 bytes\n");
}

TEST_CASE("a head is bounded in bytes and in headers, and so are trailers") {
  HttpLimits limits;
  limits.head_bytes_max = 100;
  limits.header_count_max = 3;
  const std::string least = "GET / HTTP/1.1\r\nHost: a\r\n";  // 25 bytes
  const std::string too_long = "431 Request Header Fields Too Large: more than 100 bytes\n";
  const std::string too_many = "431 Request Header Fields Too Large: more than 3 headers\n";
  CHECK_EQ(read(least + "x: " + std::string(68, 'y') + "\r\n\r\n", limits), "GET / [host=a] [x=" + std::string(68, 'y') + "]\n");
  CHECK_EQ(read(least + "x: " + std::string(69, 'y') + "\r\n\r\n", limits), too_long);
  CHECK_EQ(read(std::string(101, 'G'), limits), too_long);
  CHECK_EQ(read(least + "a:\r\nb:\r\n\r\n", limits), "GET / [host=a] [a=] [b=]\n");
  CHECK_EQ(read(least + "a:\r\nb:\r\nc:\r\n\r\n", limits), too_many);
  const std::string chunked = "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n";  // 53 bytes before the chunks
  CHECK_EQ(read(chunked + "a:\r\n\r\n", limits), "PUT / [host=a] [transfer-encoding=chunked]\n");
  CHECK_EQ(read(chunked + "a:\r\nb:\r\n", limits), too_many);
  CHECK_EQ(read(chunked + "a:" + std::string(50, 'b'), limits), too_long);
}

TEST_CASE("who expects to be told to go on is told once, and only while it waits") {
  const HttpLimits limits;
  const std::string head = "PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n";
  Http1Parser parser(limits);
  std::string_view rest = head;
  CHECK_FALSE(parser.take_continue());
  parser.feed(rest);
  CHECK(parser.take_continue());
  CHECK_FALSE(parser.take_continue());
  Http1Parser impatient(limits);
  const std::string with_body = head + "x";
  rest = with_body;
  impatient.feed(rest);
  CHECK_FALSE(impatient.take_continue());
  Http1Parser without(limits);
  rest = "GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n";
  without.feed(rest);
  CHECK(without.is_done());
  CHECK_FALSE(without.take_continue());
}

TEST_CASE("parameters are found by name, without their escapes") {
  HttpRequest request;
  request.query = "serializable=true&exclude=A+B&exclude=C&bad=%zz&bad=%31&flag&=&x%3Dy=1";
  CHECK_EQ(request.parameter("serializable"), "true");
  CHECK_EQ(request.parameter("exclude"), "A B");
  CHECK_EQ(request.parameter("bad"), "1");
  CHECK_EQ(request.parameter("flag"), "");
  CHECK_EQ(request.parameter("x=y"), "1");
  CHECK_EQ(request.parameter("x"), std::nullopt);
}

TEST_CASE("an answer says how long it is, and whether it is the last") {
  HttpResponse response = http_error(404, "404 page not found");
  const base::WallTime epoch{0};
  std::string out;
  append_http1(out, response, {}, epoch);
  CHECK_EQ(out,
           "HTTP/1.1 404 Not Found\r\nX-Content-Type-Options: nosniff\r\nContent-Type: text/plain; charset=utf-8\r\n"
           "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\nContent-Length: 19\r\nConnection: close\r\n\r\n404 page not found\n");
  out.clear();
  response.headers = {{"X-Etcd-Cluster-Id", "1"}};
  response.status = 599;
  append_http1(out, response, {.is_1_1 = false, .is_head = true, .stays_open = true}, epoch);
  CHECK_EQ(out,
           "HTTP/1.0 599 \r\nX-Etcd-Cluster-Id: 1\r\nContent-Type: text/plain; charset=utf-8\r\n"
           "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\nContent-Length: 19\r\nConnection: keep-alive\r\n\r\n");
  out.clear();
  append_http1(out, {}, {.is_1_1 = false, .is_head = false, .stays_open = false}, epoch);
  CHECK_EQ(out, "HTTP/1.0 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nContent-Length: 0\r\n\r\n");
  out.clear();
  append_http1(out, {}, {.is_1_1 = true, .is_head = false, .stays_open = true}, epoch);
  CHECK_EQ(out, "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nContent-Length: 0\r\n\r\n");
}

TEST_CASE("a date is written as RFC 9110 wants it") {
  struct Case { std::int64_t seconds; std::string_view text; };
  constexpr Case cases[] = {{784'111'777, "Sun, 06 Nov 1994 08:49:37 GMT"},
                            {951'827'696, "Tue, 29 Feb 2000 12:34:56 GMT"},
                            {-1, "Wed, 31 Dec 1969 23:59:59 GMT"}};
  for (const Case& c : cases) CHECK_EQ(http_date(base::WallTime{c.seconds * 1'000'000'000}), c.text);
}

// Pieces of requests, right and wrong, so that random strings of them get far.
constexpr std::array<std::string_view, 24> kWords = {
    "GET / HTTP/1.1\r\n", "PUT /a HTTP/1.1\r\n", "GET /b HTTP/1.0\r\n", "Host: a\r\n",  "\r\n",        "Content-Length: 3\r\n", "Content-Length: 0\r\n",
    "Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n", "0\r\n", "0\r\n\r\n", "abc",      "Connection: close\r\n", "Connection: keep-alive\r\n",
    "Expect: 100-continue\r\n", "X: y\r\n", " ", "\r", "\n", ":", "%41", "\x80", ";a=b", "1"};

std::string random_requests() {
  std::string bytes;
  for (const std::uint8_t kind : *rc::gen::container<std::vector<std::uint8_t>>(rc::gen::arbitrary<std::uint8_t>())) {
    if (kind < 160) {
      bytes += "PUT /x HTTP/1.1\r\nHost: a\r\n";
      bytes += kind % 2 == 0 ? "Content-Length: 3\r\n\r\nabc" : "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1;x\r\nc\r\n0\r\nT: 1\r\n\r\n";
    } else {
      bytes += kWords[kind % kWords.size()];
    }
  }
  const auto mutations = *rc::gen::inRange(0, 4);
  for (int i = 0; i < mutations && !bytes.empty(); ++i) {
    const auto at = *rc::gen::inRange<std::size_t>(0, bytes.size());
    const auto letter = *rc::gen::arbitrary<char>();
    switch (*rc::gen::inRange(0, 3)) {
      case 0: bytes[at] = letter; break;
      case 1: bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(at), letter); break;
      default: bytes.erase(at, 1); break;
    }
  }
  return bytes;
}

PROPERTY("where the bytes are cut changes nothing") {
  property_tests::property("all at once, in pieces, and one by one", [] {
    HttpLimits limits;
    limits.head_bytes_max = 200;
    limits.header_count_max = 6;
    limits.body_bytes_max = 8;
    const std::string bytes = random_requests();
    std::vector<std::string> one_by_one, pieces;
    for (const char c : bytes) one_by_one.emplace_back(1, c);
    for (std::size_t at = 0; at < bytes.size();) {
      const auto size = *rc::gen::inRange<std::size_t>(1, 40);
      pieces.push_back(bytes.substr(at, size));
      at += size;
    }
    const std::string whole = read(std::vector<std::string>{bytes}, limits);
    RC_ASSERT(read(pieces, limits) == whole);
    RC_ASSERT(read(one_by_one, limits) == whole);
  });
}

}  // namespace
}  // namespace rpc

// The small text forms of gRPC over HTTP/2: status, timeout, base64, metadata, routes, protocol.
#include <doctest/doctest.h>

#include <array>
#include <string>

#include "core/rpc/base64.h"
#include "core/rpc/metadata.h"
#include "core/rpc/protocol.h"
#include "core/rpc/routes.h"
#include "core/rpc/status_wire.h"
#include "core/rpc/timeout.h"
#include "property_tests/property.h"

using namespace std::chrono_literals;

namespace rpc {
namespace {

TEST_CASE("a status message is printable ASCII on the wire") {
  struct Case { std::string_view message, value; };
  constexpr Case cases[] = {
      {"", ""},
      {"etcdserver: key is not provided", "etcdserver: key is not provided"},
      {"100%", "100%25"},
      {"line\nbreak", "line%0Abreak"},
      {"caf\xC3\xA9 ~", "caf%C3%A9 ~"},
      {"\x7F", "%7F"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.message);
    CHECK_EQ(percent_encode(c.message), c.value);
    CHECK_EQ(percent_decode(c.value), c.message);
  }
}

TEST_CASE("a malformed escape is kept as it came") {
  for (const std::string_view value : {"%", "%4", "%zz", "50% off", "%4g"}) CHECK_EQ(percent_decode(value), value);
  CHECK_EQ(percent_decode("%c3%A9"), "\xC3\xA9");
}

PROPERTY("any message survives the wire") {
  property_tests::property("percent_decode(percent_encode(m)) == m", [](const std::string& message) {
    const std::string value = percent_encode(message);
    RC_ASSERT(percent_decode(value) == message);
    for (const char c : value) RC_ASSERT((c >= ' ' && c <= '~'));
  });
}

TEST_CASE("status codes have the numbers of the specification, and unknown numbers are UNKNOWN") {
  for (int number = 0; number <= 16; ++number) {
    const auto code = static_cast<StatusCode>(number);
    CHECK_EQ(status_code_value(code), std::to_string(number));
    CHECK_EQ(parse_status_code(std::to_string(number)), code);
  }
  for (const std::string_view value : {"", "17", "-1", "01", "ok", "1000000000000"}) CHECK_EQ(parse_status_code(value), StatusCode::unknown);
  CHECK_EQ(to_text(Status{StatusCode::unavailable, "etcdserver: no leader"}), "UNAVAILABLE: etcdserver: no leader");
}

TEST_CASE("an answer without a status gets one from HTTP") {
  struct Case { std::string_view http_status; StatusCode code; };
  constexpr Case cases[] = {{"400", StatusCode::internal},      {"401", StatusCode::unauthenticated}, {"403", StatusCode::permission_denied},
                            {"404", StatusCode::unimplemented}, {"429", StatusCode::unavailable},     {"503", StatusCode::unavailable},
                            {"500", StatusCode::unknown},       {"", StatusCode::unknown}};
  for (const Case& c : cases) CHECK_EQ(from_http_status(c.http_status), c.code);
  CHECK_EQ(from_http2_error(7).code, StatusCode::unavailable);          // REFUSED_STREAM
  CHECK_EQ(from_http2_error(8).code, StatusCode::cancelled);            // CANCEL
  CHECK_EQ(from_http2_error(11).code, StatusCode::resource_exhausted);  // ENHANCE_YOUR_CALM
  CHECK_EQ(from_http2_error(12).code, StatusCode::permission_denied);   // INADEQUATE_SECURITY
  CHECK_EQ(from_http2_error(0).code, StatusCode::internal);
  CHECK_EQ(from_http2_error(4'000'000'000).code, StatusCode::internal);
}

TEST_CASE("grpc-timeout is one to eight digits and a unit") {
  struct Case { std::string_view value; base::Duration timeout; };
  constexpr Case cases[] = {{"1n", 1ns}, {"20u", 20us}, {"300m", 300ms}, {"4S", 4s}, {"5M", 5min}, {"6H", 6h}, {"0S", 0s}, {"99999999n", 99'999'999ns}};
  for (const Case& c : cases) {
    CAPTURE(c.value);
    REQUIRE(parse_timeout(c.value).has_value());
    CHECK_EQ(parse_timeout(c.value)->count(), c.timeout.count());
  }
  for (const std::string_view value : {"", "S", "1", "1s", "-1S", "+1S", "1.5S", " 1S", "123456789S", "1SS"}) {
    CAPTURE(value);
    CHECK_FALSE(parse_timeout(value).has_value());
  }
  // Far beyond what nanoseconds hold: a deadline that never comes, and no overflow on the way to it.
  CHECK_GT(parse_timeout("99999999H")->count(), base::Duration(24h * 365 * 20).count());
}

PROPERTY("a formatted timeout is never shorter, and at most a hundredth longer") {
  property_tests::property("format, parse", [](std::int64_t raw) {
    const std::int64_t nanoseconds = std::abs(raw / 11);
    const std::string value = format_timeout(base::Duration(nanoseconds));
    RC_ASSERT(value.size() <= 9U);
    const std::int64_t parsed = parse_timeout(value)->count();
    RC_ASSERT(parsed >= nanoseconds);
    RC_ASSERT(parsed - nanoseconds <= nanoseconds / 100 + 1);
  });
  CHECK_EQ(format_timeout(-5s), "0n");
  CHECK_EQ(format_timeout(2s), "2000000u");
}

TEST_CASE("base64 is that of RFC 4648, padded or not") {
  struct Case { std::string_view bytes, text; };
  constexpr Case cases[] = {{"", ""}, {"f", "Zg"}, {"fo", "Zm8"}, {"foo", "Zm9v"}, {"foob", "Zm9vYg"}, {"\xFF\xFE\xFD", "//79"}};
  for (const Case& c : cases) {
    CHECK_EQ(base64_encode(c.bytes), c.text);
    CHECK_EQ(base64_decode(c.text), std::string(c.bytes));
  }
  CHECK_EQ(base64_decode("Zg=="), std::string("f"));
  CHECK_EQ(base64_decode("Zm8="), std::string("fo"));
  for (const std::string_view text : {"Z", "Zg=", "Z===", "Zm9v!A==", "Zm_v"}) CHECK_FALSE(base64_decode(text).has_value());
}

PROPERTY("any bytes survive base64") {
  property_tests::property("base64_decode(base64_encode(b)) == b",
                           [](const std::string& bytes) { RC_ASSERT(base64_decode(base64_encode(bytes)) == bytes); });
}

TEST_CASE("metadata answers with the first value of a name") {
  Metadata metadata;
  CHECK(metadata.add("token", "one"));
  CHECK(metadata.add("token", "two"));
  CHECK(metadata.add("empty", ""));
  CHECK(metadata.add("trace-bin", "Zm9v"));
  CHECK(metadata.add("list-bin", "Zg==,Zm8="));
  CHECK(metadata.add("broken-bin", "!"));
  CHECK_EQ(metadata.find("token"), "one");
  CHECK_EQ(metadata.find("empty"), "");
  CHECK_EQ(metadata.find("trace-bin"), "foo");
  CHECK_EQ(metadata.find("list-bin"), "f");
  CHECK_EQ(metadata.find("broken-bin"), "!");
  CHECK_EQ(metadata.find("tok"), std::nullopt);
  metadata.clear();
  CHECK_EQ(metadata.find("token"), std::nullopt);
}

TEST_CASE("metadata is bounded, empty headers too") {
  Metadata metadata;
  CHECK_FALSE(metadata.add("large", std::string(kMetadataBytesMax, 'x')));
  std::size_t count = 0;
  while (metadata.add("a", "")) ++count;
  CHECK_EQ(count, kMetadataBytesMax / 33);
  CHECK_EQ(metadata.find("large"), std::nullopt);
}

class Nobody final : public UnaryHandler {
  void handle(UnaryCall&, std::string_view) override {}
};

TEST_CASE("an unknown path is explained in the words of grpc-go") {
  Nobody handler;
  Routes routes;
  routes.add("/etcdserverpb.KV/Range", {.unary = &handler, .stream = nullptr});
  CHECK_EQ(routes.find("/etcdserverpb.KV/Range")->unary, &handler);
  struct Case { std::string_view path, message; };
  constexpr Case cases[] = {
      {"/etcdserverpb.KV/Fly", "unknown method Fly for service etcdserverpb.KV"},
      {"/etcdserverpb.KV/", "unknown method  for service etcdserverpb.KV"},
      {"/etcdserverpb.K/Range", "unknown service etcdserverpb.K"},
      {"/zzz/Range", "unknown service zzz"},
      {"/Range", "malformed method name: \"/Range\""},
      {"", "malformed method name: \"\""},
  };
  for (const Case& c : cases) {
    CAPTURE(c.path);
    CHECK_EQ(routes.find(c.path), nullptr);
    CHECK_EQ(routes.why_missing(c.path).code, StatusCode::unimplemented);
    CHECK_EQ(routes.why_missing(c.path).message, c.message);
  }
}

TEST_CASE("the first bytes decide what a client speaks") {
  struct Case { std::string_view opening; Protocol protocol; };
  constexpr Case cases[] = {
      {"P", Protocol::undecided},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r", Protocol::undecided},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Protocol::http2},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0", Protocol::http2},
      {"PRI * HTTP/2.0\r\n\r\nXX", Protocol::http1},
      {"PO", Protocol::http1},
      {"GET / HTTP/1.0\r\n\r\n", Protocol::http1},
      {"get / HTTP/1.1\r\n", Protocol::neither},
      {"\r\n", Protocol::neither},
      {"\x16\x03\x01", Protocol::neither},  // TLS on a plain port
  };
  for (const Case& c : cases) {
    CAPTURE(c.opening);
    CHECK_EQ(detect_protocol(c.opening), c.protocol);
  }
}

}  // namespace
}  // namespace rpc

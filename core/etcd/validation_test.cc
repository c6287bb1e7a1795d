#include "core/etcd/validation.h"

#include <doctest/doctest.h>

namespace etcd {
namespace {

using etcdserverpb::DeleteRangeRequest;
using etcdserverpb::PutRequest;
using etcdserverpb::RangeRequest;

template <typename Request>
struct RefusedRequest {
  std::string_view name;
  Request request;
  std::optional<ErrorId> expected;
};

RangeRequest range(std::string key, int order = 0, int target = 0) {
  RangeRequest request;
  request.set_key(std::move(key));
  request.set_sort_order(static_cast<RangeRequest::SortOrder>(order));
  request.set_sort_target(static_cast<RangeRequest::SortTarget>(target));
  return request;
}

PutRequest put(std::string key, std::string value, bool ignore_value, std::int64_t lease, bool ignore_lease) {
  PutRequest request;
  request.set_key(std::move(key));
  request.set_value(std::move(value));
  request.set_ignore_value(ignore_value);
  request.set_lease(lease);
  request.set_ignore_lease(ignore_lease);
  return request;
}

TEST_CASE("Range: key, then sort order, then sort target") {  // behaviour reference §2.2
  const RefusedRequest<RangeRequest> cases[] = {
      {"good", range("k"), std::nullopt},
      {"good, sorted", range("k", 2, 4), std::nullopt},
      {"no key", range(""), ErrorId::empty_key},
      {"no key comes before a bad order", range("", 3), ErrorId::empty_key},
      {"unknown order", range("k", 3), ErrorId::invalid_sort_option},
      {"negative order", range("k", -1), ErrorId::invalid_sort_option},
      {"unknown target", range("k", 0, 5), ErrorId::invalid_sort_option},
  };
  for (const auto& c : cases) {
    CAPTURE(c.name);
    CHECK(validate(c.request) == c.expected);
  }
}

TEST_CASE("Put: key, then ignored value, then ignored lease") {  // §2.3
  const RefusedRequest<PutRequest> cases[] = {
      {"good", put("k", "v", false, 0, false), std::nullopt},
      {"good without a value", put("k", "", false, 7, false), std::nullopt},
      {"good, both kept", put("k", "", true, 0, true), std::nullopt},
      {"no key", put("", "v", false, 0, false), ErrorId::empty_key},
      {"no key comes before the rest", put("", "v", true, 7, true), ErrorId::empty_key},
      {"a value to ignore", put("k", "v", true, 0, false), ErrorId::value_provided},
      {"a value to ignore comes before a lease to ignore", put("k", "v", true, 7, true), ErrorId::value_provided},
      {"a lease to ignore", put("k", "v", false, 7, true), ErrorId::lease_provided},
  };
  for (const auto& c : cases) {
    CAPTURE(c.name);
    CHECK(validate(c.request) == c.expected);
  }
}

TEST_CASE("DeleteRange: the key") {  // §2.3
  DeleteRangeRequest request;
  CHECK(validate(request) == ErrorId::empty_key);
  request.set_range_end("z");
  CHECK(validate(request) == ErrorId::empty_key);
  request.set_key("a");
  CHECK(!validate(request).has_value());
}

TEST_CASE("UTF-8 is what Unicode says it is") {
  struct Utf8Case { std::string_view name; std::string_view text; bool good; };
  constexpr Utf8Case cases[] = {
      {"empty", "", true},
      {"ASCII", "3.6", true},
      {"two, three and four bytes", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", true},
      {"the last code point", "\xf4\x8f\xbf\xbf", true},
      {"beyond the last", "\xf4\x90\x80\x80", false},
      {"a lone continuation", "\x80", false},
      {"cut short", "\xe2\x82", false},
      {"overlong in two", "\xc0\x80", false},
      {"overlong in three", "\xe0\x9f\xbf", false},
      {"overlong in four", "\xf0\x8f\xbf\xbf", false},
      {"a surrogate", "\xed\xa0\x80", false},
      {"no continuation", "\xc3(", false},
      {"never a byte", "\xff", false},
  };
  for (const Utf8Case& c : cases) {
    CAPTURE(c.name);
    CHECK_EQ(is_utf8(c.text), c.good);
  }
}

}  // namespace
}  // namespace etcd

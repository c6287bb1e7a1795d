#include "property_tests/differential/request.h"

#include <doctest/doctest.h>

#include "property_tests/differential/build.h"
#include "property_tests/differential/generator.h"

namespace property_tests::differential {

namespace {

using etcdserverpb::RangeRequest;

std::string part(int keys, bool is_last) {
  etcdserverpb::RangeStreamResponse out;
  for (int i = 0; i < keys; ++i) out.mutable_range_response()->add_kvs()->set_key("k");
  if (is_last) {
    out.mutable_range_response()->mutable_header()->set_member_id(77);
    out.mutable_range_response()->set_count(9);
  }
  return out.SerializeAsString();
}

}  // namespace

TEST_CASE("symbolic numbers become those of the moment, and others stay as they are") {
  Known known;
  known.newest = 50;
  known.compacted = 30;
  known.live["k"].set_version(3);
  known.live["k"].set_value("here");
  known.live["k"].set_create_revision(40);
  known.live["k"].set_mod_revision(42);
  struct Case {
    std::int64_t symbolic, number;
  };
  for (const Case& c : {Case{newest(), 50}, Case{newest(-60), -10}, Case{newest(2), 52}, Case{compacted(), 30}, Case{compacted(-1), 29},
                        Case{0, 0}, Case{-1, -1}, Case{7, 7}}) {
    RangeRequest asked = range("k");
    asked.set_revision(c.symbolic);
    asked.set_min_create_revision(c.symbolic);
    etcdserverpb::TxnRequest nested = txn({op(txn({}, {op(asked)}))});
    const Request sent = resolved(request(nested), known);
    const RangeRequest& inner = std::get<etcdserverpb::TxnRequest>(sent.body).success(0).request_txn().failure(0).request_range();
    CHECK_EQ(inner.revision(), c.number);
    CHECK_EQ(inner.min_create_revision(), c.number);
  }

  etcdserverpb::TxnRequest compares;
  *compares.add_compare() = version_is("k", stored(1));
  *compares.add_compare() = version_is("missing", stored());
  compares.add_compare()->set_key("k");
  compares.mutable_compare(2)->set_mod_revision(stored(-1));
  compares.add_compare()->set_key("k");
  compares.mutable_compare(3)->set_create_revision(stored());
  compares.add_compare()->set_key("k");
  compares.mutable_compare(4)->set_value(std::string(kStoredValue));
  const Request sent = resolved(request(compares), known);
  const auto& out = std::get<etcdserverpb::TxnRequest>(sent.body).compare();
  CHECK_EQ(out[0].version(), 4);
  CHECK_EQ(out[1].version(), 0);
  CHECK_EQ(out[2].mod_revision(), 41);
  CHECK_EQ(out[3].create_revision(), 40);
  CHECK_EQ(out[4].value(), "here");
}

TEST_CASE("answers are equal when only ids and terms differ, and whether they are set counts") {
  const auto answer = [](std::uint64_t member, std::int64_t revision) {
    etcdserverpb::PutResponse put;
    put.mutable_header()->set_member_id(member);
    put.mutable_header()->set_revision(revision);
    return make_answer(Kind::put, {}, {put.SerializeAsString()});
  };
  CHECK(answer(1, 5) == answer(99, 5));
  CHECK_FALSE(answer(1, 5) == answer(0, 5));
  CHECK_FALSE(answer(1, 5) == answer(1, 6));
  CHECK_FALSE(make_answer(Kind::put, {}, {etcdserverpb::PutResponse().SerializeAsString()}) == answer(0, 0));
  const Answer refused = make_answer(Kind::put, {rpc::StatusCode::unknown, "x"}, {});
  CHECK_FALSE(refused == make_answer(Kind::put, {rpc::StatusCode::unknown, "y"}, {}));
  CHECK_FALSE(refused == make_answer(Kind::put, {rpc::StatusCode::internal, "x"}, {}));
}

TEST_CASE("the parts of a stream add up to one answer, and a part out of place makes it unreadable") {
  const Answer whole = make_answer(Kind::range_stream, {}, {part(10, false), part(3, true)});
  REQUIRE(whole.get<etcdserverpb::RangeResponse>() != nullptr);
  CHECK_EQ(whole.get<etcdserverpb::RangeResponse>()->kvs_size(), 13);
  CHECK_EQ(whole.get<etcdserverpb::RangeResponse>()->count(), 9);
  CHECK_EQ(whole.get<etcdserverpb::RangeResponse>()->header().member_id(), 1);
  const std::vector<std::vector<std::string>> unreadable = {
      {}, {part(1, false)}, {part(1, true), part(1, true)}, {part(0, false), part(1, true)}};
  for (const auto& parts : unreadable) CHECK_FALSE(make_answer(Kind::range_stream, {}, parts).ok());
}

TEST_CASE("one seed, one run: the same requests, and other ones from another seed or epoch") {
  const auto text = [](std::uint64_t seed, std::uint64_t epoch) {
    Generator generator(seed, epoch, {std::begin(kKinds), std::end(kKinds)});
    std::string out;
    for (int i = 0; i < 200; ++i) out += to_text(generator.next().request) + "\n";
    return out;
  };
  const std::string first = text(1, 1);
  CHECK_EQ(first, text(1, 1));
  CHECK(first != text(1, 2));
  CHECK(first != text(2, 1));
}

}  // namespace property_tests::differential

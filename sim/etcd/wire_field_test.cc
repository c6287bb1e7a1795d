#include "sim/etcd/wire_field.h"

#include <doctest/doctest.h>

#include <string>

#include "core/api/kv.pb.h"

namespace sim::etcd {

TEST_CASE("a field is what parsing finds") {
  mvccpb::KeyValue kv;
  kv.set_key("k");
  kv.set_value(std::string(300, 'v'));
  kv.set_mod_revision(1'000'000);
  kv.set_lease(-1);
  const std::string bytes = kv.SerializeAsString();
  CHECK_EQ(bytes_field(bytes, mvccpb::KeyValue::kKeyFieldNumber), kv.key());
  CHECK_EQ(bytes_field(bytes, mvccpb::KeyValue::kValueFieldNumber), kv.value());
  CHECK_EQ(number_field(bytes, mvccpb::KeyValue::kModRevisionFieldNumber), 1'000'000);
  CHECK_EQ(number_field(bytes, mvccpb::KeyValue::kLeaseFieldNumber), -1);
  CHECK_EQ(number_field(bytes, mvccpb::KeyValue::kVersionFieldNumber), 0);  // not there: its default
  CHECK_EQ(number_field(bytes, mvccpb::KeyValue::kKeyFieldNumber), 0);      // no number
}

TEST_CASE("what is not in order has no fields behind that") {
  CHECK_EQ(bytes_field("\x0a\x05shor", 1), "");
  CHECK_EQ(number_field("\x18", 3), 0);
  CHECK_EQ(number_field("\x0d____\x18\x07", 3), 0);  // a type that no message of ours has
  CHECK_EQ(number_field("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80", 3), 0);
  CHECK_EQ(number_field("", 3), 0);
}

}  // namespace sim::etcd

// property_tests/differential/build.h: short words for the messages that shapes are made of.
#pragma once

#include <initializer_list>
#include <string>
#include <utility>

#include "core/api/kv.pb.h"
#include "property_tests/differential/request.h"

namespace property_tests::differential {

// The range_end that means "every key from here on".
inline const std::string kOpenEnd(1, '\0');

inline etcdserverpb::RequestOp op(etcdserverpb::RangeRequest range) {
  etcdserverpb::RequestOp out;
  *out.mutable_request_range() = std::move(range);
  return out;
}
inline etcdserverpb::RequestOp op(etcdserverpb::PutRequest put) {
  etcdserverpb::RequestOp out;
  *out.mutable_request_put() = std::move(put);
  return out;
}
inline etcdserverpb::RequestOp op(etcdserverpb::DeleteRangeRequest erase) {
  etcdserverpb::RequestOp out;
  *out.mutable_request_delete_range() = std::move(erase);
  return out;
}
inline etcdserverpb::RequestOp op(etcdserverpb::TxnRequest txn) {
  etcdserverpb::RequestOp out;
  *out.mutable_request_txn() = std::move(txn);
  return out;
}

inline etcdserverpb::RangeRequest range(const std::string& key, const std::string& end = "") {
  etcdserverpb::RangeRequest out;
  out.set_key(key);
  out.set_range_end(end);
  return out;
}
inline etcdserverpb::PutRequest put(const std::string& key, const std::string& value = "v") {
  etcdserverpb::PutRequest out;
  out.set_key(key);
  out.set_value(value);
  return out;
}
inline etcdserverpb::DeleteRangeRequest erase(const std::string& key, const std::string& end = "") {
  etcdserverpb::DeleteRangeRequest out;
  out.set_key(key);
  out.set_range_end(end);
  return out;
}
inline etcdserverpb::Compare version_is(const std::string& key, std::int64_t version) {
  etcdserverpb::Compare out;
  out.set_key(key);
  out.set_version(version);
  return out;
}

using Ops = std::initializer_list<etcdserverpb::RequestOp>;
inline void append(google::protobuf::RepeatedPtrField<etcdserverpb::RequestOp>& to, Ops ops) {
  for (const etcdserverpb::RequestOp& each : ops) *to.Add() = each;
}
// Without compares, so `then` is what happens.
inline etcdserverpb::TxnRequest txn(Ops then, Ops otherwise = {}) {
  etcdserverpb::TxnRequest out;
  append(*out.mutable_success(), then);
  append(*out.mutable_failure(), otherwise);
  return out;
}
// No key has this version: `otherwise` is what happens.
inline etcdserverpb::TxnRequest txn_that_fails(Ops then, Ops otherwise) {
  etcdserverpb::TxnRequest out = txn(then, otherwise);
  *out.add_compare() = version_is("a", -1);
  return out;
}

inline Request request(Kind kind, Body body) { return {kind, std::move(body), {}}; }
inline Request request(etcdserverpb::TxnRequest txn) { return {Kind::txn, std::move(txn), {}}; }

}  // namespace property_tests::differential

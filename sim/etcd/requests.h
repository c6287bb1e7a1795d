// sim/etcd/requests.h: etcd's requests in few words, for the processes of an application.
//
//   kv_.txn(txn({is_at("lock", 7)}, {put("lock", "me")}, {get("lock")}), …)
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "core/api/kv.pb.h"

namespace sim::etcd {

// Every key that begins so; `prefix` is not empty and ends with no byte of 255.
inline std::string end_of(std::string_view prefix) {
  std::string end(prefix);
  end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
  return end;
}

inline etcdserverpb::PutRequest put_request(std::string_view key, std::string_view value) {
  etcdserverpb::PutRequest put;
  put.set_key(std::string(key));
  put.set_value(std::string(value));
  return put;
}
inline etcdserverpb::RangeRequest range_request(std::string_view key, std::string_view range_end = {}) {
  etcdserverpb::RangeRequest range;
  range.set_key(std::string(key));
  range.set_range_end(std::string(range_end));
  return range;
}
inline etcdserverpb::DeleteRangeRequest erase_request(std::string_view key, std::string_view range_end = {}) {
  etcdserverpb::DeleteRangeRequest erase;
  erase.set_key(std::string(key));
  erase.set_range_end(std::string(range_end));
  return erase;
}

// Parts of a transaction. A key that is not there is at 0.
inline etcdserverpb::Compare is_at(std::string_view key, std::int64_t mod_revision) {
  etcdserverpb::Compare compare;
  compare.set_key(std::string(key));
  compare.set_target(etcdserverpb::Compare::MOD);
  compare.set_mod_revision(mod_revision);
  return compare;
}
inline etcdserverpb::Compare is_absent(std::string_view key) { return is_at(key, 0); }
inline etcdserverpb::Compare has_value(std::string_view key, std::string_view value) {
  etcdserverpb::Compare compare;
  compare.set_key(std::string(key));
  compare.set_target(etcdserverpb::Compare::VALUE);
  compare.set_value(std::string(value));
  return compare;
}
inline etcdserverpb::RequestOp put(std::string_view key, std::string_view value) {
  etcdserverpb::RequestOp operation;
  *operation.mutable_request_put() = put_request(key, value);
  return operation;
}
inline etcdserverpb::RequestOp get(std::string_view key, std::string_view range_end = {}) {
  etcdserverpb::RequestOp operation;
  *operation.mutable_request_range() = range_request(key, range_end);
  return operation;
}
inline etcdserverpb::RequestOp erase(std::string_view key, std::string_view range_end = {}) {
  etcdserverpb::RequestOp operation;
  *operation.mutable_request_delete_range() = erase_request(key, range_end);
  return operation;
}
inline etcdserverpb::TxnRequest txn(std::initializer_list<etcdserverpb::Compare> compares,
                                    std::initializer_list<etcdserverpb::RequestOp> success,
                                    std::initializer_list<etcdserverpb::RequestOp> failure = {}) {
  etcdserverpb::TxnRequest txn;
  for (const etcdserverpb::Compare& one : compares) *txn.add_compare() = one;
  for (const etcdserverpb::RequestOp& one : success) *txn.add_success() = one;
  for (const etcdserverpb::RequestOp& one : failure) *txn.add_failure() = one;
  return txn;
}

}  // namespace sim::etcd

// sim/etcd/request_text.h: a request in wire form as a human reads it.
//
//   put k1 "c0-3.0|"     get k1..k5 at revision 12 serializable     txn if k1 mod = 7 then [ put k1 "c0-4.0|" ] else [ get k1 ]
#pragma once

#include <string>

#include "core/api/kv.pb.h"

namespace sim::etcd {

std::string to_text(const etcdserverpb::PutRequest& put);
std::string to_text(const etcdserverpb::RangeRequest& range);
std::string to_text(const etcdserverpb::TxnRequest& txn);

}  // namespace sim::etcd

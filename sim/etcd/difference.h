// sim/etcd/difference.h: what differs between an answer and what the model says, in words; empty when nothing does.
#pragma once

#include <string>

#include "core/api/kv.pb.h"

namespace sim::etcd {

using KeyValues = google::protobuf::RepeatedPtrField<mvccpb::KeyValue>;

std::string shown(const mvccpb::KeyValue& kv);
bool equal(const mvccpb::KeyValue& one, const mvccpb::KeyValue& other);

std::string difference(const KeyValues& answered, const KeyValues& expected);
// Of everything but the header.
std::string difference(const etcdserverpb::RangeResponse& answered, const etcdserverpb::RangeResponse& expected);

}  // namespace sim::etcd

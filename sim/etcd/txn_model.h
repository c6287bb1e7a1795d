// sim/etcd/txn_model.h: what a transaction should do and answer, in the plainest way (behaviour reference §3).
#pragma once

#include <cstdint>
#include <optional>

#include "core/api/kv.pb.h"
#include "sim/etcd/model.h"

namespace sim::etcd {

void to_wire(const ModelKeyValue& kv, mvccpb::KeyValue& out);
mvccpb::KeyValue to_wire(const ModelKeyValue& kv);

// Of a committed transaction: changes the model. The whole answer but for who gave it; nullopt: it had to be refused, because a
// revision that it names on the path it takes cannot be read.
std::optional<etcdserverpb::TxnResponse> run_txn(Model& model, const etcdserverpb::TxnRequest& txn);

// Of one whose path there only reads, by a member that stood there.
std::optional<etcdserverpb::TxnResponse> read_txn(const Model& model, const etcdserverpb::TxnRequest& txn, ModelPosition position);

// Whether its compares choose a path with a put or a delete on it there, whatever comes of that. Requires: 1 <= revision <= newest().
bool writes_at(const Model& model, const etcdserverpb::TxnRequest& txn, std::int64_t revision);

// The answer to a range that names no revision of its own, or a readable one.
void fill_range(const Model& model, const etcdserverpb::RangeRequest& range, std::int64_t newest, etcdserverpb::RangeResponse& out);

}  // namespace sim::etcd

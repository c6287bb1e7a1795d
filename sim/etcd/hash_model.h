// sim/etcd/hash_model.h: what HashKV should answer, in the plainest way (behaviour reference §8.2).
#pragma once

#include <cstdint>
#include <string>

#include "sim/etcd/model.h"

namespace sim::etcd {

// A row's bytes: a serialized mvccpb.KeyValue, of a tombstone with the key alone.
std::string record_of(const ModelRow& row);

// Up to and with `revision`, in a store that was compacted at `compacted`; below zero: never.
// Requires: compacted <= revision <= model.revision().
std::uint32_t hash_kv(const Model& model, std::int64_t revision, std::int64_t compacted);

}  // namespace sim::etcd

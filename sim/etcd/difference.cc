#include "sim/etcd/difference.h"

#include "core/base/text.h"

namespace sim::etcd {

std::string shown(const mvccpb::KeyValue& kv) {
  return kv.key() + "=" + base::escaped(kv.value().substr(0, 24)) + " (create " + std::to_string(kv.create_revision()) + ", mod " +
         std::to_string(kv.mod_revision()) + ", version " + std::to_string(kv.version()) +
         (kv.lease() == 0 ? ")" : ", lease " + std::to_string(kv.lease()) + ")");
}

bool equal(const mvccpb::KeyValue& one, const mvccpb::KeyValue& other) {
  return one.mod_revision() == other.mod_revision() && one.version() == other.version() &&
         one.create_revision() == other.create_revision() && one.lease() == other.lease() && one.key() == other.key() &&
         one.value() == other.value();
}

std::string difference(const KeyValues& answered, const KeyValues& expected) {
  for (int i = 0; i < answered.size() || i < expected.size(); ++i) {
    if (i >= expected.size()) return "it also holds " + shown(answered.Get(i));
    if (i >= answered.size()) return "it lacks " + shown(expected.Get(i));
    if (!equal(answered.Get(i), expected.Get(i))) return "it holds " + shown(answered.Get(i)) + " instead of " + shown(expected.Get(i));
  }
  return {};
}

std::string difference(const etcdserverpb::RangeResponse& answered, const etcdserverpb::RangeResponse& expected) {
  const std::string wrong = difference(answered.kvs(), expected.kvs());
  if (!wrong.empty()) return wrong;
  if (answered.count() != expected.count()) {
    return "it counts " + std::to_string(answered.count()) + " keys instead of " + std::to_string(expected.count());
  }
  return answered.more() == expected.more() ? std::string() : std::string("it is wrong about whether there are more keys");
}

}  // namespace sim::etcd

#include "sim/etcd/answer_text.h"

#include <doctest/doctest.h>

#include <string>

#include "core/api/cluster.pb.h"
#include "core/api/kv.pb.h"

namespace sim::etcd {

namespace {

void add(etcdserverpb::RangeResponse& range, const std::string& key, const std::string& value, std::int64_t revision) {
  mvccpb::KeyValue& kv = *range.add_kvs();
  kv.set_key(key);
  kv.set_value(value);
  kv.set_mod_revision(revision);
  range.set_count(range.count() + 1);
}

}  // namespace

TEST_CASE("an answer says at which revision it was given, and what stands there") {
  etcdserverpb::RangeResponse range;
  range.mutable_header()->set_revision(12);
  CHECK_EQ(answer_words("/etcdserverpb.KV/Range", range.SerializeAsString()), "no key at revision 12");
  add(range, "k1", "c0-3.0|and then forty bytes of padding", 9);
  CHECK_EQ(answer_words("/etcdserverpb.KV/Range", range.SerializeAsString()),
           "1 key at revision 12: k1 = \"c0-3.0|and then …\" (of revision 9)");
  for (const char* key : {"k2", "k3", "k4"}) add(range, key, "", 10);
  CHECK_EQ(answer_words("/etcdserverpb.KV/Range", range.SerializeAsString()),
           "4 keys at revision 12: k1 = \"c0-3.0|and then …\" (of revision 9), k2 (of revision 10), k3 (of revision 10), …");

  etcdserverpb::TxnResponse txn;
  txn.mutable_header()->set_revision(13);
  txn.set_succeeded(true);
  txn.add_responses()->mutable_response_put();
  txn.add_responses()->mutable_response_delete_range()->set_deleted(2);
  CHECK_EQ(answer_words("/etcdserverpb.KV/Txn", txn.SerializeAsString()), "took `then`, revision 13: put; deleted 2");
}

TEST_CASE("a request says what it asks, and nobody makes up what he does not know") {
  etcdserverpb::MemberAddRequest add;
  add.add_peerurls("http://m4:2380");
  add.set_islearner(true);
  CHECK_EQ(request_words("/etcdserverpb.Cluster/MemberAdd", add.SerializeAsString()), "add a learner at http://m4:2380");
  CHECK_EQ(request_words("/etcdserverpb.KV/Put", "\xff\xff"), "");
  CHECK_EQ(request_words("/bank.Bank/Read", ""), "");
  CHECK_EQ(answer_words("/bank.Bank/Read", ""), "");
}

}  // namespace sim::etcd

#include "core/etcd/ids.h"

#include <doctest/doctest.h>

namespace etcd {
namespace {

TEST_CASE("ids are those that etcd computes") {  // behaviour reference §7.1, check values
  const base::MemberId single = member_id({"http://localhost:2380"}, "etcd-cluster");
  CHECK_EQ(to_text(single), "8e9e05c52164694d");
  CHECK_EQ(to_text(cluster_id({single})), "cdf818194e3a8c32");

  std::vector<base::MemberId> members;
  for (const char* port : {"12380", "22380", "32380"}) {
    members.push_back(member_id({"http://127.0.0.1:" + std::string(port)}, "etcd-cluster-1"));
  }
  CHECK_EQ(to_text(members[0]), "8211f1d0f64f3269");
  CHECK_EQ(to_text(members[1]), "91bc3c398fb3c146");
  CHECK_EQ(to_text(members[2]), "fd422379fda50e48");
  CHECK_EQ(to_text(cluster_id({members[2], members[0], members[1]})), "ef37ad9dc622a7c4");
}

TEST_CASE("the order of the URLs is no input") {
  CHECK(member_id({"http://a:1", "http://b:1"}, "t") == member_id({"http://b:1", "http://a:1"}, "t"));
  CHECK(member_id({"http://a:1"}, "t") != member_id({"http://a:1"}, "u"));
}

TEST_CASE("a member finds itself in the initial cluster by its name") {
  ServerConfig config;
  config.name = "b";
  config.initial_cluster = {{"a", {"http://127.0.0.1:12380"}}, {"b", {"http://127.0.0.1:22380"}}, {"c", {"http://127.0.0.1:32380"}}};
  config.initial_cluster_token = "etcd-cluster-1";
  const InitialIds ids = initial_ids(config);
  CHECK_EQ(to_text(ids.self), "91bc3c398fb3c146");
  CHECK_EQ(to_text(ids.cluster), "ef37ad9dc622a7c4");
  CHECK_EQ(ids.members.size(), 3);
}

}  // namespace
}  // namespace etcd

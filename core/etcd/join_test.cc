// What a member that joins makes of several lists of the cluster.
#include "core/etcd/join.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace etcd {

namespace {

// `4` stands for a member with that id at http://m4:2380 that never ran, `4=m3` for one at m3's URL, `4=m3!` for one that has published itself.
etcdserverpb::MemberListResponse list(const std::vector<std::string>& members) {
  etcdserverpb::MemberListResponse out;
  out.mutable_header()->set_cluster_id(7);
  for (const std::string& text : members) {
    etcdserverpb::Member& member = *out.add_members();
    member.set_id(static_cast<std::uint64_t>(text[0] - '0'));
    const std::string host = text.size() > 1 ? text.substr(2, 2) : "m" + text.substr(0, 1);
    member.add_peerurls("http://" + host + ":2380");
    if (text.back() == '!') member.set_name(host);
  }
  return out;
}

// m3 is to join m1 and m2.
ServerConfig joiner() {
  ServerConfig config;
  config.name = "m3";
  config.is_joining = true;
  config.initial_advertise_peer_urls = {"http://m3:2380"};
  config.initial_cluster = {{"m1", {"http://m1:2380"}}, {"m2", {"http://m2:2380"}}, {"m3", {"http://m3:2380"}}};
  return config;
}

}  // namespace

TEST_CASE("whoever joins goes by those who know most") {
  const etcdserverpb::MemberListResponse none = list({"1=m1!", "2=m2!"});
  const etcdserverpb::MemberListResponse fresh = list({"1=m1!", "2=m2!", "4=m3"});
  const etcdserverpb::MemberListResponse started = list({"1=m1!", "2=m2!", "4=m3!"});
  const etcdserverpb::MemberListResponse earlier = list({"1=m1!", "2=m2!", "3=m3"});
  const etcdserverpb::MemberListResponse earlier_started = list({"1=m1!", "2=m2!", "3=m3!"});
  struct Case {
    std::string name;
    std::vector<etcdserverpb::MemberListResponse> lists;
    std::vector<std::uint64_t> removed;
    std::uint64_t member;  // 0: it cannot join
    const char* error;
  };
  const Case cases[] = {
      {"one that lags, and one that does not", {none, fresh}, {}, 4, ""},
      {"nobody knows it", {none, none}, {}, 0, "member count is unequal"},
      {"somebody has seen it run", {fresh, started}, {}, 0, "member 4 has already been bootstrapped"},
      {"another was there before", {earlier, fresh}, {3}, 4, ""},
      {"another was there before, and ran", {earlier_started, fresh}, {3}, 4, ""},
      {"only of the other is anything known", {earlier, earlier}, {3}, 0, "a member at this one's URLs that was removed"},
      {"nobody answers", {}, {}, 0, "could not retrieve cluster information"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    std::set<base::MemberId> removed;
    for (const std::uint64_t id : c.removed) removed.insert(base::MemberId(id));
    for (const bool is_reversed : {false, true}) {
      std::vector<etcdserverpb::MemberListResponse> lists = c.lists;
      if (is_reversed) lists.assign(c.lists.rbegin(), c.lists.rend());
      const base::Result<Joined> joined = join(joiner(), lists, removed);
      REQUIRE_EQ(joined.has_value(), c.member != 0);
      if (joined) CHECK_EQ(joined->identity.member, base::MemberId(c.member));
      else CHECK_MESSAGE(joined.error().detail.find(c.error) != std::string::npos, joined.error().detail);
    }
  }
}

}  // namespace etcd

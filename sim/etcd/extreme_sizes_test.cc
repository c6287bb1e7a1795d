#include "sim/etcd/extreme_sizes.h"

#include <doctest/doctest.h>

#include <set>
#include <string>

#include "sim/etcd/cluster.h"
#include "sim/etcd/membership.h"
#include "sim/etcd/single.h"
#include "sim/tenant.h"

namespace sim::etcd {

namespace {

// Only some of those that no other draw names.
const std::set<std::string> kOfAnybody = {"unapplied_entries_max", "kept_bytes_max"};
const std::set<std::string> kOfSeveral = {"peer_control_bytes_max",    "peer_appends_bytes_max",  "peer_silence_timeout_ns",
                                          "peer_receipt_interval_ns",  "snapshots_max",           "snapshot_window_bytes",
                                          "snapshot_stall_timeout_ns", "snapshot_idle_timeout_ns"};

base::Status can_be_run(const Scenario& scenario, const Plan& plan) {
  Findings findings;
  const base::Result<std::unique_ptr<Tenant>> tenant = scenario.make_tenant(plan, findings);
  if (!tenant) return base::fail(tenant.error());
  return {};
}

}  // namespace

TEST_CASE("a minority of the seeds has extreme sizes, which come to all that there are, and a member can have them together") {
  for (const auto& make : {make_cluster, make_membership, make_single}) {
    const std::unique_ptr<Scenario> scenario = make();
    CAPTURE(scenario->name());
    constexpr int kSeeds = 400;
    int extreme = 0;
    std::set<std::string> seen;
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
      CAPTURE(seed);
      const Plan plan = scenario->draw_plan(seed);
      CHECK(can_be_run(*scenario, plan).has_value());
      bool has_any = false;
      for (const auto& size : plan.sizes) {
        if (kOfAnybody.count(size.first) + kOfSeveral.count(size.first) == 0) continue;
        has_any = true;
        seen.insert(size.first);
        if (machines_of(plan) == 1) CHECK_EQ(kOfSeveral.count(size.first), 0);
      }
      extreme += has_any ? 1 : 0;
    }
    CHECK_GT(extreme, kSeeds / 8);
    CHECK_LT(extreme, kSeeds / 3);
    CHECK_EQ(seen.size(), kOfAnybody.size() + (scenario->name() == "single" ? 0 : kOfSeveral.size()));
  }
}

TEST_CASE("sizes that a member cannot have together are refused") {
  const std::unique_ptr<Scenario> scenario = make_cluster();
  Plan usual = scenario->draw_plan(1);
  usual.sizes.clear();
  REQUIRE(can_be_run(*scenario, usual));
  const auto with = [&](std::map<std::string, std::uint64_t> sizes) {
    Plan plan = usual;
    plan.sizes = std::move(sizes);
    const base::Status status = can_be_run(*scenario, plan);
    return status ? std::string() : status.error().detail;
  };
  CHECK_EQ(with({{"catch_up_entries", 9}, {"kept_entries_max", 10}}), "");
  CHECK_NE(with({{"catch_up_entries", 10}, {"kept_entries_max", 10}}), "");
  CHECK_NE(with({{"kept_entries_max", 10}}), "");  // without the other that is as in a daemon
  CHECK_NE(with({{"unapplied_entries_max", 0}}), "");
  CHECK_NE(with({{"snapshots_max", 0}}), "");
  CHECK_EQ(with({{"store_wal_bytes_max", 100'000}, {"store_snapshot_wal_bytes", 100'000}}), "");
  CHECK_NE(with({{"store_wal_bytes_max", 100'001}, {"store_snapshot_wal_bytes", 100'000}}), "");
  CHECK_NE(with({{"store_snapshot_wal_bytes", std::uint64_t{1} << 40U}}), "");
  CHECK_NE(with({{"peer_silence_timeout_ns", 1'000'000'000}}), "");  // a keep-alive a second
  CHECK_EQ(with({{"peer_silence_timeout_ns", 1'000'000'000}, {"peer_keep_alive_interval_ns", 999'999'999}}), "");
  CHECK_NE(with({{"no_such_size", 1}}), "");
}

}  // namespace sim::etcd

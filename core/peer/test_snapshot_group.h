// core/peer/test_snapshot_group.h: members that give each other snapshots.
#pragma once

#include <map>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "core/peer/test_programs.h"
#include "core/peer/test_snapshots.h"

namespace peer::testing {

inline raft::Snapshot sample_snapshot() { return {base::Term(9), entry_id(9, 1000), sample_configuration()}; }

struct SnapshotGroup : Group {
  explicit SnapshotGroup(std::uint64_t count = 2, const Options& options_ = {}, std::uint64_t seed = 1) : Group(count, options_, seed) {
    for (std::uint64_t id = 1; id <= count; ++id) accept(id);
    REQUIRE(until([&] { return all_active(); }));
  }
  // Whatever is offered to this member goes to such a sink.
  void accept(std::uint64_t id, TestSink::Plan plan = {}) {
    recorder(id).on_offer = [this, id, plan] {
      sinks[id].push_back(std::make_shared<SinkLog>());
      return std::make_unique<TestSink>(node(id).world(), plan, sinks[id].back());
    };
  }
  std::shared_ptr<SourceLog> give(std::uint64_t from, std::uint64_t to, TestSource::Plan plan) {
    auto log = std::make_shared<SourceLog>();
    transport(from).send_snapshot(base::MemberId(to), sample_snapshot(), std::make_unique<TestSource>(std::move(plan), log));
    return log;
  }
  std::shared_ptr<SourceLog> give(std::uint64_t from, std::uint64_t to, std::size_t size) {
    return give(from, to, TestSource::Plan{sample_state(size)});
  }
  bool is_over(std::uint64_t at) { return !recorder(at).overs.empty(); }
  // How the only one ended.
  base::Status outcome(std::uint64_t at, base::Duration at_most = 100s) {
    REQUIRE(until([&] { return is_over(at); }, at_most));
    REQUIRE_EQ(recorder(at).overs.size(), 1);
    return std::exchange(recorder(at).overs, {}).front().status;
  }
  SinkLog& sink(std::uint64_t id) { return *sinks.at(id).back(); }
  bool has_sink(std::uint64_t id) { return sinks.count(id) > 0; }

  std::map<std::uint64_t, std::vector<std::shared_ptr<SinkLog>>> sinks;
};

inline void check_outcome(const base::Status& status, base::Code code, std::string_view detail) {
  REQUIRE_FALSE(status.has_value());
  CHECK_EQ(base::to_text(status.error().code), base::to_text(code));
  CHECK_EQ(status.error().detail, detail);
}

}  // namespace peer::testing

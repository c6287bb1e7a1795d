// property_tests/differential/group_view.h: what is known of the two groups, and the steps that are taken with both.
#pragma once

#include <algorithm>
#include <cstdint>
#include <set>
#include <vector>

#include "core/base/time.h"
#include "property_tests/differential/request.h"

namespace property_tests::differential {

// As etcd told it last, in the words of member_names.h.
struct GroupView {
  std::vector<etcdserverpb::Member> members;  // by number
  std::uint64_t newest = 0;                   // the highest number there ever was
  std::vector<std::uint64_t> removed;
  std::set<std::uint64_t> running;

  const etcdserverpb::Member* find(std::uint64_t number) const {
    const auto found = std::find_if(members.begin(), members.end(), [&](const auto& each) { return each.id() == number; });
    return found == members.end() ? nullptr : &*found;
  }
  std::size_t voters() const {
    return static_cast<std::size_t>(std::count_if(members.begin(), members.end(), [](const auto& each) { return !each.islearner(); }));
  }
  std::size_t running_voters() const {
    const auto runs = [this](const auto& each) { return !each.islearner() && running.count(each.id()) > 0; };
    return static_cast<std::size_t>(std::count_if(members.begin(), members.end(), runs));
  }
  bool has_quorum() const { return running_voters() >= voters() / 2 + 1; }
};

enum class Act : std::uint8_t {
  ask,
  wait,
  wait_for_second,  // until one begins: the ids of members are made of them
  start_last,       // the member that was kept back
};

struct GroupStep {
  Act act = Act::ask;
  std::size_t member = 1;  // who is asked
  Request request;
  base::Duration time{0};        // how long to wait
  bool is_in_second = false;     // of no use if the second that was waited for is over
  bool is_early = false;         // of no use when connections may have stood for long enough
  bool is_patient = false;       // however long it takes: what matters is how it says that the time is over
};

}  // namespace property_tests::differential

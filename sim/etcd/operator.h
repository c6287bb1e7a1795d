// sim/etcd/operator.h: one administrator of a simulated cluster, who changes the group by what the Cluster service offers.
//
//   looking (a list, from whoever answers) -> acting (one request, on what the list said) -> looking again, for what has come of it …
//
// An answer alone decides nothing: only a list shows that a change is done, and so a request whose outcome is open is like any other. But
// what was refused has certainly not happened, and an operator in a hurry asks for it again without looking; nor does it look before it
// asks for the first time, if it has looked lately. A list comes from a leader that has settled and has a quorum, and only who does not
// wait for one meets a leader that has not.
// Between changes it looks after the machines: whoever is listed and was never started is started (Roster), and in the end everybody has to
// show the group as the last list did. There may be another operator, of whom this one knows only that they share the roster.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/api/cluster.pb.h"
#include "core/rpc/client.h"
#include "io/world.h"
#include "sim/etcd/change.h"
#include "sim/etcd/member_oracle.h"
#include "sim/etcd/roster.h"

namespace sim::etcd {

struct ScheduledChange {
  std::uint32_t number = 0;
  base::Duration at{};
  GroupChange change = GroupChange::voter;
};

// What has become of the changes of one kind. Requests, but for the last two.
struct ChangeCounts {
  std::uint64_t asked = 0;
  std::uint64_t refused = 0;  // certainly without effect
  std::uint64_t unknown = 0;  // no answer, or one that leaves the outcome open
  std::uint64_t done = 0;     // changes that a list has shown
  std::uint64_t dropped = 0;  // changes that were not possible, or did not happen in time
};
using OperatorCounts = std::array<ChangeCounts, kGroupChangeCount>;

enum class ChangeOutcome : std::uint8_t { ok, refused, unknown };
// What an answer says of the change that was asked for (behaviour reference §1, §7.3).
ChangeOutcome outcome_of(const rpc::Status& status);

struct OperatorOptions {
  std::uint32_t client = 0;
  OperationListener* listener = nullptr;  // for the story of a run; null: nobody wants to know
  std::uint64_t voters_min = 1;   // it removes no voter that leaves fewer
  base::Duration begins_until{};  // no change begins later, and nobody is removed later
  base::Duration faults_until{};  // then some machines stay broken, and a change must not count on them
  std::set<std::uint32_t> broken; // those perhaps
};

class Operator final : private io::Timer, private rpc::ClientCall, private io::EndOfTurn {
 public:
  // `is_finished` is true while nothing is left to do: every change is over, and everybody whom the last list named has served and shows
  // the same group.
  Operator(const io::World& world, OperatorOptions options, const std::vector<ScheduledChange>& changes, Roster& roster, MemberOracle& oracle,
           OperatorCounts& counts, bool& is_finished);
  ~Operator();
  void start() { go_on(); }

 private:
  enum class Asking : std::uint8_t { nothing, list, removal, change, view };
  enum class Step : std::uint8_t { choose, remove, add, promote, move };
  struct Current {
    ScheduledChange scheduled;
    Step step = Step::choose;
    std::uint32_t tries = 0;   // of this step
    base::MemberId member;     // of remove, promote and move
    std::uint32_t machine = 0;
    std::uint32_t place = 0;   // of move: where to
    bool is_learner = false;   // of add
    bool is_followed = false;  // by the next step
  };

  void on_timer() override { go_on(); }
  void on_end_of_turn() override;
  void on_message(std::string_view message) override { answer_ = message; }
  void on_status(const rpc::Status& status) override;

  void go_on();
  void ask(Asking what, std::string_view path, const std::string& request, base::Duration timeout);
  void ask_for_list();
  void ask_for_view(std::uint32_t machine);
  void on_list(const rpc::Status& status);
  void act();
  const etcdserverpb::Member* find_twin() const;
  void remove_twin(const etcdserverpb::Member& twin);
  void look_after();
  bool choose();
  void go_on_removing();
  void go_on_adding();
  void go_on_promoting();
  void go_on_moving();
  void find_next_view();
  void on_view(const rpc::Status& status);
  void ask_for_change(std::string_view path, const std::string& request);
  void begin(Step step);
  void done();
  void drop();
  void tell(OperationEnd end, std::string_view how);
  bool is_calm() const { return world_.clock.now() >= base::Instant(options_.faults_until); }
  bool may_be_broken(std::uint32_t machine) const { return options_.broken.count(machine) > 0; }
  bool may_be_removed(const etcdserverpb::Member& member) const;
  const etcdserverpb::Member* listed(base::MemberId member) const;
  const etcdserverpb::Member* listed_at(std::uint32_t machine) const;
  std::uint64_t draw(std::string_view purpose, std::uint64_t number, std::uint64_t below);
  void go_elsewhere();
  ChangeCounts& counts() { return counts_[static_cast<std::size_t>(current_->scheduled.change)]; }

  const io::World& world_;
  const OperatorOptions options_;
  std::deque<ScheduledChange> changes_;
  Roster& roster_;
  MemberOracle& oracle_;
  OperatorCounts& counts_;
  bool& is_finished_;

  std::optional<Current> current_;
  etcdserverpb::MemberListResponse list_;
  Asking asking_ = Asking::nothing;
  std::uint64_t asked_at_ = 0;  // the roster's moment
  base::Instant wait_until_;
  std::uint64_t server_ = 0;
  std::uint64_t moves_ = 0;         // to another server
  std::uint32_t silent_lists_ = 0;  // one after the other
  bool is_stale_ = false;           // the list that was asked for
  std::size_t group_asked_at_ = 0;  // what the group was when it was asked for
  std::optional<std::uint32_t> view_;  // the machine whose view of the group is asked for next
  std::uint32_t viewed_ = 0;           // and of the one that was asked
  etcdserverpb::MemberListResponse shown_;  // what the last list said
  std::set<std::uint32_t> have_shown_;      // the machines that have said the same
  const bool is_in_a_hurry_;
  std::uint32_t asks_blindly_ = 0;  // for what was refused, so many times more before it looks again
  std::unique_ptr<rpc::Channel> channel_;
  std::string answer_;
};

}  // namespace sim::etcd

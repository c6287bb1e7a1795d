// sim/member.h: one member of a run as the engine has it: its process, what is wrong with its machine, and when it crashes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "io/sim/simulation.h"
#include "sim/oracles.h"
#include "sim/plan.h"
#include "sim/rates.h"
#include "sim/recorder.h"
#include "sim/tenant.h"
#include "sim/verdict.h"

namespace sim {

struct CrashCounts {
  std::uint64_t total = 0;
  std::uint64_t with_sync_in_flight = 0;
  std::uint64_t in_store_job = 0;
  std::uint64_t in_recovery = 0;  // the member had not become ready
};

class Member;

// What the members of one run share. All references outlive them.
struct Course {
  const Plan& plan;
  const Faults& faults;
  io::sim::Simulation& sim;
  Tenant& tenant;
  Oracles& oracles;
  Findings& findings;
  std::vector<Member*> members = {};  // by number
  bool is_calm = false;        // nothing goes wrong any more, but with those who stay broken
  bool is_inspecting = false;  // the run is over
  CrashCounts crashes = {};
  std::uint64_t failures = 0;  // of members that stopped themselves
  Recorder* recorder = nullptr;  // null: nobody wants the story
};

class Member final : private io::sim::ProgramFactory, private io::sim::ObserverListener, private MemberHost {
 public:
  Member(Course& course, std::uint32_t number);
  Member(const Member&) = delete;
  Member& operator=(const Member&) = delete;

  io::sim::Node& node() { return node_; }
  const io::sim::Node& node() const { return node_; }
  std::uint32_t number() const { return number_; }
  const std::string& name() const { return node_.name(); }

  void start();  // for the first time
  // Another member starts on the machine, with an empty disk, whatever ran there.
  void start_anew();
  // Somebody ends its process and starts it again at once. Not if it is down or ends by itself: then it starts again later, or never.
  void start_again();
  void retire();  // its process ends, for good until start_anew()
  // Somebody runs there, or will again by itself: neither a spare yet, nor one whose member was removed and has stopped.
  bool is_in_use() const { return is_in_use_; }
  // Between turns: sees to a process that has ended itself, and to a crash that waits for its moment.
  void after_turn();

  // What happens to one machine; `action` outlives the member. Requires: not an action on links.
  void begin(const Action& action);

  // Everything wrong with its machine ends.
  void heal();
  // Whoever does not serve is started anew.
  void wake_up();
  // It never recovers; links are not its business.
  void stay_broken(Ailment ailment);
  std::optional<Ailment> ailment() const { return ailment_; }  // none: it recovers

  // It refuses its files, or its disk is lost: why. It never comes back.
  const std::optional<std::string>& is_gone() const { return gone_; }
  // Its disk is lost, and others know of it: it had served.
  bool is_missed() const { return is_disk_lost_ && has_served_; }
  // Somebody makes a mistake, and starts it with an empty disk, as if it were the old one. Requires: is_missed().
  void come_back_empty();
  // It did, and was not refused.
  bool is_let_in() const { return has_come_back_empty_ && !is_turned_away_; }

  bool is_ready() const { return is_ready_; }
  bool is_late() const;  // the faults ended long ago, and it is not ready

  // Its process ends, and an inspection of its files starts in its place; ready when that is over.
  void stop_for_inspection();
  void inspect();

 private:
  std::unique_ptr<io::sim::Program> start(io::sim::Node& node) override;
  void on_event(std::string_view node, io::sim::VirtualTime at, const io::Event& event) override;
  void on_ready() override;
  void on_failed(const base::Error& error) override { failed_ = error; }
  void on_removed() override { is_removed_ = true; }

  void begin_crash(const Action& action);
  std::optional<base::Duration> crash_offset(const Action& action);
  void strike();
  void crash(io::sim::CrashKind kind, base::Duration down);
  void start_over();
  void end_process();
  void fail();
  void spoil(const Action& action);
  bool rot(const Action& action);
  std::string file_of(Part part) const;
  void lose_disk(const Action& action);
  void go(const std::string& why);
  void restart_after(base::Duration down);
  bool is_storing() const;
  void tell(StoryKind what, std::string text = {});
  void tell(const Action& action);
  void tell_group(const io::Event& event);

  Course& course_;
  const std::uint32_t number_;
  io::sim::Node& node_;
  bool is_in_use_ = false;
  bool has_run_ = false;
  bool is_removed_ = false;  // and its process will end
  bool is_ready_ = false;
  bool is_syncing_ = false;
  std::optional<base::Error> failed_;
  const Action* waiting_crash_ = nullptr;
  io::sim::VirtualTime waiting_until_;
  bool is_striking_ = false;
  std::optional<Ailment> ailment_;
  std::optional<std::string> gone_;
  bool has_served_ = false;
  bool is_disk_lost_ = false;
  bool has_come_back_empty_ = false;
  bool is_turned_away_ = false;
  io::sim::VirtualTime calm_since_;  // its last start since the faults ended
};

}  // namespace sim

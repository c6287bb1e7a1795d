#include "sim/member.h"

#include <algorithm>
#include <variant>

#include "core/base/assert.h"
#include "sim/progress.h"

namespace sim {

namespace {

using io::sim::CrashKind;
using io::sim::Node;
using io::sim::VirtualTime;

// Longer than any pause.
constexpr base::Duration kStuckAfter = std::chrono::seconds(3);
// How long a crash waits for its moment, and how far into the moment it strikes.
constexpr base::Duration kCrashPatience = std::chrono::seconds(3);
constexpr base::Duration kSyncingOffset = std::chrono::microseconds(600);
constexpr base::Duration kStoringOffset = std::chrono::microseconds(1500);
constexpr base::Duration kRecoveringOffset = std::chrono::milliseconds(3);
constexpr base::Duration kChangingOffset = std::chrono::milliseconds(2);
constexpr base::Duration kRestartAfterFailure = std::chrono::milliseconds(300);
// Of those who crash at one instant some are back before others.
constexpr base::Duration kBackLater = std::chrono::milliseconds(700);
// A disk that never answers: longer than any run.
constexpr base::Duration kForever = std::chrono::hours(10);

// Which place in its log an event is about; the beginning: about none.
base::LogIndex index_of(const io::Event& event) {
  if (const auto* appended = std::get_if<io::Appended>(&event)) return appended->id.index;
  if (const auto* committed = std::get_if<io::Committed>(&event)) return committed->id.index;
  if (const auto* applied = std::get_if<io::Applied>(&event)) return applied->id.index;
  if (const auto* recovered = std::get_if<io::Recovered>(&event)) return recovered->last.index;
  if (const auto* replaced = std::get_if<io::LogReplaced>(&event)) return replaced->last.index;
  if (const auto* installed = std::get_if<io::Installed>(&event)) return installed->last.index;
  return {};
}

bool has_store_job(const std::vector<std::string>& jobs) { return std::find(jobs.begin(), jobs.end(), "store") != jobs.end(); }

}  // namespace

Member::Member(Course& course, std::uint32_t number) : course_(course), number_(number), node_(course.sim.add_node(member_name(number))) {
  node_.disk_faults() = course_.faults.disk;
  node_.faults() = course_.faults.node;
  node_.faults().turn_cost = course_.plan.turn_cost;
  node_.observation().listener = this;
}

// --- its process ------------------------------------------------------------------------------------

void Member::start() {
  is_in_use_ = true;
  has_run_ = true;
  node_.run(*this);
}

void Member::start_anew() {
  if (ailment_ == Ailment::down) return;
  if (has_run_ && node_.is_up()) end_process();
  is_removed_ = false;
  failed_.reset();
  waiting_crash_ = nullptr;
  course_.oracles.on_wipe(name());
  tell(StoryKind::wiped);
  if (course_.is_calm) calm_since_ = course_.sim.now();
  if (!has_run_) return start();
  is_in_use_ = true;
  node_.wipe_disk();
  node_.restart();
}

void Member::start_again() {
  if (!is_in_use_ || !node_.is_up() || is_removed_ || failed_) return;
  end_process();
  node_.restart();
  if (course_.is_calm) calm_since_ = course_.sim.now();
}

std::unique_ptr<io::sim::Program> Member::start(Node& node) {
  is_ready_ = false;
  is_syncing_ = false;
  if (course_.is_inspecting) return course_.tenant.start_inspection(node, number_, *this, course_.findings);
  if (!gone_) course_.oracles.on_start(name());
  tell(StoryKind::started, std::to_string(node.incarnation()));
  return course_.tenant.start_member(node, number_, *this);
}

void Member::on_event(std::string_view node, VirtualTime, const io::Event& event) {
  if (gone_) {
    if (!std::holds_alternative<io::Recovered>(event)) return;
    course_.findings.safety(Ledger::kName, "member " + name() + " begins under the name of one whose disk is lost, with an empty disk: what that one promised is forgotten",
                            Subject{{}, name(), {}});
    return;
  }
  if (std::holds_alternative<io::WroteEntries>(event)) is_syncing_ = true;
  if (std::holds_alternative<io::LogSynced>(event)) is_syncing_ = false;
  if (course_.recorder != nullptr) course_.recorder->on_event(number_, event);
  course_.oracles.on_event(node, event);
  tell_group(event);
  if (!course_.findings.is_clean()) course_.findings.on_said_by(node, index_of(event));
}

void Member::on_ready() {
  is_ready_ = true;
  has_served_ = has_served_ || !course_.is_inspecting;
  if (!course_.is_inspecting) tell(StoryKind::ready);
}

void Member::tell(StoryKind what, std::string text) {
  if (course_.recorder != nullptr) course_.recorder->on_process(number_, what, std::move(text));
}
// The group changes in a member's view with its log.
void Member::tell_group(const io::Event& event) {
  if (course_.recorder == nullptr) return;
  const auto* const appended = std::get_if<io::Appended>(&event);
  const bool is_change = appended != nullptr && appended->kind == base::EntryKind::configuration;
  if (!is_change && !std::holds_alternative<io::Recovered>(event) && !std::holds_alternative<io::LogReplaced>(event)) return;
  const Configurations& configurations = course_.oracles.configurations();
  const Configurations::Change* const newest = configurations.newest(name());
  if (newest != nullptr) tell(StoryKind::group, to_text(newest->configuration, configurations));
}
void Member::tell(const Action& action) {
  if (course_.recorder != nullptr) course_.recorder->on_action(action, machines_of(course_.plan));
}

void Member::after_turn() {
  if (gone_ && failed_) {
    is_turned_away_ = is_turned_away_ || failed_->code == base::Code::invalid;
    failed_.reset();
    return end_process();
  }
  if (is_removed_) return retire();
  if (failed_) return fail();
  if (waiting_crash_ == nullptr || is_striking_) return;
  const std::optional<base::Duration> offset = crash_offset(*waiting_crash_);
  if (!offset) return;
  is_striking_ = true;
  course_.sim.after(*offset, [this] { strike(); });
}

// It is not wanted any more, as it knows itself or somebody else does. Nobody starts it again.
void Member::retire() {
  is_removed_ = false;
  is_in_use_ = false;
  failed_.reset();
  waiting_crash_ = nullptr;
  tell(StoryKind::retired);
  if (has_run_ && node_.is_up()) end_process();
}

void Member::end_process() {
  course_.oracles.on_crash(name());
  static_cast<void>(node_.crash(CrashKind::process_kill, io::sim::AsFault::no));
  is_ready_ = false;
}

void Member::restart_after(base::Duration down) {
  const std::uint64_t incarnation = node_.incarnation();
  course_.sim.after(down, [this, incarnation] {
    if (node_.is_up() || !is_in_use_ || node_.incarnation() != incarnation || ailment_ == Ailment::down || gone_) return;
    node_.restart();
    if (course_.is_calm) calm_since_ = course_.sim.now();
  });
}

// A member that stopped itself: its process ends, somebody starts it again. Damage is its right only when something that it
// promised has no intact copy on its disk any more. A member that then finds out at its start, or after all faults have
// ended, refuses for good, and the others have to do without it.
void Member::fail() {
  const base::Error error = *failed_;
  failed_.reset();
  tell(StoryKind::stopped, error.detail);
  const Subject subject{{}, name(), {}};
  if (error.code == base::Code::damaged && !course_.oracles.ledger().is_whole(name())) {
    if (!is_ready_ || course_.is_calm) return go(error.detail);
  } else if (error.code == base::Code::damaged || error.code == base::Code::invalid) {
    const std::string who = machines_of(course_.plan) == 1 ? "the member" : "member " + name();
    course_.findings.safety("recovery", who + " refuses to go on although nothing it promised was destroyed: " + error.detail, subject);
    return;
  }
  ++course_.failures;
  end_process();
  restart_after(kRestartAfterFailure);
}

void Member::go(const std::string& why) {
  gone_ = why;
  if (node_.is_up()) end_process();
  course_.oracles.ledger().on_gone(name());
  // Nobody else has another copy.
  if (machines_of(course_.plan) == 1) course_.findings.report(VerdictKind::refused, Ledger::kName, why, Subject{{}, name(), {}});
}

// --- faults -----------------------------------------------------------------------------------------

void Member::begin(const Action& action) {
  if (!is_in_use_) return;
  const auto later = [this](base::Duration lasting, auto&& end) {
    course_.sim.after(lasting, [this, end] {
      if (!course_.is_calm) end();
    });
  };
  switch (action.kind) {
    case ActionKind::power_loss:
    case ActionKind::process_kill: return begin_crash(action);
    case ActionKind::pause:
      if (!node_.is_up()) return;
      tell(action);
      return node_.pause(action.lasting);
    case ActionKind::disk_full:
      tell(action);
      node_.disk_faults().is_full = true;
      return later(action.lasting, [this] { node_.disk_faults().is_full = false; });
    case ActionKind::disk_hang:
      tell(action);
      node_.disk_faults().slow_per_million = 1'000'000;
      return later(action.lasting, [this] { node_.disk_faults().slow_per_million = course_.faults.disk.slow_per_million; });
    case ActionKind::wall_jump: tell(action); return node_.jump_wall_clock(action.is_back ? -action.lasting : action.lasting);
    case ActionKind::clock_drift:
      tell(action);
      node_.set_drift(action.ppm);
      return later(action.lasting, [this] { node_.set_drift(0); });
    case ActionKind::bit_rot:
    case ActionKind::misdirected_write: return spoil(action);
    case ActionKind::lost_disk: return lose_disk(action);
    case ActionKind::cut_link:
    case ActionKind::partition:
    case ActionKind::slow_links:
    case ActionKind::reset_links:
    case ActionKind::cut_leader: break;
  }
  ASSERT(false && "an action on links");
}

// Of the newest segment or store.
std::string Member::file_of(Part part) const {
  Ledger& ledger = course_.oracles.ledger();
  switch (part) {
    case Part::store_wal: return course_.tenant.store_wal_file(ledger.generation(name()));
    case Part::store: {
      const std::vector<std::string> files = course_.tenant.store_files(ledger.generation(name()));
      return files.empty() ? std::string() : files.front();
    }
    case Part::log: {
      const std::vector<Ledger::LogFile> files = ledger.log_files(name());
      return files.empty() ? std::string() : files.back().path;
    }
  }
  ASSERT(false && "a part outside the enumeration");
  return {};
}

void Member::spoil(const Action& action) {
  if (gone_) return;
  if (!(action.kind == ActionKind::bit_rot ? rot(action) : node_.misdirect_next(file_of(action.part)))) return;
  tell(action);
  if (action.part == Part::log) course_.oracles.ledger().on_log_spoilt(name());
  else course_.oracles.on_store_spoilt(name());
}

bool Member::rot(const Action& action) {
  const std::uint64_t draw = course_.sim.decisions().draw("rot", {action.id});
  if (action.part != Part::log) return node_.rot(file_of(action.part), draw);
  // Where nothing is written yet, or no more, nobody would notice. One in two hits the end: what is there nothing behind it proves.
  constexpr std::uint64_t kEndBytes = 512;
  const std::vector<Ledger::LogFile> files = course_.oracles.ledger().log_files(name());
  if (!files.empty() && (draw & 8U) != 0) {
    const std::uint64_t from = files.back().size - std::min(files.back().size, kEndBytes);
    return node_.rot_at(files.back().path, from + (draw >> 4U) % (files.back().size - from), static_cast<unsigned>(draw & 7U));
  }
  std::uint64_t all = 0;
  for (const Ledger::LogFile& file : files) all += file.size;
  if (all == 0) return false;
  std::uint64_t at = (draw >> 4U) % all;
  for (const Ledger::LogFile& file : files) {
    if (at < file.size) return node_.rot_at(file.path, at, static_cast<unsigned>(draw & 7U));
    at -= file.size;
  }
  return false;
}

void Member::lose_disk(const Action& action) {
  if (gone_) return;
  tell(action);
  course_.oracles.ledger().on_disk_lost(name());
  if (node_.is_up()) {
    course_.oracles.on_crash(name());
    failed_.reset();
    static_cast<void>(node_.crash(CrashKind::power_loss));
    is_ready_ = false;
  }
  node_.wipe_disk();
  waiting_crash_ = nullptr;
  is_disk_lost_ = true;
  go("its disk is lost");
}

void Member::come_back_empty() {
  ASSERT(is_missed());
  has_come_back_empty_ = true;
  node_.restart();
}

void Member::begin_crash(const Action& action) {
  if (waiting_crash_ != nullptr) return;
  waiting_crash_ = &action;
  waiting_until_ = course_.sim.now() + kCrashPatience;
}

bool Member::is_storing() const { return has_store_job(node_.running_jobs()); }

// The time into its moment at which a crash strikes; nothing while its moment has not come.
std::optional<base::Duration> Member::crash_offset(const Action& action) {
  if (!node_.is_up()) return std::nullopt;
  const bool is_late = course_.sim.now() >= waiting_until_;
  base::Duration within{};
  bool holds = true;
  switch (action.moment) {
    case Moment::any: break;
    case Moment::syncing: holds = is_syncing_; within = kSyncingOffset; break;
    case Moment::storing: holds = is_storing(); within = kStoringOffset; break;
    case Moment::recovering: holds = !is_ready_; within = kRecoveringOffset; break;
    case Moment::changing: holds = course_.oracles.has_open_change(name()); within = kChangingOffset; break;
  }
  if (!holds) return is_late ? std::optional<base::Duration>(base::Duration{}) : std::nullopt;
  return course_.sim.decisions().between("crash-offset", {action.id}, base::Duration{}, within);
}

void Member::strike() {
  is_striking_ = false;
  // The faults may have ended meanwhile.
  if (waiting_crash_ == nullptr) return;
  const Action& action = *waiting_crash_;
  waiting_crash_ = nullptr;
  if (!node_.is_up()) return;
  const CrashKind kind = action.kind == ActionKind::power_loss ? CrashKind::power_loss : CrashKind::process_kill;
  crash(kind, action.lasting);
  for (const std::uint32_t other : action.others) {
    const base::Duration more = course_.sim.decisions().between("back-later", {action.id, other}, base::Duration{}, kBackLater);
    course_.members[other]->crash(kind, action.lasting + more);
  }
}

void Member::crash(CrashKind kind, base::Duration down) {
  if (!node_.is_up() || !is_in_use_) return;
  is_removed_ = false;  // it will find out again
  const bool was_recovering = !is_ready_;
  course_.oracles.on_crash(name());
  failed_.reset();
  tell(StoryKind::crashed, kind == CrashKind::power_loss ? "power lost" : "process killed");
  const io::sim::CrashReport report = node_.crash(kind);
  ++course_.crashes.total;
  if (report.damage.unfinished_syncs > 0) ++course_.crashes.with_sync_in_flight;
  if (has_store_job(report.running_jobs)) ++course_.crashes.in_store_job;
  if (was_recovering) ++course_.crashes.in_recovery;
  is_ready_ = false;
  restart_after(down);
}

// --- the calm ---------------------------------------------------------------------------------------

void Member::heal() {
  ASSERT(course_.is_calm);
  calm_since_ = course_.sim.now();
  waiting_crash_ = nullptr;
  const Faults none = *faults_of({});
  node_.disk_faults() = none.disk;
  node_.faults() = none.node;
  node_.faults().turn_cost = course_.plan.turn_cost;
  node_.set_drift(0);
  node_.end_misdirections();
}

// A job that began on a hanging disk would go on hanging, and so would a turn that read many pages from it.
void Member::wake_up() {
  if (!is_in_use_ || gone_) return;
  const bool is_stuck = node_.host().ready_at() > course_.sim.now() + kStuckAfter;
  if (node_.is_up() && (!is_ready_ || is_stuck)) start_over();
  if (!node_.is_up()) return node_.restart();
  if (node_.running_jobs().empty()) return;
  const std::uint64_t incarnation = node_.incarnation();
  course_.sim.after(kStuckAfter, [this, incarnation] {
    if (!node_.is_up() || node_.incarnation() != incarnation || !is_in_use_ || node_.running_jobs().empty()) return;
    start_over();
    node_.restart();
  });
}

void Member::start_over() {
  tell(StoryKind::crashed, "ended, to be started anew");
  end_process();
}

void Member::stay_broken(Ailment ailment) {
  ASSERT(!ailment_);
  ASSERT(is_in_use_);
  ailment_ = ailment;
  switch (ailment) {
    case Ailment::down:
      if (!node_.is_up()) return;
      course_.oracles.on_crash(name());
      tell(StoryKind::crashed, "power lost, for good");
      static_cast<void>(node_.crash(CrashKind::power_loss));
      is_ready_ = false;
      return;
    case Ailment::hanging:
      node_.disk_faults().hung_per_million = 1'000'000;
      node_.disk_faults().hung = {kForever, 2 * kForever};
      return;
    case Ailment::cut_off:
    case Ailment::isolated: return;
  }
}

bool Member::is_late() const { return !is_ready_ && course_.sim.now() - calm_since_ >= kReadyWithin; }

// --- the end ----------------------------------------------------------------------------------------

void Member::stop_for_inspection() {
  ASSERT(course_.is_inspecting);
  course_.oracles.on_crash(name());
  if (node_.is_up()) static_cast<void>(node_.crash(CrashKind::process_kill, io::sim::AsFault::no));
  is_ready_ = false;
}

void Member::inspect() { node_.restart(); }

}  // namespace sim

#include "sim/run.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "core/base/assert.h"
#include "io/sim/simulation.h"
#include "sim/oracles.h"
#include "sim/rates.h"

namespace sim {

namespace {

using io::sim::CrashKind;
using io::sim::Node;
using io::sim::VirtualTime;

constexpr std::string_view kMemberName = "m1";
constexpr std::string_view kLivenessName = "progress";

// Longer than any pause.
constexpr base::Duration kStuckAfter = std::chrono::seconds(3);
// How long a crash waits for its moment, and how far into the moment it strikes.
constexpr base::Duration kCrashPatience = std::chrono::seconds(3);
constexpr base::Duration kSyncingOffset = std::chrono::microseconds(600);
constexpr base::Duration kStoringOffset = std::chrono::microseconds(1500);
constexpr base::Duration kRecoveringOffset = std::chrono::milliseconds(3);
constexpr base::Duration kRestartAfterFailure = std::chrono::milliseconds(300);
// A member that has to start anew after the faults ended is ready within this.
constexpr base::Duration kReadyWithin = std::chrono::seconds(5);
constexpr base::Duration kInspectedWithin = std::chrono::seconds(10);

class Engine final : private io::sim::ProgramFactory, private io::sim::ObserverListener, private MemberHost, private Truth {
 public:
  Engine(const Plan& plan, const Faults& faults, const RunOptions& options)
      : plan_(plan), faults_(faults), options_(options), sim_(plan.seed) {}

  Findings& findings() { return findings_; }
  void host(std::unique_ptr<Tenant> tenant) { tenant_ = std::move(tenant); }

  Outcome run(Recording* recording) {
    set_up();
    const VirtualTime end{plan_.duration};
    while (findings_.is_clean() && sim_.step(end)) after_turn();
    if (findings_.is_clean()) judge_end();
    return outcome(recording);
  }

 private:
  class ClientFactory final : public io::sim::ProgramFactory {
   public:
    ClientFactory(Tenant& tenant, std::uint32_t client) : tenant_(tenant), client_(client) {}
    std::unique_ptr<io::sim::Program> start(Node& node) override { return tenant_.start_client(node, client_); }

   private:
    Tenant& tenant_;
    std::uint32_t client_;
  };

  // --- set-up ---

  void set_up() {
    for (const auto& pin : plan_.pins) sim_.decisions().pin(pin.first, pin.second);
    sim_.decisions().record(options_.keep_decisions);
    sim_.turns().keep(options_.keep_turns);
    const Truth& truth = *this;
    oracles_ = std::make_unique<Oracles>(truth, std::vector{std::string(kMemberName)}, findings_, tenant_->committed_listener());
    sim_.network().set_all_faults(faults_.link);
    member_ = &sim_.add_node(kMemberName);
    member_->disk_faults() = faults_.disk;
    member_->faults() = faults_.node;
    member_->faults().turn_cost = plan_.turn_cost;
    member_->observation().listener = this;
    member_->observation().keeps_log = options_.keep_log;
    for (std::uint32_t client = 0; client < plan_.clients; ++client) {
      clients_.push_back(&sim_.add_node("c" + std::to_string(client)));
      client_factories_.push_back(std::make_unique<ClientFactory>(*tenant_, client));
      clients_.back()->run(*client_factories_.back());
    }
    member_->run(*this);
    for (const Action& action : plan_.actions) {
      if (action.at < plan_.faults_until) sim_.at(VirtualTime(action.at), [this, &action] { begin(action); });
    }
    sim_.at(VirtualTime(plan_.faults_until), [this] { calm_down(); });
  }

  // --- the member ---

  std::unique_ptr<io::sim::Program> start(Node& node) override {
    is_ready_ = false;
    is_syncing_ = false;
    if (is_inspecting_) return tenant_->start_inspection(node, *this, findings_);
    oracles_->on_start(node.name());
    return tenant_->start_member(node, *this);
  }

  void on_event(std::string_view node, VirtualTime, const io::Event& event) override {
    if (std::holds_alternative<io::WroteEntries>(event)) is_syncing_ = true;
    if (std::holds_alternative<io::LogSynced>(event)) is_syncing_ = false;
    oracles_->on_event(node, event);
  }

  void on_ready() override {
    is_ready_ = true;
    was_ready_at_ = sim_.now();
  }

  void on_failed(const base::Error& error) override { failed_ = error; }

  std::string durable_bytes(std::string_view, std::string_view path, std::uint64_t offset, std::uint64_t size) const override {
    return member_->durable_bytes(path, offset, size).value_or(std::string());
  }

  // --- faults ---

  void begin(const Action& action) {
    switch (action.kind) {
      case ActionKind::power_loss:
      case ActionKind::process_kill:
        if (!waiting_crash_) {
          waiting_crash_ = &action;
          waiting_until_ = sim_.now() + kCrashPatience;
        }
        return;
      case ActionKind::pause:
        if (member_->is_up()) member_->pause(action.lasting);
        return;
      case ActionKind::cut_link: {
        const io::sim::Host& client = clients_[action.client]->host();
        sim_.network().cut(client, member_->host());
        sim_.network().cut(member_->host(), client);
        sim_.after(action.lasting, [this, &client] {
          sim_.network().heal(client, member_->host());
          sim_.network().heal(member_->host(), client);
        });
        return;
      }
      case ActionKind::disk_full:
        member_->disk_faults().is_full = true;
        sim_.after(action.lasting, [this] { member_->disk_faults().is_full = false; });
        return;
      case ActionKind::disk_hang:
        member_->disk_faults().slow_per_million = 1'000'000;
        sim_.after(action.lasting, [this] {
          member_->disk_faults().slow_per_million = is_calm_ ? 0 : faults_.disk.slow_per_million;
        });
        return;
      case ActionKind::wall_jump: member_->jump_wall_clock(action.lasting); return;
      case ActionKind::clock_drift:
        member_->set_drift(action.ppm);
        sim_.after(action.lasting, [this] { member_->set_drift(0); });
        return;
      case ActionKind::bit_rot:
        if (member_->rot(tenant_->rotting_file(), sim_.decisions().draw("rot", {action.id}))) {
          ++rots_;
          oracles_->on_rot(member_->name());
        }
        return;
    }
  }

  // The time into its moment at which a crash strikes; nothing while its moment has not come.
  std::optional<base::Duration> crash_offset(const Action& action) {
    if (!member_->is_up()) return std::nullopt;
    const bool is_late = sim_.now() >= waiting_until_;
    base::Duration within{};
    bool holds = true;
    switch (action.moment) {
      case Moment::any: break;
      case Moment::syncing: holds = is_syncing_; within = kSyncingOffset; break;
      case Moment::storing: holds = is_storing(); within = kStoringOffset; break;
      case Moment::recovering: holds = !is_ready_; within = kRecoveringOffset; break;
    }
    if (!holds) return is_late ? std::optional<base::Duration>(base::Duration{}) : std::nullopt;
    return sim_.decisions().between("crash-offset", {action.id}, base::Duration{}, within);
  }

  bool is_storing() const {
    const std::vector<std::string> jobs = member_->running_jobs();
    return std::find(jobs.begin(), jobs.end(), "store") != jobs.end();
  }

  void after_turn() {
    oracles_->on_turn_end();
    if (failed_) return fail_member();
    if (waiting_crash_ == nullptr || is_striking_) return;
    const std::optional<base::Duration> offset = crash_offset(*waiting_crash_);
    if (!offset) return;
    is_striking_ = true;
    sim_.after(*offset, [this] { strike(); });
  }

  void strike() {
    const Action& action = *waiting_crash_;
    waiting_crash_ = nullptr;
    is_striking_ = false;
    if (is_calm_ || !member_->is_up()) return;
    crash(action.kind == ActionKind::power_loss ? CrashKind::power_loss : CrashKind::process_kill, action.lasting);
  }

  void crash(CrashKind kind, base::Duration down) {
    const bool was_recovering = !is_ready_;
    oracles_->on_crash(member_->name());
    failed_.reset();
    const io::sim::CrashReport report = member_->crash(kind);
    ++crashes_.total;
    if (report.damage.unfinished_syncs > 0) ++crashes_.with_sync_in_flight;
    if (std::find(report.running_jobs.begin(), report.running_jobs.end(), "store") != report.running_jobs.end()) {
      ++crashes_.in_store_job;
    }
    if (was_recovering) ++crashes_.in_recovery;
    is_ready_ = false;
    restart_after(down);
  }

  void restart_after(base::Duration down) {
    const std::uint64_t incarnation = member_->incarnation();
    sim_.after(down, [this, incarnation] {
      if (member_->is_up() || member_->incarnation() != incarnation) return;
      member_->restart();
      if (is_calm_) calm_since_ = sim_.now();
    });
  }

  // A member that stopped itself: its process ends, somebody starts it again. Damage is its right only after a
  // bit has rotted: else every promise of these runs has an intact durable copy. A member that then finds at its
  // start, or after all faults have ended, that its only copy is spoilt refuses, and that ends the run: nobody else has
  // another.
  void fail_member() {
    const base::Error error = *failed_;
    failed_.reset();
    if (error.code == base::Code::damaged && rots_ > 0) {
      if (!is_ready_ || is_calm_) return findings_.report(VerdictKind::refused, "recovery", error.detail);
    } else if (error.code == base::Code::damaged || error.code == base::Code::invalid) {
      findings_.safety("recovery", "the member refuses to go on although nothing it promised was destroyed: " + error.detail);
      return;
    }
    ++failures_;
    oracles_->on_crash(member_->name());
    static_cast<void>(member_->crash(CrashKind::process_kill));
    is_ready_ = false;
    restart_after(kRestartAfterFailure);
  }

  // From here on nothing goes wrong any more.
  void calm_down() {
    is_calm_ = true;
    calm_since_ = sim_.now();
    waiting_crash_ = nullptr;
    const Faults none = *faults_of({});
    member_->disk_faults() = none.disk;
    member_->faults() = none.node;
    member_->faults().turn_cost = plan_.turn_cost;
    member_->set_drift(0);
    sim_.heal();
    sim_.network().set_all_faults(none.link);
    // Whoever does not serve by now is started anew: a job that began on a hanging disk would go on hanging, and so would a turn
    // that read many pages from it.
    const bool is_stuck = member_->host().ready_at() > sim_.now() + kStuckAfter;
    if (member_->is_up() && (!is_ready_ || is_stuck)) {
      oracles_->on_crash(member_->name());
      static_cast<void>(member_->crash(CrashKind::process_kill));
    }
    if (!member_->is_up()) member_->restart();
  }

  // --- the end ---

  void judge_end() {
    ASSERT(is_calm_);
    if (!is_ready_ && sim_.now() - calm_since_ >= kReadyWithin) {
      findings_.report(VerdictKind::liveness, kLivenessName, "the member is not ready, long after all faults have ended");
    }
    oracles_->at_end();
    tenant_->at_end(findings_);
    if (findings_.is_clean() && rots_ == 0) inspect();
  }

  // What the last process left on its disk, whatever it was doing.
  void inspect() {
    is_inspecting_ = true;
    oracles_->on_crash(member_->name());
    if (member_->is_up()) static_cast<void>(member_->crash(CrashKind::process_kill));
    is_ready_ = false;
    member_->restart();
    static_cast<void>(sim_.run_until([this] { return is_ready_ || !findings_.is_clean(); }, kInspectedWithin));
    if (!is_ready_ && findings_.is_clean()) findings_.report(VerdictKind::liveness, kLivenessName, "the member's files cannot be opened in time");
  }

  Outcome outcome(Recording* recording) {
    Outcome out;
    out.verdict = findings_.verdict();
    out.digest = sim_.digest();
    out.turns = sim_.turns().count();
    out.simulated = sim_.now().since_start();
    out.faults = sim_.counters();
    out.crashes = crashes_;
    out.commits_proven = oracles_->commits_proven();
    out.counts = tenant_->counts();
    out.counts["member_failures"] = failures_;
    if (recording != nullptr) {
      recording->turns = sim_.turns().kept();
      recording->decisions = sim_.decisions().records();
      for (const io::sim::LogLine& line : member_->observation().log) {
        recording->log.push_back(std::to_string(line.at.since_start().count()) + " " + member_->name() + " " + line.text);
      }
    }
    return out;
  }

  const Plan& plan_;
  const Faults faults_;
  const RunOptions options_;
  Findings findings_;
  std::unique_ptr<Tenant> tenant_;  // outlives the nodes: their programs refer to it
  std::vector<std::unique_ptr<ClientFactory>> client_factories_;
  std::unique_ptr<Oracles> oracles_;

  io::sim::Simulation sim_;
  Node* member_ = nullptr;
  std::vector<Node*> clients_;

  bool is_ready_ = false;
  VirtualTime was_ready_at_;
  bool is_syncing_ = false;
  std::optional<base::Error> failed_;
  const Action* waiting_crash_ = nullptr;
  VirtualTime waiting_until_;
  bool is_striking_ = false;
  bool is_calm_ = false;
  VirtualTime calm_since_;
  bool is_inspecting_ = false;  // the run is over
  CrashCounts crashes_;
  std::uint64_t failures_ = 0;
  std::uint64_t rots_ = 0;
};

}  // namespace

base::Result<Outcome> run(const Scenario& scenario, const Plan& plan, const RunOptions& options, Recording* recording) {
  const base::Result<Faults> faults = faults_of(plan.rates);
  if (!faults) return base::fail(faults.error());
  Engine engine(plan, *faults, options);
  base::Result<std::unique_ptr<Tenant>> tenant = scenario.make_tenant(plan, engine.findings());
  if (!tenant) return base::fail(tenant.error());
  engine.host(std::move(*tenant));
  return engine.run(recording);
}

}  // namespace sim

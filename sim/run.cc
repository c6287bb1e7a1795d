#include "sim/run.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "core/base/assert.h"
#include "io/sim/simulation.h"
#include "sim/links.h"
#include "sim/oracles.h"
#include "sim/progress.h"
#include "sim/rates.h"
#include "sim/recorder.h"

namespace sim {

namespace {

using io::sim::Node;
using io::sim::VirtualTime;

// Then whoever lost its disk is started with an empty one, by mistake; by now all the others know again that it has been there.
constexpr base::Duration kMistakeAfter = std::chrono::seconds(15);
constexpr base::Duration kLookEvery = std::chrono::milliseconds(100);
constexpr base::Duration kInspectedWithin = std::chrono::seconds(10);
// How long a cut that is meant for the leader waits for one, and for its moment.
constexpr base::Duration kLeaderPatience = std::chrono::seconds(10);

bool is_on_links(ActionKind kind) {
  return kind == ActionKind::cut_link || kind == ActionKind::partition || kind == ActionKind::slow_links || kind == ActionKind::reset_links ||
         kind == ActionKind::cut_leader;
}

class Engine final : private Truth, private Machines {
 public:
  Engine(const Plan& plan, const Faults& faults, const RunOptions& options)
      : plan_(plan), faults_(faults), options_(options), sim_(plan.seed), links_(sim_, faults_) {}

  Findings& findings() { return findings_; }
  void host(std::unique_ptr<Tenant> tenant) { tenant_ = std::move(tenant); }

  Outcome run(Recording* recording) {
    set_up();
    const bool is_whole = options_.until == base::Duration() || options_.until >= plan_.duration;
    const VirtualTime end{is_whole ? plan_.duration : options_.until};
    while (findings_.is_clean() && may_go_on() && sim_.step(end)) after_turn();
    if (is_whole && findings_.is_clean() && may_go_on()) judge_end();
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

  struct WaitingCut {
    const Action* action = nullptr;
    VirtualTime until;
  };

  bool may_go_on() {
    const std::uint64_t turns = sim_.turns().count();
    if (options_.turns_max > 0 && turns >= options_.turns_max) return false;
    if (options_.turn_begun != nullptr) *options_.turn_begun = turns + 1;
    return true;
  }

  void set_up() {
    for (const auto& pin : plan_.pins) sim_.decisions().pin(pin.first, pin.second);
    sim_.decisions().record(options_.keep_decisions);
    sim_.decisions().keep_hits(options_.keep_hits);
    sim_.turns().keep(options_.keep_turns);
    Founders founders;
    for (std::uint32_t member = 0; member < plan_.members; ++member) {
      (member < voters_of(plan_) ? founders.voters : founders.learners).push_back(member_name(member));
    }
    const Truth& truth = *this;
    oracles_ = std::make_unique<Oracles>(truth, std::move(founders), tenant_->election_timeout(), spoils_disks(), findings_, tenant_->committed_listener());
    course_ = std::make_unique<Course>(Course{plan_, faults_, sim_, *tenant_, *oracles_, findings_});
    tenant_->use(*this);
    if (options_.keep_story) recorder_ = std::make_unique<Recorder>(sim_, tenant_->teller());
    course_->recorder = recorder_.get();
    for (std::uint32_t number = 0; number < machines_of(plan_); ++number) {
      members_.push_back(std::make_unique<Member>(*course_, number));
      members_.back()->node().observation().keeps_log = options_.keep_log || options_.keep_story;
      if (recorder_ != nullptr) recorder_->add_machine(members_.back()->node(), true);
      links_.add_member(members_.back()->node());
      course_->members.push_back(members_.back().get());
    }
    for (std::uint32_t client = 0; client < plan_.clients; ++client) {
      Node& node = sim_.add_node("c" + std::to_string(client));
      if (recorder_ != nullptr) recorder_->add_machine(node, false);
      client_factories_.push_back(std::make_unique<ClientFactory>(*tenant_, client));
      node.run(*client_factories_.back());
      links_.add_client(node);
      clients_.push_back(&node);
    }
    links_.start();
    for (std::uint32_t number = 0; number < plan_.members; ++number) members_[number]->start();
    for (const Action& action : plan_.actions) {
      if (action.at < plan_.faults_until) sim_.at(VirtualTime(action.at), [this, &action] { begin(action); });
    }
    sim_.at(VirtualTime(plan_.faults_until), [this] { calm_down(); });
    if (plan_.duration - kCaughtUpWithin > plan_.faults_until) {
      sim_.at(VirtualTime(plan_.duration - kCaughtUpWithin), [this] { committed_lately_ = oracles_->committed(); });
    }
  }

  base::Duration now() const override { return sim_.now().since_start(); }
  std::string durable_bytes(std::string_view member, std::string_view path, std::uint64_t offset, std::uint64_t size) const override {
    for (const std::unique_ptr<Member>& one : members_) {
      if (one->name() == member) return one->node().durable_bytes(path, offset, size).value_or(std::string());
    }
    return {};
  }
  bool is_store_durable(std::string_view member, base::StoreGeneration generation) const override {
    const std::vector<std::string> files = tenant_->store_files(generation);
    return std::all_of(members_.begin(), members_.end(), [&](const std::unique_ptr<Member>& one) {
      return one->name() != member || std::all_of(files.begin(), files.end(), [&](const std::string& file) { return one->node().is_durable(file); });
    });
  }

  bool is_intact(std::string_view member, std::string_view path, std::uint64_t offset, std::uint64_t size) const override {
    return std::all_of(members_.begin(), members_.end(), [&](const std::unique_ptr<Member>& one) {
      return one->name() != member || one->node().is_intact(path, offset, size);
    });
  }
  bool is_store_intact(std::string_view member, base::StoreGeneration generation) const override {
    std::vector<std::string> files = tenant_->store_files(generation);
    files.push_back(tenant_->store_wal_file(generation));
    return std::all_of(files.begin(), files.end(), [&](const std::string& file) { return file.empty() || is_intact(member, file, 0, UINT64_MAX); });
  }

  bool spoils_disks() const {
    return std::any_of(plan_.actions.begin(), plan_.actions.end(), [](const Action& action) { return spoils_a_disk(action.kind); });
  }

  bool is_idle(std::uint32_t machine) const override { return !members_[machine]->is_in_use(); }
  void start_anew(std::uint32_t machine) override {
    sim_.after({}, [this, machine] {
      if (!course_->is_inspecting) members_[machine]->start_anew();
    });
  }
  void restart(std::uint32_t machine) override {
    sim_.after({}, [this, machine] {
      if (!course_->is_inspecting) members_[machine]->start_again();
    });
  }
  void retire(std::uint32_t machine) override {
    sim_.after({}, [this, machine] {
      if (!course_->is_inspecting) members_[machine]->retire();
    });
  }

  void kill_client(std::uint32_t client, base::Duration down) override {
    sim_.after({}, [this, client, down] {
      if (!clients_[client]->is_up()) return;
      if (recorder_ != nullptr) recorder_->on_process(machines_of(plan_) + client, StoryKind::crashed, "process killed");
      static_cast<void>(clients_[client]->crash(io::sim::CrashKind::process_kill));
      sim_.after(down, [this, client] { clients_[client]->restart(); });
    });
  }
  void pause_client(std::uint32_t client, base::Duration time) override {
    sim_.after({}, [this, client, time] {
      if (clients_[client]->is_up()) clients_[client]->pause(time);
    });
  }

  void begin(const Action& action) {
    if (!is_on_links(action.kind)) return members_[action.member]->begin(action);
    if (action.kind == ActionKind::cut_leader) return waiting_cuts_.push_back({&action, sim_.now() + kLeaderPatience});
    begin_on_links(action);
  }

  void begin_on_links(const Action& action) {
    if (recorder_ != nullptr) recorder_->on_action(action, machines_of(plan_));
    links_.begin(action);
  }

  // Right behind the turn in which it came to that, before anything that the leader has sent arrives.
  void cut_leader() {
    if (waiting_cuts_.empty()) return;
    const std::string name = oracles_->raft().newest_leader();
    const auto leader = std::find_if(members_.begin(), members_.end(), [&](const auto& member) { return member->name() == name; });
    if (leader == members_.end()) return;
    const bool is_changing = oracles_->has_open_change(name);
    std::vector<WaitingCut> still_waiting;
    for (const WaitingCut& cut : waiting_cuts_) {
      const bool is_due = cut.action->moment != Moment::changing || is_changing || sim_.now() >= cut.until;
      if (is_due) begin_on_links(aimed_at((*leader)->number(), *cut.action));
      else still_waiting.push_back(cut);
    }
    waiting_cuts_ = std::move(still_waiting);
  }

  void after_turn() {
    if (recorder_ != nullptr) recorder_->on_turn_end();
    oracles_->on_turn_end();
    for (const std::unique_ptr<Member>& member : members_) member->after_turn();
    cut_leader();
  }

  // From here on nothing goes wrong any more, but with those who stay broken for good.
  void calm_down() {
    course_->is_calm = true;
    waiting_cuts_.clear();
    if (recorder_ != nullptr) recorder_->on_calm();
    for (const std::unique_ptr<Member>& member : members_) member->heal();
    links_.heal();
    for (const Broken& broken : plan_.broken) {
      if (members_[broken.member]->is_gone()) continue;
      if ((plan_.spares > 0 || spoils_disks()) && !is_dispensable(broken.member)) continue;
      if (recorder_ != nullptr) recorder_->on_broken(broken);
      members_[broken.member]->stay_broken(broken.ailment);
      const bool is_isolated = broken.ailment == Ailment::isolated;
      if (is_isolated || broken.ailment == Ailment::cut_off) links_.cut_off(broken.member, is_isolated);
    }
    for (Member* const member : core()) member->wake_up();
    progress_.begin(now());
    look_again();
    // Those who know nobody cannot tell: then it may begin, and the operator is to blame (docs/fault-model.md).
    sim_.after(kMistakeAfter, [this] {
      if (course_->is_inspecting || plan_.spares > 0 || !has_quorum()) return;
      for (const std::unique_ptr<Member>& member : members_) {
        if (member->is_missed()) member->come_back_empty();
      }
    });
  }

  // --- what has to be well again, and how soon ---

  void look_again() {
    sim_.after(kLookEvery, [this] {
      if (course_->is_inspecting) return;
      excuse();
      if (findings_.is_progress_excused()) return;
      bool is_over = true;
      for_each_milestone([&](Milestone milestone) {
        if (progress_.is_to_look(milestone)) {
          Tenant::Waiting obstacle = obstacle_to(milestone);
          progress_.on_look(now(), milestone, std::move(obstacle.what), std::move(obstacle.subject));
        }
        is_over = is_over && progress_.is_reached(milestone);
      });
      if (!is_over) look_again();
    });
  }

  template <typename Visit>
  static void for_each_milestone(Visit&& visit) {
    // Who waits says more than who is unknown; `equal` comes behind the others.
    for (const Milestone milestone : {Milestone::answered, Milestone::changed, Milestone::leader, Milestone::equal}) visit(milestone);
  }

  // Empty: it is reached.
  Tenant::Waiting obstacle_to(Milestone milestone) const {
    switch (milestone) {
      case Milestone::leader: return machines_of(plan_) > 1 ? obstacle_to_leader() : Tenant::Waiting();
      case Milestone::answered: return tenant_->unanswered().value_or(Tenant::Waiting());
      case Milestone::changed: return tenant_->unchanged().value_or(Tenant::Waiting());
      case Milestone::equal: return obstacle_to_equality();
    }
    ASSERT(false && "a milestone outside the enumeration");
    return {};
  }

  Tenant::Waiting obstacle_to_equality() const {
    for (const Member* const member : core()) {
      const base::LogIndex applied = oracles_->applied(member->name());
      if (applied >= oracles_->committed()) continue;
      return {"member " + member->name() + " has applied up to index " + base::to_text(applied) + " of " + base::to_text(oracles_->committed()) +
                  ", and nobody asks for anything any more",
              Subject{{}, member->name(), {}}};
    }
    return {};
  }

  // What cannot recover need not. Of what it says nothing is excused.
  void excuse() {
    if (oracles_->ledger().is_beyond() && !has_quorum()) findings_.excuse_progress();
  }

  // Whoever's log the group may go by, it has a quorum without this machine and those that are broken already.
  bool is_dispensable(std::uint32_t machine) const {
    if (!members_[machine]->is_in_use()) return false;
    const Configurations& configurations = oracles_->configurations();
    std::set<base::MemberId> others;
    for (const std::unique_ptr<Member>& member : members_) {
      const bool is_whole = !member->is_gone() && oracles_->ledger().is_whole(member->name());
      if (member->number() != machine && member->is_in_use() && !member->ailment() && is_whole) others.insert(configurations.id_of(member->name()));
    }
    return std::all_of(members_.begin(), members_.end(), [&](const std::unique_ptr<Member>& member) {
      const Configurations::Change* const group = configurations.newest(member->name());
      return group == nullptr || !configurations.is_member(member->name()) || is_quorum(group->configuration, others);
    }) && (configurations.committed() == nullptr || is_quorum(configurations.committed()->configuration, others));
  }

  // Those who have to go on when the faults have ended.
  std::vector<Member*> core() const {
    std::vector<Member*> core;
    for (const std::unique_ptr<Member>& member : members_) {
      if (member->is_in_use() && !member->ailment() && !member->is_gone()) core.push_back(member.get());
    }
    return core;
  }

  // Those who are left can decide.
  bool has_quorum() const {
    const Configurations& configurations = oracles_->configurations();
    std::set<base::MemberId> ids;
    for (const Member* const member : core()) ids.insert(configurations.id_of(member->name()));
    return configurations.committed() == nullptr || is_quorum(configurations.committed()->configuration, ids);
  }

  // --- the end ---

  void judge_end() {
    ASSERT(course_->is_calm);
    excuse();
    for (const Member* const member : core()) {
      const std::string who = machines_of(plan_) == 1 ? "the member" : "member " + member->name();
      const Subject subject{{}, member->name(), {}};
      if (member->is_late()) stuck(who + " is not ready, long after all faults have ended", subject);
      if (plan_.spares > 0 && !oracles_->configurations().is_member(member->name())) stuck(who + " was removed from the group, and goes on", subject);
    }
    for (const std::unique_ptr<Member>& member : members_) {
      if (member->is_let_in()) stuck("member " + member->name() + " was started with an empty disk, and has not refused");
    }
    judge_backlog();
    oracles_->at_end();
    tenant_->at_end(findings_);
    for_each_milestone([this](Milestone milestone) {
      Tenant::Waiting obstacle = obstacle_to(milestone);
      progress_.on_last_look(milestone, std::move(obstacle.what), std::move(obstacle.subject));
    });
    if (machines_of(plan_) > 1) stuck(obstacle_to_leader().what);
    if (findings_.is_clean() && findings_.is_progress_excused()) return refuse();
    if (findings_.is_clean()) inspect();
  }

  void refuse() {
    std::string who;
    for (const std::unique_ptr<Member>& member : members_) {
      if (member->is_gone()) who += (who.empty() ? "" : "; ") + member->name() + ": " + *member->is_gone();
    }
    findings_.report(VerdictKind::refused, Ledger::kName, "those who are left are no quorum, and more disks were spoilt than the group bears (" + who + ")");
  }

  void judge_backlog() {
    for (const Member* const member : core()) {
      const base::LogIndex applied = oracles_->applied(member->name());
      if (applied >= committed_lately_) continue;
      stuck("member " + member->name() + " has applied up to index " + base::to_text(applied) + ", and the group had committed index " +
            base::to_text(committed_lately_) + " long before the end");
    }
  }

  // The core has one leader, and knows it, and that leader serves: one whose disk hangs, too, must have handed over, once somebody
  // wanted something written.
  Tenant::Waiting obstacle_to_leader() const {
    const RaftOracle& raft = oracles_->raft();
    for (const Member* const one : core()) {
      // Who joins asks each of those that it was told of first, and waits for those that are broken: the bound `changed` is for it.
      const bool joins = plan_.spares > 0 && oracles_->configurations().id_of(one->name()) == base::MemberId::none;
      if (joins) continue;
      const std::string name = raft.leader_of(one->name());
      const auto leader = std::find_if(members_.begin(), members_.end(), [&](const auto& member) { return member->name() == name; });
      if (leader == members_.end()) return {"member " + one->name() + " has recovered, with a quorum, and knows no leader"};
      if (!raft.is_leader(name)) return {"member " + one->name() + " has recovered, and follows " + name + ", which does not lead"};
      const std::optional<Ailment> ailment = (*leader)->ailment();
      if (!ailment || (*ailment == Ailment::hanging && !is_written_in_calm())) continue;
      return {"member " + one->name() + " has recovered, and follows " + name + ", which stays broken"};
    }
    return {};
  }

  bool is_written_in_calm() const {
    const auto is_calm = [this](const Operation& one) { return one.at >= plan_.faults_until; };
    return std::any_of(plan_.operations.begin(), plan_.operations.end(), is_calm) && tenant_->has_written_in_calm();
  }

  void stuck(std::string what, Subject subject = {}) {
    if (what.empty()) return;
    findings_.report(VerdictKind::liveness, Progress::kName, std::move(what), std::move(subject));
  }

  // What the last process of each left on its disk, whatever it was doing.
  void inspect() {
    course_->is_inspecting = true;
    std::vector<Member*> all = core();
    // Whoever is spoilt, and has not noticed yet, may refuse.
    all.erase(std::remove_if(all.begin(), all.end(), [this](const Member* member) { return !oracles_->ledger().is_whole(member->name()); }), all.end());
    for (Member* const member : all) member->stop_for_inspection();
    for (Member* const member : all) member->inspect();
    const auto is_over = [&] { return std::all_of(all.begin(), all.end(), [](const Member* member) { return member->is_ready(); }); };
    static_cast<void>(sim_.run_until([&] { return is_over() || !findings_.is_clean(); }, kInspectedWithin));
    for (const Member* const member : all) {
      if (member->is_ready() || !findings_.is_clean()) continue;
      stuck("the files of " + member->name() + " cannot be opened in time");
    }
  }

  Outcome outcome(Recording* recording) {
    Outcome out;
    out.verdict = findings_.verdict();
    out.digest = sim_.digest();
    out.turns = sim_.turns().count();
    out.simulated = sim_.now().since_start();
    out.faults = sim_.counters();
    out.crashes = course_->crashes;
    for_each_milestone([&](Milestone milestone) {
      if (const auto took = progress_.took(milestone)) out.reached_after[std::string(kBounds[static_cast<std::size_t>(milestone)].name)] = *took;
    });
    out.commits_proven = oracles_->commits_proven();
    for (const std::unique_ptr<Member>& member : members_) out.marks.add(member->node().observation().marks);
    out.is_beyond = oracles_->ledger().is_beyond();
    ASSERT(out.is_beyond || out.verdict.kind != VerdictKind::refused);  // that is the only excuse
    for (const auto& [loss, count] : oracles_->ledger().counts()) out.losses[std::string(to_text(loss))] = count;
    for (const std::unique_ptr<Member>& member : members_) out.gone += member->is_gone() ? 1 : 0;
    out.counts = tenant_->counts();
    out.counts["member_failures"] = course_->failures;
    const SnapshotCounts& snapshots = oracles_->snapshots();
    out.counts["snapshots_begun"] = snapshots.begun;
    out.counts["snapshots_complete"] = snapshots.complete;
    out.counts["snapshots_broken_off"] = snapshots.broken_off;
    out.counts["snapshots_installed"] = snapshots.installed;
    if (recording == nullptr) return out;
    if (recorder_ != nullptr) {
      recording->story = recorder_->take(out.verdict, findings_.subject());
      for (const std::unique_ptr<Member>& member : members_) recording->machines.push_back(standing_of(member->node(), sim_.now()));
    }
    recording->turns = sim_.turns().kept();
    recording->decisions = sim_.decisions().records();
    recording->hits = sim_.decisions().hits();
    std::vector<std::pair<VirtualTime, std::string>> lines;
    for (const std::unique_ptr<Member>& member : members_) {
      for (const io::sim::LogLine& line : member->node().observation().log) {
        lines.emplace_back(line.at, std::to_string(line.at.since_start().count()) + " " + member->name() + " " + line.text);
      }
    }
    std::stable_sort(lines.begin(), lines.end(), [](const auto& one, const auto& other) { return one.first < other.first; });
    for (auto& line : lines) recording->log.push_back(std::move(line.second));
    return out;
  }

  const Plan& plan_;
  const Faults faults_;
  const RunOptions options_;
  Findings findings_;
  Progress progress_{findings_};
  std::unique_ptr<Tenant> tenant_;  // this and what follows outlives the nodes: their programs refer to it
  std::unique_ptr<Oracles> oracles_;
  std::vector<std::unique_ptr<ClientFactory>> client_factories_;
  std::unique_ptr<Course> course_;
  std::vector<std::unique_ptr<Member>> members_;
  std::vector<Node*> clients_;
  std::unique_ptr<Recorder> recorder_;  // it hears the wire, which the nodes use while they end

  io::sim::Simulation sim_;
  Links links_;
  base::LogIndex committed_lately_;
  std::vector<WaitingCut> waiting_cuts_;  // for a leader, or for its moment
};

}  // namespace

base::Result<Outcome> run(const Scenario& scenario, const Plan& plan, const RunOptions& options, Recording* recording) {
  if (std::string wrong = contradiction(plan); !wrong.empty()) return base::fail(base::Code::invalid, std::move(wrong));
  const base::Result<Faults> faults = faults_of(plan.rates);
  if (!faults) return base::fail(faults.error());
  Engine engine(plan, *faults, options);
  base::Result<std::unique_ptr<Tenant>> tenant = scenario.make_tenant(plan, engine.findings());
  if (!tenant) return base::fail(tenant.error());
  engine.host(std::move(*tenant));
  return engine.run(recording);
}

}  // namespace sim

#include "sim/etcd/application_run.h"

#include <algorithm>
#include <utility>

#include "core/base/assert.h"
#include "sim/alarms.h"
#include "sim/etcd/requests.h"

namespace sim::etcd {

std::optional<std::string> Committed::value(std::string_view key) const {
  const ModelKeyValue* const kv = model_.find(key, model_.revision());
  return kv == nullptr ? std::nullopt : std::optional<std::string>(kv->value);
}

std::map<std::string, std::string> Committed::under(std::string_view prefix) const {
  std::map<std::string, std::string> out;
  model_.for_each(prefix, end_of(prefix), model_.revision(), [&](const ModelKeyValue& kv) { out.emplace(kv.key, kv.value); });
  return out;
}

// --- one life of a process --------------------------------------------------------------------------

class ApplicationRun::Program final : public io::sim::Program, private Machine {
 public:
  Program(ApplicationRun& run, io::sim::Node& node, std::uint32_t number, std::vector<io::Address> servers, base::Duration patience)
      : run_(run), part_(run.parts_[number]), node_(node), number_(number), servers_(std::move(servers)), patience_(patience),
        alarms_(node.world().clock) {
    const base::Duration now = this->now();
    for (const Disturbance& one : part_.disturbances) {
      if (one.at >= now && one.at < run_.plan_.faults_until) after(one.at - now, [this, one] { disturb(one); });
    }
    if (!is_calm()) after(run_.plan_.faults_until - now, [this] { finish(); });
    wait();
  }

 private:
  std::uint32_t number() const override { return number_; }
  std::uint32_t count() const override { return run_.plan_.clients; }
  const io::World& world() const override { return node_.world(); }
  base::Duration now() const override { return node_.host().now().since_start(); }
  bool is_calm() const override { return now() >= run_.plan_.faults_until; }
  const std::vector<io::Address>& servers() const override { return servers_; }
  base::Duration patience() const override { return patience_; }
  KvOracle& oracle() override { return run_.oracle_; }
  OperationName next_request(bool is_write) override {
    if (is_write && is_noticed_in_calm(run_.plan_, now())) run_.has_written_in_calm_ = true;
    return {number_, part_.requests++};
  }
  const Job& job() const override { return job_; }

  void fail(std::string sentence) override {
    const std::string who = "process " + std::to_string(number_) + ", job " + std::to_string(job_.number) + " (" + job_.what + "): ";
    run_.findings_.safety(run_.kind_.name, who + std::move(sentence), Subject{run_.oracle_.newest_of(number_), {}, {}, {}});
  }

  void after(base::Duration time, std::function<void()> then) override { alarms_.after(time, std::move(then)); }

  // For the next job, or for another attempt at the one that was cut short.
  void wait() {
    if (part_.job) {
      ++part_.job->attempt;
      ++run_.begun_again_;
      return after({}, [this] { begin(); });
    }
    if (part_.jobs.empty()) return;
    after(part_.jobs.front().at - now(), [this] {
      part_.job = Job{part_.jobs.front().number, 0, part_.jobs.front().what};
      part_.jobs.pop_front();
      begin();
    });
  }
  void begin() {
    if (process_ == nullptr) process_ = run_.application_->start(*this);
    job_ = *part_.job;
    process_->begin(job_);
    if (is_calm()) finish();
  }
  void end_job() override {
    ASSERT(part_.job.has_value());
    part_.job.reset();
    ++run_.ended_;
    wait();
  }
  void finish() {
    if (process_ == nullptr || std::exchange(is_told_, true)) return;
    process_->finish();
  }
  void disturb(const Disturbance& one) {
    if (one.is_kill) run_.machines_->kill_client(number_, one.lasting);
    else run_.machines_->pause_client(number_, one.lasting);
  }

  ApplicationRun& run_;
  Part& part_;
  io::sim::Node& node_;
  const std::uint32_t number_;
  const std::vector<io::Address> servers_;
  const base::Duration patience_;
  Job job_;
  Alarms alarms_;
  bool is_told_ = false;  // that the faults are over
  std::unique_ptr<Process> process_;  // goes first: it uses the machine until then
};

// --- all of them ------------------------------------------------------------------------------------

ApplicationRun::ApplicationRun(const Plan& plan, const ApplicationKind& kind, KvOracle& oracle, Findings& findings)
    : plan_(plan), kind_(kind), oracle_(oracle), findings_(findings), parts_(plan.clients), application_(kind.make(*this)) {}

ApplicationRun::~ApplicationRun() = default;

base::Status ApplicationRun::take(const Operation& line) {
  Part& part = parts_[line.client];
  const base::Result<std::optional<Disturbance>> disturbance = parse_disturbance(line);
  if (!disturbance) return base::fail(disturbance.error());
  if (*disturbance) part.disturbances.push_back(**disturbance);
  else part.jobs.push_back(line);
  return {};
}

std::unique_ptr<io::sim::Program> ApplicationRun::start(io::sim::Node& node, std::uint32_t process, std::vector<io::Address> servers,
                                                        base::Duration patience) {
  node_ = &node;
  return std::make_unique<Program>(*this, node, process, std::move(servers), patience);
}

std::optional<Tenant::Waiting> ApplicationRun::unanswered() const {
  for (std::uint32_t process = 0; process < parts_.size(); ++process) {
    const Part& part = parts_[process];
    const std::string who = "process " + std::to_string(process);
    if (part.job) {
      return Tenant::Waiting{who + " has not ended its job " + std::to_string(part.job->number) + " (" + part.job->what + ")",
                             Subject{oracle_.newest_of(process), {}, {}, {}}};
    }
    if (!part.jobs.empty()) {
      const auto& next = part.jobs.front();
      return Tenant::Waiting{who + " has not begun its job " + std::to_string(next.number) + " (" + next.what + ")"};
    }
  }
  return std::nullopt;
}

void ApplicationRun::at_end() {
  if (findings_.is_clean() && !unanswered()) application_->at_end();
}

void ApplicationRun::add_counts(std::map<std::string, std::uint64_t>& counts) const {
  counts["jobs"] = ended_;
  counts["jobs_begun_again"] = begun_again_;
}

}  // namespace sim::etcd

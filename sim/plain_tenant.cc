// The tenant and the scenario of a PlainKind.
#include <utility>

#include "core/replica/command.h"
#include "sim/draft.h"
#include "sim/left_log.h"
#include "sim/plain.h"
#include "sim/plain_client.h"
#include "sim/plain_sizes.h"

namespace sim {

namespace {

constexpr std::uint16_t kClientPort = 7000;
constexpr std::uint16_t kPeerPort = 7001;

class MemberProgram final : public io::sim::Program, private replica::ReplicaListener {
 public:
  MemberProgram(io::sim::Node& node, peer::PlainServerConfig config, PlainMachine machine, MemberHost& host)
      : host_(host), machine_(std::move(machine)), server_(node.world(), std::move(config), *machine_.machine, *machine_.reader, *this) {
    if (const base::Status started = server_.start(); !started) host_.on_failed(started.error());
  }

 private:
  void on_started() override { host_.on_ready(); }
  void on_leader(base::MemberId) override {}
  void on_stopped(const base::Error& why) override { host_.on_failed(why); }

  MemberHost& host_;
  PlainMachine machine_;
  peer::PlainServer server_;
};

// Opens what a member left, and shows it to the judge.
class Inspection final : public io::sim::Program, private replica::StateMachineListener, private io::Completion, private LeftLogListener {
 public:
  Inspection(io::sim::Node& node, PlainMachine machine, PlainJudge& judge, std::string_view oracle, Findings& findings, MemberHost& host)
      : name_(node.name()), judge_(judge), oracle_(oracle), findings_(findings), host_(host), machine_(std::move(machine)), log_(node.world(), *this) {}

 private:
  void on_log_read(base::Result<wal::State> state) override {
    if (!state) return complete(base::fail(state.error()));
    machine_.machine->open(state->store_mark, state->start.last_dropped.index.next(), *this, *this);
  }
  void complete(base::Status status) override {
    if (status) judge_.on_left(machine_.machine->applied(), machine_.reader->read(""));
    else findings_.safety(oracle_, "the file that member " + name_ + " left cannot be opened: " + status.error().detail);
    host_.on_ready();
  }
  void on_durable(const base::StoreMark&) override {}
  void on_room() override {}
  void on_failed(const base::Error&) override {}

  const std::string name_;
  PlainJudge& judge_;
  const std::string_view oracle_;
  Findings& findings_;
  MemberHost& host_;
  PlainMachine machine_;
  LeftLog log_;
};

// Requests and answers are taken for text.
class PlainTeller final : public Teller {
 public:
  explicit PlainTeller(const PlainKind& kind) : kind_(kind) {}
  void tell(OperationListener& listener) override { listener_ = &listener; }
  OperationListener* listener() const { return listener_; }
  std::string message_words(std::string_view path, bool is_answer, std::string_view message) const override {
    const std::string_view word = is_answer ? "" : path == "/" + kind_.service + "/Read" ? "read " : "write ";
    return std::string(word) + std::string(message);
  }
  std::string state_words(base::LogIndex) const override { return {}; }
  std::optional<OperationName> asked_by(base::LogIndex) const override { return std::nullopt; }
  std::string_view promise(std::string_view oracle) const override { return oracle == kind_.name ? kind_.promise : std::string_view(); }

 private:
  const PlainKind& kind_;
  OperationListener* listener_ = nullptr;
};

class PlainTenant final : public Tenant, private CommittedListener, private PlainRun {
 public:
  PlainTenant(const Plan& plan, const PlainKind& kind, const PlainSizes& sizes, std::vector<PlainPart> parts, Findings& findings)
      : plan_(plan), kind_(kind), sizes_(sizes), findings_(findings), parts_(std::move(parts)), teller_(kind), judge_(kind.make_judge(*this)) {}

  void use(Machines& machines) override { machines_ = &machines; }

  std::unique_ptr<io::sim::Program> start_member(io::sim::Node& node, std::uint32_t member, MemberHost& host) override {
    peer::PlainServerConfig config;
    config.service = kind_.service;
    config.self = base::MemberId(member + 1);
    for (std::uint32_t i = 0; i < plan_.members; ++i) config.group[base::MemberId(i + 1)] = {{member_name(i), kPeerPort}};
    config.listen = {node.name(), kClientPort};
    config.peer.further_fields = further_fields_of(plan_, member);
    sizes_.use(config.tuning);
    return std::make_unique<MemberProgram>(node, std::move(config), kind_.make_machine(node.world(), sizes_.write_state_after_bytes), host);
  }

  std::unique_ptr<io::sim::Program> start_client(io::sim::Node& node, std::uint32_t client) override {
    PlainSurroundings around{plan_, kind_.service, sizes_.attempt_max(), {}, *judge_, *machines_, teller_.listener(), counts_};
    for (std::uint32_t member = 0; member < plan_.members; ++member) around.servers.push_back({member_name(member), kClientPort});
    return std::make_unique<PlainClient>(node, client, parts_[client], std::move(around));
  }

  CommittedListener* committed_listener() override { return this; }
  Teller* teller() override { return &teller_; }
  base::Duration election_timeout() const override { return sizes_.election_timeout(); }
  std::vector<std::string> store_files(base::StoreGeneration generation) const override { return {"state-" + base::to_text(generation)}; }
  std::string store_wal_file(base::StoreGeneration) const override { return {}; }

  bool has_written_in_calm() const override { return counts_.has_written_in_calm; }
  std::optional<Waiting> unanswered() const override {
    for (std::uint32_t client = 0; client < plan_.clients; ++client) {
      const PlainPart& part = parts_[client];
      if (part.lines.empty() && !part.asked) continue;
      const Subject subject{part.asked ? std::optional<OperationName>(part.asked->name) : std::nullopt, {}, {}, {}};
      return Waiting{"client " + std::to_string(client) + " still waits for its last answers", subject};
    }
    return std::nullopt;
  }

  std::unique_ptr<io::sim::Program> start_inspection(io::sim::Node& node, std::uint32_t, MemberHost& host, Findings& findings) override {
    return std::make_unique<Inspection>(node, kind_.make_machine(node.world(), 0), *judge_, kind_.name, findings, host);
  }

  std::map<std::string, std::uint64_t> counts() const override {
    return {{"sent", counts_.sent}, {"acknowledged", counts_.answered}, {"unknown", counts_.lost}};
  }

 private:
  void on_committed(const base::Entry& entry) override {
    if (entry.kind != base::EntryKind::command) return;
    const base::Result<replica::DecodedCommand> command = replica::decode_command(entry.bytes());
    if (command) return judge_->on_committed(entry.id.index, command->bytes);
    fail("the command at index " + base::to_text(entry.id.index) + " cannot be read: " + command.error().detail);
  }
  void fail(std::string sentence) override { findings_.safety(kind_.name, std::move(sentence)); }

  const Plan& plan_;
  const PlainKind& kind_;
  const PlainSizes sizes_;
  Findings& findings_;
  std::vector<PlainPart> parts_;
  PlainCounts counts_;
  PlainTeller teller_;
  Machines* machines_ = nullptr;
  std::unique_ptr<PlainJudge> judge_;
};

bool is_line(const std::string& text) {
  for (const std::string_view word : {std::string_view("read"), std::string_view("write")}) {
    if (text == word || text.substr(0, word.size() + 1) == std::string(word) + " ") return true;
  }
  return false;
}

base::Status take(const Operation& line, PlainPart& part) {
  const base::Result<std::optional<Disturbance>> disturbance = parse_disturbance(line);
  if (!disturbance) return base::fail(disturbance.error());
  if (*disturbance) part.disturbances.push_back(**disturbance);
  else if (is_line(line.what)) part.lines.push_back(line);
  else return base::fail(base::Code::invalid, "`" + line.what + "` is neither `read …` nor `write …`");
  return {};
}

class PlainScenario final : public Scenario {
 public:
  explicit PlainScenario(PlainKind kind) : kind_(std::move(kind)) {}
  std::string_view name() const override { return kind_.name; }

  Plan draw_plan(std::uint64_t seed) const override { return drafted_plan(kind_.name, seed, draw_plain_sizes, kind_.draw); }

  base::Result<std::unique_ptr<Tenant>> make_tenant(const Plan& plan, Findings& findings) const override {
    const base::Result<PlainSizes> sizes = plain_sizes_of(plan);
    if (!sizes) return base::fail(sizes.error());
    if (plan.learners > 0 || plan.spares > 0) return base::fail(base::Code::invalid, "such a group has voters alone, and stays as it is");
    std::vector<PlainPart> parts(plan.clients);
    for (const Operation& line : plan.operations) {
      if (const base::Status taken = take(line, parts[line.client]); !taken) return base::fail(taken.error());
    }
    return std::make_unique<PlainTenant>(plan, kind_, *sizes, std::move(parts), findings);
  }

 private:
  const PlainKind kind_;
};

}  // namespace

std::unique_ptr<Scenario> make_scenario(PlainKind kind) { return std::make_unique<PlainScenario>(std::move(kind)); }

}  // namespace sim

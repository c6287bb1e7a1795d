#include "apps/examples/bank/scenario.h"

#include <algorithm>
#include <array>
#include <deque>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "apps/examples/bank/bank.h"
#include "apps/examples/bank/client.h"
#include "apps/examples/bank/oracle.h"
#include "apps/examples/bank/teller.h"
#include "sim/left_log.h"
#include "sim/plain_sizes.h"
#include "sim/swarm.h"

namespace bank {

namespace {

using io::sim::Decisions;
using std::chrono::milliseconds;

constexpr std::uint16_t kClientPort = 7000;
constexpr std::uint16_t kPeerPort = 7001;
constexpr base::Duration kFaultsUntil = std::chrono::seconds(50);
constexpr base::Duration kDuration = std::chrono::seconds(100);
// The last requests of each client are sent this long after the faults have ended, and must be answered.
constexpr base::Duration kCalmBefore = std::chrono::seconds(10);

// --- the plan ---------------------------------------------------------------------------------------

// What an operation says: `open ACCOUNT`, `deposit ACCOUNT AMOUNT`, `transfer FROM TO AMOUNT`, or `read [ACCOUNT]`.
bool is_operation(const std::string& text) {
  std::istringstream in(text);
  std::string verb;
  std::string word;
  in >> verb;
  std::size_t words = 0;
  while (in >> word) ++words;
  if (verb == "read") return words <= 1;
  return (verb == "open" && words == 1) || (verb == "deposit" && words == 2) || (verb == "transfer" && words == 3);
}

// Each run has its own mix of few kinds, and its own pace.
class Workload {
 public:
  Workload(Decisions& decisions, sim::Plan& plan)
      : decisions_(decisions), plan_(plan), accounts_(2 + decisions.below("plan-accounts", {}, 5)) {
    for (std::size_t kind = 0; kind < weights_.size(); ++kind) weights_[kind] = 1 + decisions_.below("plan-weight", {kind}, 10);
  }

  void draw() {
    for (std::uint32_t client = 0; client < plan_.clients; ++client) {
      std::uint32_t number = 0;
      // Somebody opens each account, and puts something in.
      for (std::uint64_t account = client; account < accounts_; account += plan_.clients) {
        add(client, number++, milliseconds(500), "open " + name(account));
        add(client, number++, milliseconds(500), "deposit " + name(account) + " 100");
      }
      const std::uint64_t count = 30 + decisions_.below("plan-operations", {client}, 300);
      const std::uint64_t first = plan_.operations.size();
      for (std::uint64_t i = 0; i < count; ++i, ++number) {
        const base::Duration at = decisions_.between("plan-at", {client, number}, milliseconds(500), plan_.faults_until);
        add(client, number, at, text(client, number));
      }
      const auto is_earlier = [](const sim::Operation& one, const sim::Operation& other) {
        return one.at != other.at ? one.at < other.at : one.number < other.number;
      };
      std::sort(plan_.operations.begin() + static_cast<std::ptrdiff_t>(first), plan_.operations.end(), is_earlier);
      const base::Duration calm = plan_.faults_until + decisions_.between("plan-calm-at", {client}, milliseconds(10), kCalmBefore);
      add(client, number, calm, "transfer " + name(0) + " " + name(1) + " 1");
      add(client, number + 1, calm, "read");
    }
  }

 private:
  static std::string name(std::uint64_t account) { return "a" + std::to_string(account); }
  void add(std::uint32_t client, std::uint32_t number, base::Duration at, std::string what) {
    plan_.operations.push_back({client, number, at, std::move(what)});
  }
  std::string text(std::uint32_t client, std::uint32_t number) {
    std::uint64_t all = 0;
    for (const std::uint64_t weight : weights_) all += weight;
    std::uint64_t left = decisions_.below("plan-kind", {client, number}, all);
    std::size_t kind = 0;
    while (left >= weights_[kind]) left -= weights_[kind++];
    const std::string one = name(decisions_.below("plan-account", {client, number}, accounts_));
    const std::string other = name(decisions_.below("plan-other-account", {client, number}, accounts_));
    const std::string amount = std::to_string(1 + decisions_.below("plan-amount", {client, number}, 60));  // more than there often is
    switch (kind) {
      case 0: return "deposit " + one + " " + std::to_string(1 + decisions_.below("plan-deposit", {client, number}, 5));
      case 1: return "read " + one;
      case 2: return "read";
      default: return "transfer " + one + " " + other + " " + amount;
    }
  }

  Decisions& decisions_;
  sim::Plan& plan_;
  const std::uint64_t accounts_;
  std::array<std::uint64_t, 5> weights_{};
};

// --- the programs -----------------------------------------------------------------------------------

class MemberProgram final : public io::sim::Program, private replica::ReplicaListener {
 public:
  MemberProgram(io::sim::Node& node, peer::PlainServerConfig config, std::uint64_t write_state_after_bytes, sim::MemberHost& host)
      : host_(host), bank_(node.world(), write_state_after_bytes), server_(node.world(), std::move(config), bank_, bank_, *this) {
    if (const base::Status started = server_.start(); !started) host_.on_failed(started.error());
  }

 private:
  void on_started() override { host_.on_ready(); }
  void on_leader(base::MemberId) override {}
  void on_stopped(const base::Error& why) override { host_.on_failed(why); }

  sim::MemberHost& host_;
  Bank bank_;
  peer::PlainServer server_;
};

// Asks one thing after the other: each at its time, or when the one before it has been answered.
class Customer final : public io::sim::Program, private ClientListener, private io::Timer {
 public:
  // `listener` may be null.
  Customer(const io::World& world, std::uint32_t number, ClientOptions options, std::deque<sim::Operation> operations, BankOracle& oracle,
           sim::OperationListener* listener, bool& is_finished)
      : world_(world), number_(number), operations_(std::move(operations)), oracle_(oracle), listener_(listener), is_finished_(is_finished),
        client_(world, std::move(options), *this) {
    wait();
  }
  ~Customer() override { world_.clock.disarm(*this); }

 private:
  void wait() {
    is_finished_ = operations_.empty();
    if (!is_finished_) world_.clock.arm(*this, base::Instant(operations_.front().at));
  }
  void on_timer() override {
    const std::string what = std::move(operations_.front().what);
    name_ = {number_, operations_.front().number};
    operations_.pop_front();
    if (listener_ != nullptr) listener_->on_asked(name_, what);
    is_read_ = what.starts_with("read");
    if (is_read_) client_.read(std::string_view(what).substr(4));
    else client_.write(what);
  }
  void on_asking(std::string_view request) override {
    question_ = oracle_.on_asking(number_, is_read_, request);
    question_.name = name_;
  }
  void on_answer(std::string_view answer) override {
    const bool is_done = answer.starts_with("ok ");
    if (listener_ != nullptr) listener_->on_ended(name_, is_done ? sim::OperationEnd::answered : sim::OperationEnd::refused, std::string(answer));
    oracle_.on_answer(question_, answer);
    wait();
  }

  const io::World& world_;
  const std::uint32_t number_;
  std::deque<sim::Operation> operations_;
  BankOracle& oracle_;
  sim::OperationListener* const listener_;
  bool& is_finished_;
  sim::OperationName name_;
  bool is_read_ = false;
  Question question_;
  Client client_;
};

// Opens what a member left, and shows it to the oracle.
class Inspection final : public io::sim::Program, private replica::StateMachineListener, private io::Completion, private sim::LeftLogListener {
 public:
  Inspection(io::sim::Node& node, BankOracle& oracle, sim::Findings& findings, sim::MemberHost& host)
      : name_(node.name()), oracle_(oracle), findings_(findings), host_(host), bank_(node.world(), 0), log_(node.world(), *this) {}

 private:
  void on_log_read(base::Result<wal::State> state) override {
    if (!state) return complete(base::fail(state.error()));
    bank_.open(state->store_mark, state->start.last_dropped.index.next(), *this, *this);
  }
  void complete(base::Status status) override {
    if (status) oracle_.on_left(name_, bank_.read(""));
    else findings_.safety(BankOracle::kName, "the file that member " + name_ + " left cannot be opened: " + status.error().detail);
    host_.on_ready();
  }
  void on_durable(const base::StoreMark&) override {}
  void on_room() override {}
  void on_failed(const base::Error&) override {}

  const std::string name_;
  BankOracle& oracle_;
  sim::Findings& findings_;
  sim::MemberHost& host_;
  Bank bank_;
  sim::LeftLog log_;
};

// --- the tenant -------------------------------------------------------------------------------------

class Tenant final : public sim::Tenant {
 public:
  Tenant(const sim::Plan& plan, const sim::PlainSizes& sizes, sim::Findings& findings)
      : plan_(plan), sizes_(sizes), oracle_(findings), operations_(plan.clients), finished_(plan.clients) {
    for (const sim::Operation& operation : plan.operations) operations_[operation.client].push_back(operation);
  }

  std::unique_ptr<io::sim::Program> start_member(io::sim::Node& node, std::uint32_t member, sim::MemberHost& host) override {
    peer::PlainServerConfig config;
    config.service = kService;
    config.request_bytes_max = kRequestBytesMax;
    config.self = base::MemberId(member + 1);
    for (std::uint32_t i = 0; i < plan_.members; ++i) config.group[base::MemberId(i + 1)] = {{sim::member_name(i), kPeerPort}};
    config.listen = {node.name(), kClientPort};
    sizes_.use(config.tuning);
    return std::make_unique<MemberProgram>(node, std::move(config), sizes_.write_state_after_bytes, host);
  }

  std::unique_ptr<io::sim::Program> start_client(io::sim::Node& node, std::uint32_t client) override {
    ClientOptions options;
    options.attempt_max = sizes_.attempt_max();
    for (std::uint32_t i = 0; i < plan_.members; ++i) {
      options.servers.push_back({sim::member_name((client + i) % plan_.members), kClientPort});
    }
    return std::make_unique<Customer>(node.world(), client, std::move(options), operations_[client], oracle_, teller_.listener(), finished_[client].value);
  }

  sim::CommittedListener* committed_listener() override { return &oracle_; }
  sim::Teller* teller() override { return &teller_; }
  base::Duration election_timeout() const override { return sizes_.election_timeout(); }
  std::vector<std::string> store_files(base::StoreGeneration generation) const override { return {"state-" + base::to_text(generation)}; }
  std::string store_wal_file(base::StoreGeneration) const override { return {}; }

  // Only what was asked in the calm has to be answered: a smaller plan may have nothing of the kind.
  std::optional<Waiting> unanswered() const override {
    for (std::uint32_t client = 0; client < plan_.clients; ++client) {
      const bool is_owed = !operations_[client].empty() && operations_[client].back().at >= plan_.faults_until;
      if (is_owed && !finished_[client].value) return Waiting{"client " + std::to_string(client) + " still waits for its last answers"};
    }
    return std::nullopt;
  }

  std::unique_ptr<io::sim::Program> start_inspection(io::sim::Node& node, std::uint32_t, sim::MemberHost& host,
                                                     sim::Findings& findings) override {
    return std::make_unique<Inspection>(node, oracle_, findings, host);
  }

  std::map<std::string, std::uint64_t> counts() const override {
    const Counts& counts = oracle_.counts();
    return {{"sent", counts.sent}, {"acknowledged", counts.acknowledged}, {"refused", counts.refused}, {"repeated", counts.repeated}};
  }

 private:
  struct Flag {
    bool value = false;
  };
  const sim::Plan& plan_;
  const sim::PlainSizes sizes_;
  BankOracle oracle_;
  BankTeller teller_;
  std::vector<std::deque<sim::Operation>> operations_;
  std::vector<Flag> finished_;
};

class Scenario final : public sim::Scenario {
 public:
  std::string_view name() const override { return "bank"; }

  sim::Plan draw_plan(std::uint64_t seed) const override {
    constexpr std::array<std::uint32_t, 10> kMembers = {3, 3, 3, 3, 3, 5, 5, 7, 1, 2};
    Decisions decisions(seed);
    sim::Plan plan;
    plan.scenario = name();
    plan.seed = seed;
    plan.members = kMembers[decisions.below("plan-members", {}, kMembers.size())];
    plan.clients = 1 + static_cast<std::uint32_t>(decisions.below("plan-clients", {}, 8));
    plan.faults_until = kFaultsUntil;
    plan.duration = kDuration;
    sim::draw_plain_sizes(decisions, plan);
    sim::draw_faults(decisions, sim::Budget::within, plan);
    Workload(decisions, plan).draw();
    return plan;
  }

  base::Result<std::unique_ptr<sim::Tenant>> make_tenant(const sim::Plan& plan, sim::Findings& findings) const override {
    const base::Result<sim::PlainSizes> sizes = sim::plain_sizes_of(plan);
    if (!sizes) return base::fail(sizes.error());
    if (plan.learners > 0) return base::fail(base::Code::invalid, "the members of a bank have a vote each");
    for (const sim::Operation& operation : plan.operations) {
      if (is_operation(operation.what)) continue;
      return base::fail(base::Code::invalid, "`" + operation.what + "` is nothing that a client of a bank asks");
    }
    return std::make_unique<Tenant>(plan, *sizes, findings);
  }
};

}  // namespace

std::unique_ptr<sim::Scenario> make_scenario() { return std::make_unique<Scenario>(); }

}  // namespace bank

#include "apps/lockstep/bench_run.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "apps/lockstep/bench_process.h"
#include "apps/lockstep/precise_timer.h"
#include "core/rpc/client.h"

namespace lockstep {

namespace {

// The loop's clock stands still within a turn. What a client sees does not, so latency is read from the machine's.
using Clock = std::chrono::steady_clock;

constexpr base::Duration kStallTimeout = std::chrono::seconds(30);

class Run;

// One place for an operation.
class Client final : public rpc::ClientCall {
 public:
  Client(Run& run, rpc::Channel& channel) : run_(run), channel_(channel) {}
  void start(const Operation& operation, std::string_view request, Clock::time_point due) {
    operation_ = operation;
    due_ = due;
    channel_.unary(Load::path(operation.kind), request, {}, *this);
  }
  void on_message(std::string_view message) override;
  void on_status(const rpc::Status& status) override;

  Clock::time_point due() const { return due_; }

 private:
  Run& run_;
  rpc::Channel& channel_;
  Operation operation_;
  Clock::time_point due_;
};

// connecting -> running -> over
class Run final : private rpc::ChannelListener, private io::Timer, private TimerHandler {
 public:
  Run(BenchWorld& world, Load& load, const RunPlan& plan)
      : bench_(world), world_(world.real()), load_(load), plan_(plan), pacer_(world_.loop(), *this) {
    rpc::ChannelListener* const listener = this;
    for (unsigned i = 0; i < plan.connections; ++i) {
      channels_.push_back(std::make_unique<rpc::Channel>(world_.world(), plan.address, rpc::ChannelOptions{}, listener));
    }
    for (unsigned i = 0; i < plan.clients; ++i) clients_.push_back(std::make_unique<Client>(*this, *channels_[i % plan.connections]));
    watch_for_stalls();
  }
  ~Run() { world_.world().clock.disarm(*this); }

  base::Result<RunResult> perform() {
    while (!is_over_) {
      world_.run_turn(base::Duration(-1));
      if (bench_.is_interrupted()) fail(base::Code::unavailable, "interrupted");
    }
    if (failure_) return base::fail(*failure_);
    return std::move(result_);
  }

  void on_answer(const Operation& operation, std::string_view message) { load_.on_answer(operation, message); }
  void on_end(Client& client, const rpc::Status& status) {
    if (is_over_) return;
    const Clock::time_point now = Clock::now();
    if (status.code == rpc::StatusCode::ok) result_.taken.add(now - client.due());
    else ++result_.errors[to_text(status)];
    ++ended_;
    idle_.push_back(&client);
    start_due(now);
    if (ended_ == started_ && nothing_left(now)) finish(now);
  }

 private:
  void on_connected() override {
    if (++connected_ == plan_.connections && !is_over_) begin();
  }
  void on_disconnected(const base::Error& why) override {
    fail(base::Code::io, (connected_ < plan_.connections ? "cannot connect to " : "lost the connection to ") + to_text(plan_.address) + ": " + why.detail);
  }
  void on_due() override { start_due(Clock::now()); }
  void on_timer() override {
    if (ended_ == ended_at_watch_ && ended_ != started_) {
      return fail(base::Code::unavailable, to_text(plan_.address) + " has answered nothing for 30 seconds");
    }
    watch_for_stalls();
  }

  void watch_for_stalls() {
    ended_at_watch_ = ended_;
    world_.world().clock.arm(*this, world_.world().clock.now() + kStallTimeout);
  }

  void begin() {
    load_.clear_counts();
    result_.server_cpu_seconds = -process_cpu_seconds(plan_.pid).value_or(0);
    result_.client_cpu_seconds = -own_cpu_seconds();
    for (auto client = clients_.rbegin(); client != clients_.rend(); ++client) idle_.push_back(client->get());
    begin_ = Clock::now();
    start_due(begin_);
  }

  // When operation `number` of this run should start.
  Clock::time_point due(std::uint64_t number) const {
    return begin_ + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(static_cast<double>(number) / plan_.rate));
  }

  // Whether operation number started_ is never to start.
  bool nothing_left(Clock::time_point now) const {
    if (plan_.operations != 0 && started_ >= plan_.operations) return true;
    if (plan_.seconds == 0) return false;
    const Clock::time_point next = plan_.rate > 0 ? due(started_) : now;
    return next - begin_ >= std::chrono::duration<double>(plan_.seconds);
  }

  void start_due(Clock::time_point now) {
    while (!idle_.empty() && !nothing_left(now)) {
      Clock::time_point since = now;
      if (plan_.rate > 0) {
        since = due(started_);
        if (since > now) return pacer_.arm(since);
      }
      Client& client = *idle_.back();
      idle_.pop_back();
      const std::uint64_t number = plan_.first_number + started_++;
      const Operation operation = plan_.fill ? load_.fill_operation(number) : load_.operation(number);
      client.start(operation, load_.encode(operation, number), since);
    }
  }

  void finish(Clock::time_point now) {
    is_over_ = true;
    result_.seconds = std::chrono::duration<double>(now - begin_).count();
    result_.client_cpu_seconds += own_cpu_seconds();
    const std::optional<double> cpu = process_cpu_seconds(plan_.pid);
    result_.server_cpu_seconds = cpu ? result_.server_cpu_seconds + *cpu : 0;
    result_.answers = load_.counts();
  }

  void fail(base::Code code, std::string why) {
    if (!is_over_) failure_ = base::Error{code, std::move(why)};
    is_over_ = true;
  }

  BenchWorld& bench_;
  io::real::RealWorld& world_;
  Load& load_;
  const RunPlan plan_;
  PreciseTimer pacer_;
  // Channels go before the clients whose calls they hold.
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<std::unique_ptr<rpc::Channel>> channels_;
  std::vector<Client*> idle_;
  unsigned connected_ = 0;
  Clock::time_point begin_;
  std::uint64_t started_ = 0;
  std::uint64_t ended_ = 0;  // invariant: ended_ <= started_
  std::uint64_t ended_at_watch_ = 0;
  bool is_over_ = false;
  std::optional<base::Error> failure_;
  RunResult result_;
};

void Client::on_message(std::string_view message) { run_.on_answer(operation_, message); }
void Client::on_status(const rpc::Status& status) { run_.on_end(*this, status); }

}  // namespace

std::uint64_t RunResult::error_count() const {
  std::uint64_t sum = 0;
  for (const auto& error : errors) sum += error.second;
  return sum;
}

base::Result<RunResult> run_load(BenchWorld& world, Load& load, const RunPlan& plan) {
  Run run(world, load, plan);
  return run.perform();
}

}  // namespace lockstep

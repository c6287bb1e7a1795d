// What core/rpc costs on this machine, without any service behind it. Not a test.
//
//   rpc_bench serve [answer bytes]                  prints its port; /bench.Echo/Unary answers with that many bytes
//   rpc_bench call PORT CONNECTIONS STREAMS COUNT   that many unary calls in all; prints the rate and CPU per call
//
// Pin both to cores of their own. CPU is of the process that prints it.
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/rpc/client.h"
#include "core/rpc/health.h"
#include "core/rpc/server.h"
#include "io/real/signals.h"
#include "io/real/world.h"

namespace {

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) { return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec); };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

struct Echo final : rpc::UnaryHandler {
  explicit Echo(std::size_t size) : answer(size, 'x') {}
  void handle(rpc::UnaryCall& call, std::string_view) override {
    call.respond(answer);
    ++count;
  }
  std::string answer;
  long count = 0;
};

struct Stop final : io::real::SignalHandler {
  explicit Stop(io::real::RealWorld& world_) : world(world_) {}
  void on_stop_signal(int) override { world.stop(); }
  io::real::RealWorld& world;
};

int serve(std::size_t answer_bytes) {
  const io::real::DataDirectory none = io::real::DataDirectory::none();
  io::real::RealWorld real(none, {});
  Stop stop(real);
  const io::real::StopSignals signals(real.loop(), stop);
  Echo echo(answer_bytes);
  rpc::HealthService health;
  rpc::Server server(real.world(), {});
  server.add_unary("/bench.Echo/Unary", echo);
  health.add_to(server);
  health.set_serving(true);
  const base::Result<io::Address> address = server.listen({"127.0.0.1", 0});
  if (!address) return 1;
  std::printf("%d\n", address->port);
  std::fflush(stdout);
  real.run();
  std::printf("%ld calls, %.2f us CPU each\n", echo.count, 1e6 * cpu_seconds() / static_cast<double>(echo.count > 0 ? echo.count : 1));
  return 0;
}

struct Load {
  io::real::RealWorld& world;
  long left_to_start;
  long left_to_end;
};

// One place for a call: starts the next one when the last has ended.
struct Slot final : rpc::ClientCall {
  Slot(Load& load_, rpc::Channel& channel_) : load(load_), channel(channel_) {}
  void start() {
    if (load.left_to_start == 0) return;
    --load.left_to_start;
    channel.unary("/bench.Echo/Unary", "0123456789", {}, *this);
  }
  void on_message(std::string_view) override {}
  void on_status(const rpc::Status& status) override {
    if (status.code != rpc::StatusCode::ok) {
      std::fprintf(stderr, "%s\n", to_text(status).c_str());
      std::exit(1);
    }
    if (--load.left_to_end == 0) load.world.stop();
    start();
  }
  Load& load;
  rpc::Channel& channel;
};

int call(std::uint16_t port, int connections, int streams, long count) {
  const io::real::DataDirectory none = io::real::DataDirectory::none();
  io::real::RealWorld real(none, {});
  Load load{real, count, count};
  std::vector<std::unique_ptr<rpc::Channel>> channels;
  std::vector<std::unique_ptr<Slot>> slots;
  for (int connection = 0; connection < connections; ++connection) {
    channels.push_back(std::make_unique<rpc::Channel>(real.world(), io::Address{"127.0.0.1", port}, rpc::ChannelOptions{}, nullptr));
    for (int stream = 0; stream < streams; ++stream) slots.push_back(std::make_unique<Slot>(load, *channels.back()));
  }
  const auto begin = std::chrono::steady_clock::now();
  for (const auto& slot : slots) slot->start();
  real.run();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  std::printf("%.0f calls/s, client CPU %.2f us each\n", static_cast<double>(count) / took.count(), 1e6 * cpu_seconds() / static_cast<double>(count));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (!arguments.empty() && arguments[0] == "serve") return serve(arguments.size() > 1 ? std::stoul(arguments[1]) : 320);
  if (arguments.size() == 5 && arguments[0] == "call") {
    return call(static_cast<std::uint16_t>(std::stoul(arguments[1])), std::stoi(arguments[2]), std::stoi(arguments[3]), std::stol(arguments[4]));
  }
  std::fprintf(stderr, "usage: rpc_bench serve [answer bytes] | rpc_bench call PORT CONNECTIONS STREAMS COUNT\n");
  return 2;
}

// bankd: one member of the bank, on this machine.
#include <cstdio>
#include <map>
#include <string>
#include <utility>

#include "apps/examples/bank/bank.h"
#include "io/real/signals.h"
#include "io/real/world.h"

namespace bank {
namespace {

constexpr const char* kUsage = "usage: bankd --id N --listen HOST:PORT --peers N=HOST:PORT,N=HOST:PORT,... --data-dir DIR";
constexpr std::uint64_t kStateAfterBytes = 1U << 20U;  // of commands the state is written anew

// Serves until a signal or a failure.
class Daemon final : private replica::ReplicaListener, private io::real::SignalHandler, private io::Completion {
 public:
  Daemon(const io::real::DataDirectory& directory, peer::PlainServerConfig config)
      : world_(directory, {.caller = "bankd"}),
        bank_(world_.world(), kStateAfterBytes),
        server_(world_.world(), std::move(config), bank_, bank_, *this) {}

  base::Status run() {
    const io::real::StopSignals signals(world_.loop(), *this);
    status_ = server_.start();
    if (status_) world_.run();
    world_.abandon();
    return status_;
  }

 private:
  void on_started() override { world_.world().observer.log(io::Level::info, "ready to serve client requests"); }
  void on_leader(base::MemberId leader) override { world_.world().observer.log(io::Level::info, "the leader is " + base::to_text(leader)); }
  void on_stopped(const base::Error& why) override {
    status_ = base::fail(why);
    world_.stop();
  }
  void on_stop_signal(int) override { std::exchange(is_stopping_, true) ? world_.stop() : server_.stop(*this); }
  void complete(base::Status) override { world_.stop(); }

  io::real::RealWorld world_;
  Bank bank_;
  peer::PlainServer server_;
  bool is_stopping_ = false;
  base::Status status_;
};

base::Status run(std::map<std::string, std::string> flags) {
  base::Result<peer::PlainServerConfig> config = peer::parse_plain_config(flags["--id"], flags["--listen"], flags["--peers"]);
  if (!config) return base::fail(config.error());
  config->service = kService;
  config->request_bytes_max = kRequestBytesMax;
  const base::Result<io::real::DataDirectory> directory = io::real::DataDirectory::open(flags["--data-dir"]);
  if (!directory) return base::fail(directory.error());
  return Daemon(*directory, std::move(*config)).run();
}

}  // namespace
}  // namespace bank

int main(int count, char** arguments) {
  std::map<std::string, std::string> flags;
  for (int i = 1; i + 1 < count; i += 2) flags[arguments[i]] = arguments[i + 1];
  const base::Status ended = bank::run(std::move(flags));
  if (!ended) std::fprintf(stderr, "bankd: %s\n%s\n", ended.error().detail.c_str(), bank::kUsage);
  return ended ? 0 : 1;
}

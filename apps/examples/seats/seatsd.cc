// seatsd: one member of the seats, on this machine.
#include <cstdio>
#include <string>
#include <utility>

#include "apps/examples/seats/seats.h"
#include "io/real/signals.h"
#include "io/real/world.h"

namespace {

// Serves until a signal or a failure.
class Daemon final : private replica::ReplicaListener, private io::real::SignalHandler, private io::Completion {
 public:
  Daemon(const io::real::DataDirectory& directory, peer::PlainServerConfig config)
      : world_(directory, {.caller = "seatsd"}),
        seats_(world_.world(), 1U << 20U),  // of commands, and the state is written anew
        server_(world_.world(), std::move(config), seats_, seats_, *this) {}

  base::Status run() {
    const io::real::StopSignals signals(world_.loop(), *this);
    status_ = server_.start();
    if (status_) world_.run();
    world_.abandon();
    return status_;
  }

 private:
  void on_started() override { world_.world().observer.log(io::Level::info, "ready to serve client requests"); }
  void on_leader(base::MemberId) override {}
  void on_stopped(const base::Error& why) override {
    status_ = base::fail(why);
    world_.stop();
  }
  void on_stop_signal(int) override { std::exchange(is_stopping_, true) ? world_.stop() : server_.stop(*this); }
  void complete(base::Status) override { world_.stop(); }

  io::real::RealWorld world_;
  seats::Seats seats_;
  peer::PlainServer server_;
  bool is_stopping_ = false;
  base::Status status_;
};

base::Status run(const char* const* arguments) {
  base::Result<peer::PlainServerConfig> config = peer::parse_plain_config(arguments[1], arguments[2], arguments[3]);
  if (!config) return base::fail(config.error());
  config->service = seats::kService;
  const base::Result<io::real::DataDirectory> directory = io::real::DataDirectory::open(arguments[4]);
  if (!directory) return base::fail(directory.error());
  return Daemon(*directory, std::move(*config)).run();
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 5) {
    std::fprintf(stderr, "usage: seatsd ID HOST:PORT ID=HOST:PORT,ID=HOST:PORT,... DATA_DIR\n");
    return 1;
  }
  const base::Status ended = run(arguments);
  if (!ended) std::fprintf(stderr, "seatsd: %s\n", ended.error().detail.c_str());
  return ended ? 0 : 1;
}

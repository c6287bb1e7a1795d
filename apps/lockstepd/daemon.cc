#include "apps/lockstepd/daemon.h"

#include <csignal>

#include "apps/lockstepd/machine.h"

namespace lockstepd {

Daemon::Daemon(const io::real::DataDirectory& directory, const Options& options)
    : world_(directory, {.level = options.log_level, .caller = "lockstepd", .descriptor = 2}),
      server_(world_.world(), options.config, *this) {
  for (const std::string& warning : options.warnings) world_.world().observer.log(io::Level::warn, warning);
}

base::Result<int> Daemon::run() {
  const io::real::StopSignals signals(world_.loop(), *this);
  server_.start();
  world_.run();
  // The log and the jobs go dead before the member that waits for them is destroyed.
  world_.abandon();
  if (failure_) return base::fail(*failure_);
  return signal_;
}

void Daemon::on_ready() { notify_supervisor("READY=1"); }

void Daemon::on_failed(const base::Error& error) {
  failure_ = error;
  world_.stop();
}

// Nothing went wrong (behaviour reference §7.5): the exit code is 0, and whoever supervises us need not start us again.
void Daemon::on_removed(const base::Error& /*why*/) {
  is_removed_ = true;
  server_.stop(*this);
}

void Daemon::on_stop_signal(int signal) {
  if (signal_ != 0 || is_removed_) return world_.stop();
  signal_ = signal;
  world_.world().observer.log(io::Level::info, "received signal; shutting down",
                              {{"signal", std::string_view(signal == SIGINT ? "interrupt" : "terminated")}});
  server_.stop(*this);
}

void Daemon::complete(base::Status status) {
  // A member that could not close its files cleanly recovers at the next start; whoever stops it should know.
  if (!status && !failure_) failure_ = status.error();
  world_.stop();
}

}  // namespace lockstepd

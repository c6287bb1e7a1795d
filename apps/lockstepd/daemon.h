// apps/lockstepd/daemon.h: one member on this machine, from start to stop.
#pragma once

#include <optional>

#include "apps/lockstepd/options.h"
#include "core/base/result.h"
#include "core/etcd/server.h"
#include "io/completion.h"
#include "io/real/data_directory.h"
#include "io/real/signals.h"
#include "io/real/world.h"

namespace lockstepd {

class Daemon final : private etcd::ServerListener, private io::real::SignalHandler, private io::Completion {
 public:
  // `directory` outlives the daemon. Requires: etcd::validate(options.config) succeeded.
  Daemon(const io::real::DataDirectory& directory, const Options& options);

  // Serves until a signal, a failure or its removal from the cluster. The signal, 0 after a removal, or why the member could not go on.
  base::Result<int> run();

 private:
  void on_ready() override;
  void on_failed(const base::Error& error) override;
  void on_removed(const base::Error& why) override;
  // The first stops gracefully; a further one at once.
  void on_stop_signal(int signal) override;
  void complete(base::Status status) override;  // the member has stopped

  io::real::RealWorld world_;
  etcd::Server server_;
  int signal_ = 0;  // the first that came; 0: none
  bool is_removed_ = false;
  std::optional<base::Error> failure_;
};

}  // namespace lockstepd

// apps/lockstepd/options.h: what the daemon is told, as the types that it works with.
#pragma once

#include <string>
#include <vector>

#include "apps/lockstepd/command_line.h"
#include "core/etcd/config.h"
#include "io/observer.h"

namespace lockstepd {

struct Options {
  etcd::ServerConfig config;
  std::string data_directory;
  io::Level log_level = io::Level::info;
  std::vector<std::string> warnings;  // for the log
};

// Refuses settings that contradict each other or ask for what is not there (behaviour reference §7.2, §11.5), in one
// line each. What etcd::validate() checks is left to it. `default_host` is the address that this machine is
// reached at, for members that listen everywhere and do not say what to advertise; empty when there is none.
Parsed<Options> make_options(const Settings& settings, const std::string& default_host);

}  // namespace lockstepd

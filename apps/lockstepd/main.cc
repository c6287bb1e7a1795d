// lockstepd: an etcd v3 server.
#include <unistd.h>

#include <cstdio>
#include <string>
#include <vector>

#include "apps/lockstepd/command_line.h"
#include "apps/lockstepd/daemon.h"
#include "apps/lockstepd/data_directory_check.h"
#include "apps/lockstepd/machine.h"
#include "apps/lockstepd/options.h"
#include "apps/lockstepd/usage.h"
#include "apps/lockstepd/values.h"
#include "core/etcd/config.h"

namespace lockstepd {
namespace {

// One line, and the exit code.
int refused(const Refusal& why) {
  std::fprintf(stderr, "lockstepd: %s%s\n", why.text.c_str(), why.exit_code == ExitCode::bad_syntax ? "; see lockstepd --help" : "");
  return static_cast<int>(why.exit_code);
}
int failed(const base::Error& error) { return refused({ExitCode::failed, error.detail}); }

std::vector<std::string> environment() {
  std::vector<std::string> lines;
  for (char** line = environ; *line != nullptr; ++line) lines.emplace_back(*line);
  return lines;
}

int run(const std::vector<std::string>& arguments) {
  keep_heap_small();
  Parsed<Settings> settings = parse_arguments(arguments);
  if (!settings) return refused(settings.error());
  if (settings->is_set("help")) {
    std::fputs(help_text().c_str(), stdout);
    return static_cast<int>(ExitCode::success);
  }
  if (parse_boolean(settings->get("version")) == true) {
    std::fputs(version_text().c_str(), stdout);
    return static_cast<int>(ExitCode::success);
  }
  settings = add_environment(std::move(*settings), environment());
  if (!settings) return refused(settings.error());
  const Parsed<Options> options = make_options(*settings, default_host());
  if (!options) return refused(options.error());
  if (const base::Status status = etcd::validate(options->config); !status) return failed(status.error());
  if (const base::Status status = prepare_data_directory(options->data_directory); !status) return failed(status.error());
  const base::Result<io::real::DataDirectory> directory = io::real::DataDirectory::open(options->data_directory);
  if (!directory) return failed({directory.error().code, directory.error().detail + "; name another place with --data-dir"});

  base::Result<int> signal = 0;
  {
    Daemon daemon(*directory, *options);
    signal = daemon.run();
  }
  if (!signal) return failed(signal.error());
  if (*signal == 0) return static_cast<int>(ExitCode::success);
  end_by_signal(*signal);
}

}  // namespace
}  // namespace lockstepd

int main(int count, char** arguments) { return lockstepd::run(std::vector<std::string>(arguments + 1, arguments + count)); }

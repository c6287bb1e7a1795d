#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

#include "apps/runs/commands.h"

namespace runs {

base::Result<sim::Trace> read_trace(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return base::fail(base::Code::not_found, path + ": " + std::strerror(errno));
  std::stringstream text;
  text << file.rdbuf();
  base::Result<sim::Trace> trace = sim::decode_trace(text.str());
  if (!trace) return base::fail(trace.error().code, path + ": " + trace.error().detail);
  return trace;
}

int refuse(const Program& program, const base::Error& error) {
  std::fprintf(stderr, "%s: %s\n", program.name.c_str(), error.detail.c_str());
  return 2;
}

const sim::Scenario& scenario_named(const Program& program, const std::string& name) {
  std::string names;
  for (const std::unique_ptr<sim::Scenario>& scenario : program.scenarios) {
    if (scenario->name() == name) return *scenario;
    names += (names.empty() ? "" : ", ") + std::string(scenario->name());
  }
  std::fprintf(stderr, "%s: there is no scenario called `%s`; there are: %s\n", program.name.c_str(), name.c_str(), names.c_str());
  std::exit(2);
}

base::Status write_file(const std::string& path, const std::string& bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << bytes;
  file.close();
  if (!file) return base::fail(base::Code::io, path + ": cannot be written: " + std::strerror(errno));
  return {};
}

}  // namespace runs

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "apps/lockstep/commands.h"

namespace lockstep {

std::string build_text() { return LOCKSTEP_BUILD; }

base::Result<sim::Trace> read_trace(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return base::fail(base::Code::not_found, path + ": " + std::strerror(errno));
  std::stringstream text;
  text << file.rdbuf();
  base::Result<sim::Trace> trace = sim::decode_trace(text.str());
  if (!trace) return base::fail(trace.error().code, path + ": " + trace.error().detail);
  return trace;
}

base::Status write_file(const std::string& path, const std::string& bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << bytes;
  file.close();
  if (!file) return base::fail(base::Code::io, path + ": cannot be written: " + std::strerror(errno));
  return {};
}

}  // namespace lockstep

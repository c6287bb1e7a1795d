// lockstep check: a recorded history, judged; and histories to measure the judge by.
#include <chrono>
#include <cstdio>

#include "apps/lockstep/commands.h"
#include "apps/lockstep/history_file.h"
#include "sim/etcd/history_generator.h"

namespace lockstep {

namespace {

int refuse_check(const base::Error& error) {
  std::fprintf(stderr, "lockstep: %s\n", error.detail.c_str());
  return 2;
}

base::Status write_history(const std::string& path, const sim::etcd::History& history) {
  base::Result<HistoryFile> file = HistoryFile::create(path);
  if (!file) return base::fail(file.error());
  file->begin(history);
  for (const sim::etcd::HistoryOperation& operation : history.operations) file->add(operation);
  for (const sim::etcd::LogRevision& revision : history.log) file->add(revision);
  return file->close();
}

sim::etcd::History generate(const Arguments& arguments) {
  sim::etcd::GeneratorOptions options;
  options.load.seed = arguments.seeds.first;
  options.operations = arguments.generate;
  return sim::etcd::generate_history(options);
}

}  // namespace

int run_check(const Arguments& arguments) {
  const auto begin = std::chrono::steady_clock::now();
  base::Result<sim::etcd::History> history = arguments.generate > 0 ? generate(arguments) : read_history(arguments.files[0]);
  if (!history) return refuse_check(history.error());
  const double read_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  if (!arguments.output.empty()) {
    if (const base::Status written = write_history(arguments.output, *history); !written) return refuse_check(written.error());
  }
  const base::Result<CheckResult> result = check_timed(*history);
  if (!result) return refuse_check({result.error().code, (arguments.files.empty() ? "the history" : arguments.files[0]) + ": " + result.error().detail});
  const char* const verb = arguments.generate > 0 ? "generated" : "read";
  if (arguments.json) {
    nlohmann::ordered_json json = json_of(*result);
    json[std::string(verb) + "_seconds"] = read_seconds;
    std::printf("%s\n", json.dump().c_str());
  } else {
    std::printf("%s in %.3f s\n%s", verb, read_seconds, text_of(*result).c_str());
  }
  return result->verdict.is_right() ? 0 : 1;
}

}  // namespace lockstep

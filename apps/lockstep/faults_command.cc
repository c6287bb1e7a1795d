// lockstep faults: the table of the fault catalogue in docs/fault-model.md, written from summaries of batches, or looked at.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <vector>

#include "apps/lockstep/commands.h"
#include "apps/lockstep/fault_table.h"

namespace lockstep {

int run_faults(const Arguments& arguments) {
  const std::filesystem::path path = std::filesystem::path(arguments.source) / "docs" / "fault-model.md";
  const std::vector<Bug> bugs = find_bugs(arguments.source, {});
  std::string document = read_file(path);
  if (!arguments.files.empty()) {
    std::vector<Batch> batches;
    for (const std::string& file : arguments.files) {
      const std::optional<Batch> batch = batch_of(read_file(file));
      if (!batch) {
        std::fprintf(stderr, "lockstep: %s is no summary of a whole `lockstep sim --json`\n", file.c_str());
        return 2;
      }
      batches.push_back(*batch);
    }
    const std::optional<std::string> written = with_table(document, fault_table(joined(batches), bugs));
    if (!written || !(std::ofstream(path, std::ios::binary | std::ios::trunc) << *written)) {
      std::fprintf(stderr, "lockstep: %s has no marks for the table, or cannot be written\n", path.c_str());
      return 2;
    }
    document = *written;
  }
  const std::vector<std::string> wrong = objections(document, bugs);
  for (const std::string& line : wrong) std::printf("%s: %s\n", path.c_str(), line.c_str());
  return wrong.empty() ? 0 : 1;
}

}  // namespace lockstep

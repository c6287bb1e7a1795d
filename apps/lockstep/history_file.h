// apps/lockstep/history_file.h: histories on the disk, and what the checker says of one.
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "core/base/result.h"
#include "sim/etcd/history.h"
#include "sim/etcd/serializability.h"

namespace lockstep {

// not_found: it cannot be opened or read; invalid: a line is wrong, with its number.
base::Result<sim::etcd::History> read_history(const std::string& path);

// Written line by line, while the run goes on. Ends with its process, or by close(); without close() its end is missing.
class HistoryFile {
 public:
  static base::Result<HistoryFile> create(const std::string& path);
  // The header; then operations and revisions as they come.
  void begin(const sim::etcd::History& history);
  void add(const sim::etcd::HistoryOperation& operation);
  void add(const sim::etcd::LogRevision& revision);
  // The end, and the first error that any of these met.
  base::Status close();

 private:
  struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  void flush();

  std::string path_;
  std::unique_ptr<std::FILE, CloseFile> file_;
  std::string lines_;
  std::uint64_t operation_count_ = 0;
  std::uint64_t revision_count_ = 0;
  int error_ = 0;  // errno
};

struct CheckResult {
  sim::etcd::HistoryVerdict verdict;
  double seconds = 0;  // without reading
  double cpu_seconds = 0;
};
// invalid: it cannot be judged.
base::Result<CheckResult> check_timed(const sim::etcd::History& history);
std::string text_of(const CheckResult& result);
nlohmann::ordered_json json_of(const CheckResult& result);

}  // namespace lockstep

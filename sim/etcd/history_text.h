// sim/etcd/history_text.h: a history as lines of JSON (docs/formats/history.md), written and read one line at a time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "sim/etcd/history.h"

namespace sim::etcd {

// Each appends one line with its newline. In a file they stand in this order; operations and log may alternate.
void append_header(const History& history, std::string& out);  // all but operations and log
void append_operation(const HistoryOperation& operation, std::string& out);
void append_revision(const LogRevision& revision, std::string& out);
// Without it a file is not whole.
void append_end(std::uint64_t operation_count, std::uint64_t revision_count, std::string& out);

std::string encode_history(const History& history);

class HistoryReader {
 public:
  // One line, without its newline. invalid: names the line by its number, and then nothing more can be read.
  base::Status add_line(std::string_view line);
  // After the last line.
  base::Result<History> finish();

 private:
  base::Status refuse(const std::string& why) const;

  History history_;
  std::uint64_t line_ = 0;
  bool has_end_ = false;
};

base::Result<History> decode_history(std::string_view text);

}  // namespace sim::etcd

// apps/runs/report_data.h: what the page of a report shows, as the JSON that stands in it.
//
// Everything near the finding, and of the rest what a picture needs: who ran, led and voted, faults, operations. The page says so.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "sim/run.h"
#include "sim/trace.h"

namespace runs {

struct ReportInput {
  std::string program;     // whose commands the page tells
  std::string build;
  std::string trace_path;  // as it was given
  const sim::Trace& trace;
  const sim::Outcome& outcome;
  const sim::Story& story;
  std::string_view glossary;  // docs/glossary.md
};

struct ReportLimits {
  std::size_t bytes_max = 4U << 20U;  // of the JSON; less detail, if need be
};

// Stands between <script> and </script> as it is.
std::string report_json(const ReportInput& input, const ReportLimits& limits = {});

}  // namespace runs

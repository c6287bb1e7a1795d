// apps/lockstep/drive_report.h: what a drive says when it is over.
#pragma once

#include <string>

#include "apps/lockstep/drive_options.h"
#include "apps/lockstep/drive_recorder.h"

namespace lockstep {

struct DriveResult {
  double seconds = 0;           // in which the clients asked
  double log_seconds = 0;       // in which the log was read
  std::vector<std::string> notes;  // what an operator should know besides
  CheckResult check;
};

std::string text_of(const DriveOptions& options, const DriveRecorder& recorder, const DriveResult& result);
std::string json_of(const DriveOptions& options, const DriveRecorder& recorder, const DriveResult& result);

}  // namespace lockstep

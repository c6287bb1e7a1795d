#include "apps/lockstep/drive_report.h"

#include <cstdio>

#include "apps/lockstep/format.h"

namespace lockstep {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kGapsShown = 10;

std::uint64_t acknowledged(const DriveRecorder& recorder) {
  std::uint64_t sum = 0;
  for (const auto& kind : recorder.kinds()) sum += kind.second.acknowledged;
  return sum;
}

std::string terms_text(const DriveRecorder& recorder) {
  std::string out;
  for (const std::uint64_t term : recorder.terms()) out += (out.empty() ? "" : ", ") + std::to_string(term);
  return out;
}

}  // namespace

std::string text_of(const DriveOptions& options, const DriveRecorder& recorder, const DriveResult& result) {
  std::string out = format("%u clients asked for %.1f s: %llu operations acknowledged, %.0f per second\n", options.clients, result.seconds,
                           wide(acknowledged(recorder)), static_cast<double>(acknowledged(recorder)) / result.seconds);
  for (const auto& kind : recorder.kinds()) {
    out += format("  %-20s %9llu acknowledged %9llu refused %9llu with an open outcome\n", kind.first.c_str(), wide(kind.second.acknowledged),
                  wide(kind.second.refused), wide(kind.second.unknown));
  }
  for (const auto& error : recorder.errors()) out += format("  %9llu times %s\n", wide(error.second), error.first.c_str());
  const std::vector<AvailabilityGap> gaps = recorder.availability().longest(kGapsShown);
  out += format("%llu gaps of more than %.1f s in which nobody was acknowledged", wide(recorder.availability().gap_count()),
                static_cast<double>(Availability::kGapNs) / 1e9);
  if (!gaps.empty()) out += format(", the longest %.3f s:", gaps[0].seconds);
  for (const AvailabilityGap& gap : gaps) out += format(" %.3f s at %.3f s%s", gap.seconds, gap.start_seconds, &gap == &gaps.back() ? "" : ",");
  out += "\nterms of raft seen: " + terms_text(recorder) + "\n";
  for (const std::string& note : result.notes) out += note + "\n";
  out += format("log read in %.3f s\n", result.log_seconds);
  return out + text_of(result.check);
}

std::string json_of(const DriveOptions& options, const DriveRecorder& recorder, const DriveResult& result) {
  Json out{{"clients", options.clients},
           {"seconds", result.seconds},
           {"acknowledged_per_second", static_cast<double>(acknowledged(recorder)) / result.seconds},
           {"kinds", Json::object()},
           {"errors", Json::object()},
           {"gaps", recorder.availability().gap_count()},
           {"longest_gaps", Json::array()},
           {"terms", recorder.terms()},
           {"notes", result.notes},
           {"log_seconds", result.log_seconds},
           {"history", options.output},
           {"check", json_of(result.check)}};
  for (const auto& kind : recorder.kinds()) {
    out["kinds"][kind.first] = {{"acknowledged", kind.second.acknowledged}, {"refused", kind.second.refused}, {"unknown", kind.second.unknown}};
  }
  for (const auto& error : recorder.errors()) out["errors"][error.first] = error.second;
  for (const AvailabilityGap& gap : recorder.availability().longest(kGapsShown)) {
    out["longest_gaps"].push_back({{"at_seconds", gap.start_seconds}, {"seconds", gap.seconds}});
  }
  return out.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace lockstep

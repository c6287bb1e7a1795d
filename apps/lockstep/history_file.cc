#include "apps/lockstep/history_file.h"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "apps/lockstep/bench_process.h"
#include "apps/lockstep/format.h"
#include "sim/etcd/history_text.h"

namespace lockstep {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kBlockBytes = 1U << 20U;

double per_second(std::uint64_t count, double seconds) { return seconds > 0 ? static_cast<double>(count) / seconds : 0; }

}  // namespace

base::Result<sim::etcd::History> read_history(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), std::fclose);
  if (file == nullptr) return base::fail(base::Code::not_found, path + ": " + std::strerror(errno));
  sim::etcd::HistoryReader reader;
  std::string block(kBlockBytes, '\0');
  std::string begun;  // a line whose end has not come yet
  for (;;) {
    const std::size_t size = std::fread(block.data(), 1, block.size(), file.get());
    if (size == 0) break;
    std::string_view left(block.data(), size);
    for (std::size_t end = left.find('\n'); end != std::string_view::npos; end = left.find('\n')) {
      std::string_view line = left.substr(0, end);
      if (!begun.empty()) line = begun.append(line);
      if (const base::Status added = reader.add_line(line); !added) return base::fail(added.error().code, path + ", " + added.error().detail);
      begun.clear();
      left.remove_prefix(end + 1);
    }
    begun += left;
  }
  if (std::ferror(file.get()) != 0) return base::fail(base::Code::not_found, path + ": " + std::strerror(errno));
  if (!begun.empty()) {
    if (const base::Status added = reader.add_line(begun); !added) return base::fail(added.error().code, path + ", " + added.error().detail);
  }
  base::Result<sim::etcd::History> history = reader.finish();
  if (!history) return base::fail(history.error().code, path + ": " + history.error().detail);
  return history;
}

base::Result<HistoryFile> HistoryFile::create(const std::string& path) {
  HistoryFile out;
  out.path_ = path;
  out.file_.reset(std::fopen(path.c_str(), "wb"));
  if (out.file_ == nullptr) return base::fail(base::Code::io, path + ": cannot be written: " + std::strerror(errno));
  return out;
}

void HistoryFile::begin(const sim::etcd::History& history) { sim::etcd::append_header(history, lines_); }

void HistoryFile::add(const sim::etcd::HistoryOperation& operation) {
  ++operation_count_;
  sim::etcd::append_operation(operation, lines_);
  if (lines_.size() >= kBlockBytes) flush();
}

void HistoryFile::add(const sim::etcd::LogRevision& revision) {
  ++revision_count_;
  sim::etcd::append_revision(revision, lines_);
  if (lines_.size() >= kBlockBytes) flush();
}

void HistoryFile::flush() {
  if (error_ == 0 && std::fwrite(lines_.data(), 1, lines_.size(), file_.get()) != lines_.size()) error_ = errno;
  lines_.clear();
}

base::Status HistoryFile::close() {
  sim::etcd::append_end(operation_count_, revision_count_, lines_);
  flush();
  if (std::fclose(file_.release()) != 0 && error_ == 0) error_ = errno;
  if (error_ != 0) return base::fail(base::Code::io, path_ + ": cannot be written: " + std::strerror(error_));
  return {};
}

base::Result<CheckResult> check_timed(const sim::etcd::History& history) {
  const Clock::time_point begin = Clock::now();
  const double cpu_before = own_cpu_seconds();
  base::Result<sim::etcd::HistoryVerdict> verdict = sim::etcd::check_history(history);
  if (!verdict) return base::fail(verdict.error());
  return CheckResult{std::move(*verdict), std::chrono::duration<double>(Clock::now() - begin).count(), own_cpu_seconds() - cpu_before};
}

std::string text_of(const CheckResult& result) {
  const sim::etcd::HistoryCounts& counts = result.verdict.counts;
  std::string out = format("%llu operations: %llu acknowledged (%llu of them reads of an older revision, as they were ready for), %llu refused, "
                           "%llu with an open outcome (%llu of them writes that took effect); %llu revisions\n",
                           wide(counts.operations), wide(counts.acknowledged), wide(counts.stale_reads), wide(counts.refused),
                           wide(counts.unknown), wide(counts.unknown_found), wide(counts.revisions));
  if (counts.not_judged > 0) out += format("%llu possibly stale reads are from before the run, and were not judged\n", wide(counts.not_judged));
  out += format("checked in %.3f s, %.0f operations per second (%.3f s of CPU, %.0f per second)\n", result.seconds,
                per_second(counts.operations, result.seconds), result.cpu_seconds, per_second(counts.operations, result.cpu_seconds));
  if (result.verdict.is_right()) return out + "strictly serializable\n";
  return out + "NOT strictly serializable: " + result.verdict.violation + "\n";
}

nlohmann::ordered_json json_of(const CheckResult& result) {
  const sim::etcd::HistoryCounts& counts = result.verdict.counts;
  return {{"strictly_serializable", result.verdict.is_right()},
          {"violation", result.verdict.violation},
          {"operations", counts.operations},
          {"acknowledged", counts.acknowledged},
          {"stale_reads", counts.stale_reads},
          {"not_judged", counts.not_judged},
          {"refused", counts.refused},
          {"unknown", counts.unknown},
          {"unknown_that_took_effect", counts.unknown_found},
          {"revisions", counts.revisions},
          {"check_seconds", result.seconds},
          {"check_cpu_seconds", result.cpu_seconds},
          {"operations_per_second", per_second(counts.operations, result.seconds)}};
}

}  // namespace lockstep

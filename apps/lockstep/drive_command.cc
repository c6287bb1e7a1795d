// lockstep drive: clients against real servers, their history, the log of the store, and the verdict.
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "apps/lockstep/bench_run.h"
#include "apps/lockstep/commands.h"
#include "apps/lockstep/drive_client.h"
#include "apps/lockstep/drive_log.h"
#include "apps/lockstep/drive_recorder.h"
#include "apps/lockstep/drive_report.h"
#include "apps/lockstep/format.h"

namespace lockstep {

namespace {

using Clock = std::chrono::steady_clock;

class Wake final : public io::Timer {
 public:
  explicit Wake(io::Clock& clock) : clock_(clock) {}
  ~Wake() { clock_.disarm(*this); }
  void on_timer() override {}

 private:
  io::Clock& clock_;
};

// The clients ask until their time is over or the operator interrupts; then what is under way may still be answered.
double run_clients(BenchWorld& world, const DriveOptions& options, DriveRecorder& recorder) {
  const sim::etcd::HistoryLoad load(options.load);
  const io::World& io = world.real().world();
  std::vector<std::unique_ptr<DriveClient>> clients;
  for (std::uint32_t i = 0; i < options.clients; ++i) {
    clients.push_back(std::make_unique<DriveClient>(io, options, load, i, recorder));
  }
  Wake wake(io.clock);
  const Clock::time_point begin = Clock::now();
  recorder.availability().begin(recorder.stamp());
  for (const auto& client : clients) client->start();
  const base::Instant end = io.clock.now() + std::chrono::duration_cast<base::Duration>(std::chrono::duration<double>(options.seconds));
  while (seconds_since(begin) < options.seconds && !world.is_interrupted()) {
    io.clock.arm(wake, end);
    world.real().run_turn(base::Duration(-1));
  }
  const double seconds = seconds_since(begin);
  recorder.availability().end(recorder.stamp());
  for (const auto& client : clients) client->stop();
  world.forget_interrupt();
  const auto is_any_asking = [&] {
    for (const auto& client : clients) if (client->is_asking()) return true;
    return false;
  };
  while (is_any_asking() && !world.is_interrupted()) {
    io.clock.arm(wake, io.clock.now() + std::chrono::milliseconds(100));
    world.real().run_turn(base::Duration(-1));
  }
  for (const auto& client : clients) client->abandon();
  return seconds;
}

tl::unexpected<base::Error> not_whole(const DriveOptions& options, const base::Error& why) {
  return base::fail(why.code, "the log cannot be read, so " + options.output + " is not whole: " + why.detail);
}

base::Result<DriveResult> drive(const DriveOptions& options) {
  BenchWorld world;
  sim::etcd::History history;
  for (const io::Address& endpoint : options.endpoints) history.endpoints.push_back(to_text(endpoint));
  base::Result<HistoryFile> file = HistoryFile::create(options.output);
  if (!file) return base::fail(file.error());
  if (base::Status read = read_base(world, options.endpoints, std::chrono::seconds(30), history); !read) return base::fail(read.error());
  file->begin(history);
  DriveRecorder recorder(history, *file);
  DriveResult result;
  result.seconds = run_clients(world, options, recorder);
  world.forget_interrupt();
  const base::Result<std::vector<std::string>> silent = read_everywhere(world, options, recorder);
  if (!silent) return not_whole(options, silent.error());
  for (const std::string& endpoint : *silent) result.notes.push_back(endpoint + " did not answer any more when the clients were done");
  const Clock::time_point begin = Clock::now();
  if (base::Status read = read_log(world, options.endpoints, options.settle_timeout, history); !read) {
    return not_whole(options, read.error());
  }
  result.log_seconds = seconds_since(begin);
  for (const sim::etcd::LogRevision& revision : history.log) file->add(revision);
  if (base::Status closed = file->close(); !closed) return base::fail(closed.error());
  base::Result<CheckResult> checked = check_timed(history);
  if (!checked) return base::fail(checked.error());
  result.check = std::move(*checked);
  std::printf("%s", (options.json ? json_of(options, recorder, result) : text_of(options, recorder, result)).c_str());
  return result;
}

}  // namespace

int run_drive(const DriveOptions& options) {
  const base::Result<DriveResult> result = drive(options);
  if (result) return result->check.verdict.is_right() ? 0 : 1;
  std::fprintf(stderr, "lockstep: %s\n", result.error().detail.c_str());
  return 2;
}

}  // namespace lockstep

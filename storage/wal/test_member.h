// storage/wal/test_member.h: a log on a simulated machine, and beside it what its user may rely on.
//
// The model is a plain vector that every batch is applied to at once. What recover() reads must be the model after the
// last acknowledged batch, or after the one that was in flight; whichever it was counts from then on, since
// raft has seen it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/sim/simulation.h"
#include "storage/wal/wal.h"

namespace wal {

std::string to_text(const State& state);

// What a batch makes of a state, the plain way.
State after(State state, const Batch& batch);

// A batch that owns what it says.
struct OwnedBatch {
  std::optional<base::HardState> hard_state;
  std::vector<base::Entry> entries;
  std::optional<base::StoreMark> store_mark;
  std::optional<base::LogStart> start;
  bool is_reset = false;
  Batch view() const { return {hard_state, entries, store_mark, start, is_reset}; }
};

class TestMember final : private io::sim::ObserverListener, private WalListener {
 public:
  explicit TestMember(std::uint64_t seed, std::uint64_t segment_bytes = 16U << 10U);
  ~TestMember();

  // recover() in a job, and a Wal on what it returns. Crashes so when that takes longer than `at_most`: then the status is
  // `unavailable`. A failed recovery leaves the machine up, without a log.
  base::Status boot(base::Duration at_most = std::chrono::hours(1),
                    io::sim::CrashKind kind = io::sim::CrashKind::power_loss);
  // Appends and waits. The status of the completion; `unavailable` when it did not come within `at_most`.
  base::Status append(const OwnedBatch& batch, base::Duration at_most = std::chrono::hours(1));
  // Appends, and does not wait. Requires: the batch is one that raft could ask for in this state.
  void start_append(const OwnedBatch& batch);
  // One command entry behind the last, in the current term.
  base::Status append_command(std::string_view data);
  void close();
  // Also destroys the Wal. The next boot() restarts the machine.
  void crash(io::sim::CrashKind kind);
  // In a job of its own, with a disk that works: `work` sees the files as the member does.
  void in_job(const std::function<void(io::Disk&)>& work);
  std::vector<std::string> files();

  const State& model() const { return model_; }
  const State& recovered() const { return recovered_; }
  Wal& wal() { return *wal_; }
  bool is_open() const { return wal_ != nullptr; }
  io::sim::Simulation& sim() { return sim_; }
  io::sim::Node& node() { return node_; }
  io::sim::DiskFaults& faults() { return node_.disk_faults(); }
  const Options& options() const { return options_; }

  State initial;                // what recover() is given
  std::string last_file;        // of the last write with entries
  std::uint64_t last_offset = 0;
  std::vector<std::string> starts;  // as the observer heard of them
  std::uint64_t synced_count = 0;
  std::optional<base::Error> told;  // of a failure between appends, since boot()
  bool closes_when_told = false;    // there and then
  bool is_closed() const;           // by that

 private:
  struct Waiter;
  struct RecoverJob;
  void on_event(std::string_view node, io::sim::VirtualTime at, const io::Event& event) override;
  void on_wal_failed(const base::Error& error) override;
  void restart_if_down();

  struct Written {
    std::string file;
    std::uint64_t offset = 0;
    std::string bytes;
  };

  io::sim::Simulation sim_;
  io::sim::Node& node_;
  Options options_;
  State model_;                 // certainly durable
  std::optional<State> maybe_;  // with the batch in flight
  State recovered_;
  std::vector<Written> written_;  // since the last sync
  std::unique_ptr<Waiter> waiter_;
  std::unique_ptr<Waiter> closed_;  // closes_when_told
  std::unique_ptr<Wal> wal_;
};

}  // namespace wal

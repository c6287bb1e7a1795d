// storage/sqlite/receiver.h: takes in the stores of other members, off the loop, while the member's own one works on.
//
// One attempt at a time; the next may begin while what another has left is still being cleared away, for jobs run one after another.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "core/base/ids.h"
#include "core/base/result.h"
#include "io/completion.h"
#include "io/loop.h"
#include "io/world.h"
#include "storage/sqlite/backend.h"
#include "storage/sqlite/snapshot_builder.h"

namespace sqlite {

class Receiver final : private io::EndOfTurn {
 public:
  class Attempt;

  // Requires when destroyed: there is no attempt, close() has completed, or the world is dead.
  Receiver(const io::World& world, BackendOptions options);
  ~Receiver();

  // Makes `<prefix><mark.generation>`, for a backend to open. The attempt is the receiver's; it lives until it has been let go.
  Attempt& begin(const base::StoreMark& mark);
  // Begins no further job, and completes on a later turn, when none is running. No attempt hears of anything any more.
  void close(io::Completion& done);

 private:
  void submit(io::Job& job);
  void job_ended();
  void forget(const Attempt& attempt);
  void on_end_of_turn() override { std::exchange(closed_, nullptr)->complete({}); }

  const io::World world_;
  const BackendOptions options_;
  std::vector<std::unique_ptr<Attempt>> attempts_;
  std::size_t job_count_ = 0;  // submitted, and not finished
  bool is_closed_ = false;
  io::Completion* closed_ = nullptr;
  const std::unique_ptr<io::WorkQueue> queue_;  // first to go: its jobs use all of the above
};

//   waiting -> taking -> waiting … -> ending -> waiting    let go, unless it is whole -> removing -> gone
class Receiver::Attempt final : private io::Job {
 public:
  Attempt(Receiver& receiver, const base::StoreMark& mark);

  // As replica::SnapshotSink says.
  void take(std::string piece, io::Completion& done);
  void end(io::Completion& done);
  // Last call, at any time. Unless somebody has heard that end() succeeded, the files go. Nobody hears of that.
  void let_go();

 private:
  enum class Stage : std::uint8_t { waiting, taking, ending };

  // Behind the job that may be running, and before those of the next attempt, which makes the same files.
  class Removal final : public io::Job {
   public:
    explicit Removal(Attempt& attempt) : attempt_(attempt) {}
    void run() override;
    void finished() override { attempt_.gone(); }

   private:
    Attempt& attempt_;
  };

  void run() override;
  void finished() override;
  void begin(Stage stage, io::Completion& done);
  void gone();

  Receiver& receiver_;
  Stage stage_ = Stage::waiting;
  bool is_whole_ = false;
  io::Completion* done_ = nullptr;  // null: nobody waits, or not any more
  Removal removal_{*this};
  // The jobs' while they run.
  SnapshotBuilder builder_;
  std::string piece_;
  base::Status status_;
};

}  // namespace sqlite

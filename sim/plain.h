// sim/plain.h: a replicated service of somebody's own, with peer::PlainServer and replica::FileMachine, in the simulator
// (docs/your-state-machine.md).
//
// Its author brings the state machine, what clients ask, and a judge: a second opinion on what they may be told. Members, clients, faults and what
// is true of any state machine are here.
//
//   std::unique_ptr<Scenario> make_scenario(PlainKind)     and runs::Program makes a program of that
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/ids.h"
#include "core/peer/plain_server.h"
#include "core/replica/file_machine.h"
#include "sim/draft.h"
#include "sim/tenant.h"
#include "sim/verdict.h"

namespace sim {

// One question of a client, from sending to its end. Each is sent once, to one member.
struct PlainRequest {
  OperationName name;  // what is asked anew in the calm has another number
  bool is_read = false;
  std::string text;    // as it goes over the wire
};

// Where a judge says that something is wrong. The first sentence is the verdict. Two failures are the same mistake when their sentences differ in
// numbers, or in what stands in parentheses.
class PlainRun {
 public:
  virtual void fail(std::string sentence) = 0;
  void check(bool holds, std::string sentence) {
    if (!holds) fail(std::move(sentence));
  }

 protected:
  ~PlainRun() = default;
};

// The author's. All is called in the order in which it happens.
class PlainJudge {
 public:
  virtual ~PlainJudge() = default;
  // Every command once, by log index, when the first member calls it committed; so before anybody is told its answer. What was asked
  // twice may stand there twice. There are gaps in the numbers: not all entries of a log are commands.
  virtual void on_committed(base::LogIndex index, std::string_view command) = 0;
  virtual void on_asked(const PlainRequest& request) { static_cast<void>(request); }
  virtual void on_answered(const PlainRequest& request, std::string_view answer) = 0;
  // Nobody knows: it has taken effect, or will, or never does. A client that is killed takes what it asked with it, without this call.
  virtual void on_lost(const PlainRequest& request) { static_cast<void>(request); }
  // At the end, of each member that recovered: how the state machine answers the read of an empty text when it is opened from the files which the
  // member left. `applied`: the last log index in them.
  virtual void on_left(base::LogIndex applied, std::string_view answer) = 0;
};

// A state machine as one member runs it.
struct PlainMachine {
  std::unique_ptr<replica::FileMachine> machine;
  const peer::PlainReader* reader = nullptr;
};
// Of a class that is both, and is made of a world and of the bytes behind which it writes its state.
template <typename Machine>
PlainMachine make_plain_machine(const io::World& world, std::uint64_t write_after_bytes) {
  auto machine = std::make_unique<Machine>(world, write_after_bytes);
  const peer::PlainReader* const reader = machine.get();
  return {std::move(machine), reader};
}

struct PlainKind {
  std::string name;     // of the scenario, and of the oracle that fails its runs
  std::string service;  // PlainServerConfig
  std::string promise;  // what the service promises to its users, for a page that shows a failure
  PlainMachine (*make_machine)(const io::World& world, std::uint64_t write_after_bytes) = nullptr;
  // Lines: `write TEXT` and `read TEXT`, where TEXT may be missing.
  void (*draw)(Draft& draft) = nullptr;
  // `run` outlives the judge.
  std::unique_ptr<PlainJudge> (*make_judge)(PlainRun& run) = nullptr;
};

std::unique_ptr<Scenario> make_scenario(PlainKind kind);

}  // namespace sim

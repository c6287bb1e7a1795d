// sim/etcd/application.h: somebody else's code that talks to etcd, as a workload (docs/your-workload.md).
//
// An application consists of processes, each on a machine of its own, which ask a simulated cluster while everything goes wrong. What
// a process does is its jobs: lines that are drawn from the seed and stand in the trace, so that replay knows them and the shrinker
// can take them away. What must hold the application says itself.
//
//   std::unique_ptr<Scenario> make_scenario(ApplicationKind)     and runs::Program makes a program of that
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/time.h"
#include "io/network.h"
#include "io/world.h"
#include "sim/draft.h"
#include "sim/etcd/model.h"
#include "sim/tenant.h"
#include "sim/verdict.h"

namespace sim::etcd {

class KvOracle;
using ::sim::Draft;

// What the cluster has committed at this instant, whoever may have been told of it: only whoever judges may look.
class Committed {
 public:
  explicit Committed(const Model& model) : model_(model) {}
  std::int64_t revision() const { return model_.revision(); }
  std::optional<std::string> value(std::string_view key) const;
  std::map<std::string, std::string> under(std::string_view prefix) const;  // by key, the prefix included

 private:
  const Model& model_;
};

// Where an application says that something is wrong, at any time. The first sentence is the verdict. Two failures are the same mistake when
// their sentences differ in numbers, or in what stands in parentheses.
class Run {
 public:
  virtual void fail(std::string sentence) = 0;
  void check(bool holds, std::string sentence) {
    if (!holds) fail(std::move(sentence));
  }
  virtual Committed committed() const = 0;
  virtual base::Duration now() const = 0;  // true time, since the run began

 protected:
  ~Run() = default;
};

struct Job {
  std::uint32_t number = 0;   // within its process
  std::uint32_t attempt = 0;  // from 0: of these, all before were cut short when their process was killed
  std::string what;
};

// One process as its code sees the machine that it runs on, from its start until it is killed.
class Machine {
 public:
  virtual std::uint32_t number() const = 0;  // of the process, from 0
  virtual std::uint32_t count() const = 0;   // of all processes
  virtual const io::World& world() const = 0;
  virtual base::Duration now() const = 0;    // since the run began
  virtual bool is_calm() const = 0;          // the faults are over

  // Once, on a later turn. Not if the process is killed first.
  virtual void after(base::Duration time, std::function<void()> then) = 0;
  // In [0, bound), by name: the same name in the same life of a process gives the same number.
  std::uint64_t below(std::string_view purpose, std::initializer_list<std::uint64_t> identity, std::uint64_t bound) {
    return io::below(world().random.draw(purpose, identity), bound);
  }

  // The job that the process was given is over; the next one comes on a later turn. Requires: it has one.
  virtual void end_job() = 0;
  virtual void fail(std::string sentence) = 0;  // as Run's, and says whose fault it is
  void check(bool holds, std::string sentence) {
    if (!holds) fail(std::move(sentence));
  }

  // For Kv.
  virtual const std::vector<io::Address>& servers() const = 0;
  virtual base::Duration patience() const = 0;  // how long one request waits for its answer: drawn, half a second to eight
  virtual KvOracle& oracle() = 0;
  virtual OperationName next_request(bool is_write) = 0;
  virtual const Job& job() const = 0;  // that it has, or had last

 protected:
  ~Machine() = default;
};

// The author's. All is called in turns of its machine; nothing may wait, and time stands still in a call.
class Process {
 public:
  virtual ~Process() = default;
  // Ends with Machine::end_job(), in this call or on a later turn.
  virtual void begin(const Job& job) = 0;
  // Once, when the faults are over: whatever lasts as long as they do comes to an end now. Perhaps in the midst of a job; a process that
  // starts later is told with its first job.
  virtual void finish() {}
};

// The author's: all of one run.
class Application {
 public:
  virtual ~Application() = default;
  // At the first job of each process, and at the first one after it was killed. The machine outlives the process.
  virtual std::unique_ptr<Process> start(Machine& machine) = 0;
  // All jobs have ended, and nothing is under way.
  virtual void at_end() {}
};

struct ApplicationKind {
  std::string name;     // of the scenario, and of the oracle that fails its runs
  std::string promise;  // what it promises to its users, for a page that shows a failure
  void (*draw)(Draft& draft) = nullptr;  // the jobs; cluster and faults come with them
  // `run` outlives the application.
  std::unique_ptr<Application> (*make)(Run& run) = nullptr;
};

std::unique_ptr<Scenario> make_scenario(ApplicationKind kind);

}  // namespace sim::etcd

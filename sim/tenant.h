// sim/tenant.h: what a run hosts. The engine knows no tenant; this is all it asks of one.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/ids.h"
#include "core/base/result.h"
#include "io/sim/node.h"
#include "sim/committed_log.h"
#include "sim/plan.h"
#include "sim/teller.h"
#include "sim/verdict.h"

namespace sim {

// What a member tells the engine, in a turn of its own.
class MemberHost {
 public:
  virtual void on_ready() = 0;                            // it serves
  virtual void on_failed(const base::Error& error) = 0;   // it cannot go on; its process ends
  virtual void on_removed() = 0;                          // the group goes on without it; its process ends, for good

 protected:
  ~MemberHost() = default;
};

// The machines of a run, as whoever runs the group has them. Nothing happens within the call.
class Machines {
 public:
  // Nothing runs there, and nothing will by itself: nobody has joined on it yet, or its member was removed and has stopped.
  virtual bool is_idle(std::uint32_t machine) const = 0;
  // What runs there ends, the disk goes and an empty one comes, and a member starts on it.
  virtual void start_anew(std::uint32_t machine) = 0;
  // What runs there ends, and starts again with the disk that it had. Whoever is down or idle anyway is left alone.
  virtual void restart(std::uint32_t machine) = 0;
  // What runs there ends, and nobody starts it again: its member was removed, whether it has heard of that or not.
  virtual void retire(std::uint32_t machine) = 0;

  // Of a client's machine: the process ends, and another one starts there after this time. Not if it is down already.
  virtual void kill_client(std::uint32_t client, base::Duration down) = 0;
  // It executes nothing for a while.
  virtual void pause_client(std::uint32_t client, base::Duration time) = 0;

 protected:
  ~Machines() = default;
};

// Members and clients of one run, and the oracles that know their language.
class Tenant {
 public:
  virtual ~Tenant() = default;

  // Before anything starts. `machines` outlives what the tenant starts.
  virtual void use(Machines& machines) { static_cast<void>(machines); }
  // Called in the node's first turn of each incarnation; what it returns is destroyed at the crash. `member` counts from 0.
  virtual std::unique_ptr<io::sim::Program> start_member(io::sim::Node& node, std::uint32_t member, MemberHost& host) = 0;
  virtual std::unique_ptr<io::sim::Program> start_client(io::sim::Node& node, std::uint32_t client) = 0;

  virtual CommittedListener* committed_listener() = 0;  // may be null
  // For how long a member that gave its vote does not campaign, on its own clock, at least; zero: the tenant does not say.
  virtual base::Duration election_timeout() const { return {}; }

  // What a store of this generation consists of when it has come as a snapshot.
  virtual std::vector<std::string> store_files(base::StoreGeneration generation) const = 0;

  // The file that a store of this generation writes before store_files(); empty: there is none.
  virtual std::string store_wal_file(base::StoreGeneration generation) const = 0;

  // Whether something was to be written since the faults ended, and long enough ago that a leader whose disk hangs had to notice. Asked when the
  // plan has something for the calm.
  virtual bool has_written_in_calm() const { return true; }

  // What somebody still waits for, as the beginning of a sentence; nothing: nobody waits.
  struct Waiting {
    std::string what;
    Subject subject = {};
  };
  // Of answers that are owed: what was asked in the calm, and all before that by the same client.
  virtual std::optional<Waiting> unanswered() const = 0;
  // Of changes of the group that were begun, with all that belongs to them.
  virtual std::optional<Waiting> unchanged() const { return std::nullopt; }
  // After the last turn: what is still to be judged.
  virtual void at_end(Findings& findings) { static_cast<void>(findings); }
  // Then the processes of all members that recovered end. Looks at what one left on its disk; what is wrong goes into `findings`,
  // and the host is told on_ready() when all was seen. Not called of a member whose disk is spoilt.
  virtual std::unique_ptr<io::sim::Program> start_inspection(io::sim::Node& node, std::uint32_t member, MemberHost& host,
                                                             Findings& findings) = 0;
  // Who can say more of the run than the engine; null: nobody.
  virtual Teller* teller() { return nullptr; }
  // Totals for reports, by name.
  virtual std::map<std::string, std::uint64_t> counts() const = 0;
};

class Scenario {
 public:
  virtual ~Scenario() = default;
  virtual std::string_view name() const = 0;
  virtual Plan draw_plan(std::uint64_t seed) const = 0;
  // invalid when the plan asks for what the tenant does not know.
  virtual base::Result<std::unique_ptr<Tenant>> make_tenant(const Plan& plan, Findings& findings) const = 0;
};

}  // namespace sim

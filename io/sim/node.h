// io/sim/node.h: one machine from outside: what runs on it, its disk, its faults, its crashes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/sim/fabric.h"
#include "io/sim/faults.h"
#include "io/sim/host.h"
#include "io/sim/observer.h"
#include "io/sim/volume.h"
#include "io/sim/world.h"

namespace io::sim {

class Node;

// What runs on a node from a start to the next crash.
class Program {
 public:
  virtual ~Program() = default;
};
class ProgramFactory {
 public:
  // In a turn of its own. The program uses node.world() of this incarnation only.
  virtual std::unique_ptr<Program> start(Node& node) = 0;

 protected:
  ~ProgramFactory() = default;
};

enum class CrashKind : std::uint8_t {
  process_kill,  // the page cache survives
  power_loss,    // only what was synced does, and perhaps more
};

// Whether an end of the process is a fault; it may be that its own error, its operator or the end of the run has brought it about.
enum class AsFault : bool { no, yes };

// The truth about a crash.
struct CrashReport {
  CrashKind kind = CrashKind::process_kill;
  VirtualTime at;
  std::uint64_t incarnation = 0;
  DiskDamage damage;
  std::vector<std::string> running_jobs;  // owners of the queues
};

class Node final {
 public:
  Node(Universe& universe, Fabric& fabric, std::string_view name);
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  const std::string& name() const { return host_.name(); }
  std::uint64_t incarnation() const { return host_.incarnation(); }  // from 1
  bool is_up() const { return is_up_; }
  // Of the present incarnation; still there after a crash, dead, until the restart.
  const io::World& world() const { return world_->devices(); }

  // Lets the factory start a program now and after every restart. Requires: up, and no program yet.
  void run(ProgramFactory& factory);
  Program* program() const { return program_.get(); }  // null before its first turn and while down

  // Between turns only. First the I/O is dead, then the program is destroyed. Who built something on world()
  // by hand destroys it before restart(). Requires: up.
  CrashReport crash(CrashKind kind, AsFault counts = AsFault::yes);
  // Ends the program while its I/O still works, then the process. Requires: up.
  void shut_down();
  // Requires: down, and nothing made by the old world is left.
  void restart();
  // Before the run ends: as a crash, without a trace.
  void end();
  // Replaces the disk by an empty one. Requires: down.
  void wipe_disk();

  // Bit rot: one drawn bit of a file changes, on the disk and in what reads see. False when there is no such
  // file, or nothing in it.
  bool rot(std::string_view path, std::uint64_t draw);
  // Likewise, at a place that the caller chose.
  bool rot_at(std::string_view path, std::uint64_t offset, unsigned bit);
  // The next write to this file reaches the disk at another place of it; likewise. Until end_misdirections(),
  // or until the file has another name.
  bool misdirect_next(std::string_view path);
  void end_misdirections();

  // Handles nothing for a while; time goes on, and so does everybody else.
  void pause(base::Duration time);
  // The clock of this and of later incarnations.
  void set_drift(std::int32_t ppm);
  void jump_wall_clock(base::Duration by);

  DiskFaults& disk_faults() { return disk_faults_; }    // may change at any time
  NodeFaults& faults() { return host_.faults; }
  Observation& observation() { return observation_; }   // set a listener, or keep log lines
  Host& host() { return host_; }                        // for Fabric's calls
  const Host& host() const { return host_; }

  // Truth for oracles: the bytes of a file that no crash at this instant could take. Fewer than `size` at the
  // end of the file; nothing when the name itself is not durable.
  std::optional<std::string> durable_bytes(std::string_view path, std::uint64_t offset, std::uint64_t size);
  // Likewise: whether no crash at this instant could take anything of the file that the member sees under this name.
  bool is_durable(std::string_view path);
  // The bytes of the file lie on the disk as they should: nothing has rotted there, and no write has gone elsewhere.
  bool is_intact(std::string_view path, std::uint64_t offset, std::uint64_t size);
  // Likewise, of all files of the disk.
  std::vector<FileStanding> files();
  // Owners of the queues whose job is under way at this instant.
  std::vector<std::string> running_jobs() const;

 private:
  class Start final : public Event {
   public:
    explicit Start(Node& node) : Event(TurnKind::start), node_(node) {}
    void fire() override;

   private:
    Node& node_;
  };
  void begin_incarnation();
  void end_incarnation(bool is_power_loss);

  Universe& universe_;
  Fabric& fabric_;
  Host host_;
  Volume volume_;
  std::vector<std::weak_ptr<Inode>> misdirecting_;
  DiskFaults disk_faults_;
  Observation observation_;
  base::Duration wall_skew_{};
  std::int32_t drift_ppm_ = 0;
  bool is_up_ = false;
  std::unique_ptr<World> world_;
  ProgramFactory* factory_ = nullptr;
  std::unique_ptr<Program> program_;
  Start start_{*this};
  DiskDamage unseen_damage_;  // of the last crash; counts as faults once somebody starts on it
};

}  // namespace io::sim

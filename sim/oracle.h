// sim/oracle.h: who judges a run.
//
// Oracles read what members say (io/observer.h) next to what the simulator knows to be true. They never
// believe a member's "synced". Each stands in a file of its own and has tests that feed it good and bad runs:
// an oracle that cannot fail is a defect.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/time.h"
#include "io/observer.h"
#include "sim/verdict.h"

namespace sim {

// What only the simulator knows, at the instant of the question.
class Truth {
 public:
  virtual base::Duration now() const = 0;  // since the run began
  // The bytes of a member's file that would certainly be there after a power loss now; short when the durable
  // file is. Empty when there is no such file, durably.
  virtual std::string durable_bytes(std::string_view member, std::string_view path, std::uint64_t offset, std::uint64_t size) const = 0;
  // Whether every byte of the files that make the member's store of this generation would certainly be there after a power loss now.
  virtual bool is_store_durable(std::string_view member, base::StoreGeneration generation) const = 0;
  // Both go by what a sound disk would have. What rot and misdirected writes have left of that: whether these bytes of a member's file, as
  // far as it goes, and likewise those files, are on its disk as they should be.
  virtual bool is_intact(std::string_view member, std::string_view path, std::uint64_t offset, std::uint64_t size) const {
    static_cast<void>(member), static_cast<void>(path), static_cast<void>(offset), static_cast<void>(size);
    return true;
  }
  virtual bool is_store_intact(std::string_view member, base::StoreGeneration generation) const {
    static_cast<void>(member), static_cast<void>(generation);
    return true;
  }

 protected:
  ~Truth() = default;
};

class Oracle {
 public:
  virtual ~Oracle() = default;
  // A new incarnation of a member is about to run.
  virtual void on_start(std::string_view member) { static_cast<void>(member); }
  virtual void on_event(std::string_view member, const io::Event& event) = 0;
  virtual void on_crash(std::string_view member) { static_cast<void>(member); }
  // Its disk is gone. Whoever starts there next is another member, which has promised nothing.
  virtual void on_wipe(std::string_view member) { static_cast<void>(member); }
  // Once, after the last turn of a run that nobody has failed so far.
  virtual void at_end() {}
};

}  // namespace sim

// io/sim/wire.h: hears what goes over the simulated network, for whoever draws a picture of a run.
//
// Nothing is asked of it, and nothing changes because it listens.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "io/sim/virtual_time.h"

namespace io::sim {

// One direction of a connection. The names are those of the nodes, and outlive it.
struct Flow {
  std::uint64_t connection = 0;  // counted over the run, in the order of dialling
  bool is_of_dialer = false;     // from the end that dialled
  std::string_view from;
  std::string_view to;
};

class WireListener {
 public:
  // In the turn of the sender. The bytes follow those that were sent before, and are as the sender wrote them.
  virtual void on_sent(const Flow& flow, VirtualTime at, std::string_view bytes) = 0;
  // In the turn of the reader: it has the next so many bytes now.
  virtual void on_read(const Flow& flow, VirtualTime at, std::size_t size) = 0;
  // The sender crashed at an instant before it sent the last so many bytes.
  virtual void on_taken_back(const Flow& flow, std::size_t size) = 0;
  // What was sent and has not been read never will be, nor what will be sent.
  virtual void on_lost(const Flow& flow, VirtualTime at) = 0;
  // Neither direction will be heard of again.
  virtual void on_ended(std::uint64_t connection, VirtualTime at) = 0;

 protected:
  ~WireListener() = default;
};

}  // namespace io::sim

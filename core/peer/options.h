// core/peer/options.h: limits and times of the transport.
#pragma once

#include <cstddef>
#include <string>

#include "core/base/time.h"
#include "core/rpc/server.h"

namespace peer {

struct Options {
  // Unsent, per connection. Beyond it messages are dropped, but one that is larger goes when nothing else waits.
  std::size_t control_bytes_max = 1U << 20U;
  std::size_t appends_bytes_max = 32U << 20U;
  std::size_t message_bytes_max = 256U << 20U;  // neither sent nor received beyond
  // What a later version of this member would say besides, as the bytes of further fields of `Message`; others skip it (docs/formats/peer.md).
  std::string further_fields;
  std::size_t packet_bytes = 64U << 10U;        // what goes at once; a link that takes `silence_timeout` for this is as good as none

  // What is asked of a snapshot's source at once, and how much of it may be under way, not yet taken by the other side's disk. A larger
  // piece goes alone.
  std::size_t snapshot_piece_bytes = 64U << 10U;
  std::size_t snapshot_window_bytes = 1U << 20U;

  // Dialling again: the waits double from the first to the last. Who was turned away for what it is waits longest.
  base::Duration redial_first = std::chrono::milliseconds(10);
  base::Duration redial_last = std::chrono::seconds(1);
  base::Duration redial_refused = std::chrono::seconds(5);
  base::Duration connect_timeout = std::chrono::seconds(2);

  // Requires: receipt_interval and keep_alive_interval are less than silence_timeout.
  base::Duration receipt_interval = std::chrono::milliseconds(500);  // one receipt in this time, if anything came
  base::Duration keep_alive_interval = std::chrono::seconds(1);      // a packet in this time, if nothing else is said
  base::Duration silence_timeout = std::chrono::seconds(5);          // no receipt of what was sent: the connection is given up
  base::Duration snapshot_stall_timeout = std::chrono::seconds(60);  // the other side's disk takes no more: the source goes free
  base::Duration snapshot_idle_timeout = std::chrono::seconds(10);   // no packet of a snapshot, while its sink waits for one
};

// For the server that the members call: it asks a connection on which nothing has come for so long whether anybody is there. Members
// that live say something every `keep_alive_interval`.
inline rpc::ServerOptions server_options(const Options& options) {
  rpc::ServerOptions server;
  server.keepalive_interval = options.silence_timeout;
  server.keepalive_timeout = options.silence_timeout;
  return server;
}

}  // namespace peer

// io/real/stream.h: one TCP connection.
//
// The descriptor is registered once, edge-triggered, for everything, and never again: whether there may be bytes to
// read or room to write is remembered here, from the edges and from the calls that came back short. A stream that
// left bytes unread asks the loop for another call, and nothing else costs a system call.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/network.h"
#include "io/real/descriptor.h"
#include "io/real/loop.h"
#include "io/real/resolver.h"
#include "io/real/socket_address.h"

namespace io::real {

class RealStream final : public io::Stream, private Source, private Lookup {
 public:
  // An accepted connection.
  RealStream(RealLoop& loop, Descriptor socket, const SocketAddress& peer);
  // A connection to be made; `resolver` outlives the stream.
  RealStream(RealLoop& loop, Resolver& resolver, const Address& address, StreamHandler& handler);
  ~RealStream() override;

  void set_handler(StreamHandler& handler) override { handler_ = &handler; }
  ReadResult read(std::span<std::byte> into) override;
  std::size_t write(std::span<const std::byte> data) override;
  void finish() override;
  void pause_reading(bool paused) override;
  std::string peer_text() const override { return to_text(peer_); }
  std::string_view verified_identity() const override { return {}; }

 private:
  enum class Stage : std::uint8_t { resolving, connecting, open, failed, told };

  void on_resolved(base::Result<std::vector<SocketAddress>> addresses) override;
  void on_ready(std::uint32_t events) override;
  void on_connecting(std::uint32_t events);
  void try_next_candidate(int last_error);
  void become_open();
  void become_failed(base::Error why);
  void tell_closed();
  void serve_reader();
  void ask_again();

  RealLoop& loop_;
  Resolver* resolver_ = nullptr;  // null when accepted
  StreamHandler* handler_ = nullptr;
  SourceId id_;
  Descriptor socket_;
  Address peer_;  // the name asked for, then the IP address it came to
  Stage stage_;

  bool may_read_ = false;       // an edge came, and no read has come back short since
  bool peer_finished_ = false;  // the kernel has the end of the peer's stream, perhaps behind bytes
  bool read_end_ = false;       // the handler has it too
  bool paused_ = false;
  bool finished_ = false;       // by us
  bool wants_to_write_ = false;  // a write took less than all, or the stream is being connected
  bool asked_again_ = false;

  std::vector<SocketAddress> candidates_;  // of the name, in the order to be tried
  std::size_t next_candidate_ = 0;
  base::Error failure_{base::Code::io, {}};
};

}  // namespace io::real

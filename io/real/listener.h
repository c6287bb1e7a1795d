// io/real/listener.h: one listening socket.
#pragma once

#include <memory>

#include "core/base/result.h"
#include "io/clock.h"
#include "io/network.h"
#include "io/real/descriptor.h"
#include "io/real/loop.h"
#include "io/real/socket_address.h"

namespace io::real {

class RealListener final : public io::Listener, private Source, private Timer {
 public:
  // Binds the first of `candidates` that can be had. The error is the last one's and names `address`.
  static base::Result<std::unique_ptr<RealListener>> open(RealLoop& loop, io::Clock& clock, const Address& address,
                                                          const std::vector<SocketAddress>& candidates,
                                                          ListenHandler& handler);
  RealListener(RealLoop& loop, io::Clock& clock, Descriptor socket, ListenHandler& handler);
  ~RealListener() override;
  Address address() const override { return SocketAddress::of_socket(socket_.get()).address(); }

 private:
  void on_ready(std::uint32_t events) override;
  void on_timer() override;

  RealLoop& loop_;
  io::Clock& clock_;
  ListenHandler& handler_;
  SourceId id_;
  Descriptor socket_;
};

}  // namespace io::real

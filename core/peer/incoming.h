// core/peer/incoming.h: one stream of the peers' server: somebody speaks, and hears how far that has come.
#pragma once

#include <cstdint>

#include "core/base/ids.h"
#include "core/peer/hello.h"
#include "core/rpc/server.h"

namespace peer {

class Acceptor;

// The acceptor's, which ends it. What it says on the stream, and in which form, is its own.
class Incoming : public rpc::StreamReceiver {
 public:
  Incoming(Acceptor& acceptor, rpc::StreamCall& call, base::MemberId from, Lane lane)
      : acceptor_(acceptor), call_(call), from_(from), lane_(lane) {}
  virtual ~Incoming() = default;
  Incoming(const Incoming&) = delete;
  Incoming& operator=(const Incoming&) = delete;

  base::MemberId from() const { return from_; }
  Lane lane() const { return lane_; }
  rpc::StreamCall& call() { return call_; }

 protected:
  void on_room() override {}
  void on_cancelled() override;
  void send_receipt(std::uint64_t packets, std::uint64_t taken_bytes);

  Acceptor& acceptor_;
  rpc::StreamCall& call_;
  const base::MemberId from_;
  const Lane lane_;
};

}  // namespace peer

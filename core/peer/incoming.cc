#include "core/peer/incoming.h"

#include "core/peer/acceptor.h"
#include "core/peer/peer.pb.h"

namespace peer {

void Incoming::on_cancelled() { acceptor_.forget(*this); }

void Incoming::send_receipt(std::uint64_t packets, std::uint64_t taken_bytes) {
  ::lockstep::peer::Receipt receipt;
  receipt.set_packets(packets);
  receipt.set_taken_bytes(taken_bytes);
  call_.send(receipt.SerializeAsString());
}

}  // namespace peer

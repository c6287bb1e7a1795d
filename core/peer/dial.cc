#include "core/peer/dial.h"

namespace peer {

namespace {

constexpr std::size_t kReceiptBytesMax = 64;

}  // namespace

std::unique_ptr<rpc::Channel> dial(const io::World& world, const Options& options, const Hello& hello, Lane lane,
                                   const io::Address& address, rpc::ClientCall& call) {
  rpc::ChannelOptions channel_options;
  channel_options.receive_bytes_max = kReceiptBytesMax;
  channel_options.connect_timeout = options.connect_timeout;
  auto channel = std::make_unique<rpc::Channel>(world, address, channel_options, nullptr);
  rpc::CallOptions call_options;
  call_options.metadata = metadata_of(hello);
  channel->open_stream(path_of(lane), call_options, call);
  return channel;
}

bool is_refusal(rpc::StatusCode code) {
  return code == rpc::StatusCode::failed_precondition || code == rpc::StatusCode::invalid_argument ||
         code == rpc::StatusCode::unimplemented;
}

}  // namespace peer

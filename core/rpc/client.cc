#include "core/rpc/client.h"

#include "core/base/assert.h"
#include "core/rpc/client_connection.h"

namespace rpc {
namespace {

OpenCall& open(const ClientCall& call) {
  OpenCall* const found = OpenCall::of(call);
  ASSERT(found != nullptr);  // it has not been started, or has had its on_status()
  return *found;
}

}  // namespace

Channel::Channel(const io::World& world, const io::Address& address, ChannelOptions options, ChannelListener* listener)
    : connection_(new ClientConnection(world, address, options, listener)) {}
Channel::~Channel() { connection_->abandon(); }

bool Channel::is_connected() const { return connection_->is_connected(); }
bool Channel::is_closed() const { return connection_->is_closed(); }
std::size_t Channel::unsent_bytes() const { return connection_->unsent_bytes(); }

void Channel::unary(std::string_view path, std::string_view request, const CallOptions& options, ClientCall& call) {
  connection_->start(OpenCall::Kind::unary, path, request, options, call);
}

void Channel::open_stream(std::string_view path, const CallOptions& options, ClientCall& call) {
  connection_->start(OpenCall::Kind::stream, path, std::nullopt, options, call);
}

void Channel::send(ClientCall& call, std::string_view message) { connection_->send(open(call), message); }
std::size_t Channel::queued_bytes(const ClientCall& call) const { return open(call).queue.size(); }
void Channel::half_close(ClientCall& call) { connection_->half_close(open(call)); }
void Channel::pause_receiving(ClientCall& call, bool paused) { connection_->pause_receiving(open(call), paused); }

void Channel::cancel(ClientCall& call) {
  if (OpenCall* const found = OpenCall::of(call)) found->drop();
}

}  // namespace rpc

#include "core/rpc/server.h"

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "core/base/assert.h"
#include "core/rpc/connection.h"
#include "core/rpc/server_core.h"

namespace rpc {
namespace {

constexpr std::size_t kServerReadBytes = 256U << 10U;

}  // namespace

Status too_large_to_send(std::size_t size) {
  return {StatusCode::resource_exhausted,
          "grpc: trying to send message larger than max (" + std::to_string(size) + " vs. " + std::to_string(kSendBytesMax) + ")"};
}

class Server::Impl final : public io::ListenHandler, public Attention {
 public:
  Impl(const io::World& world, ServerOptions options)
      : core_{world, std::move(options), *this, {}, {}, {}, make_server_callbacks(), make_server_option(), std::string(kServerReadBytes, '\0'), {}},
        flush_hook_(*this),
        next_turn_hook_(*this) {}

  ~Impl() {
    ASSERT(!is_busy_);
    is_ending_ = true;
    core_.world.loop.forget(flush_hook_);
    core_.world.loop.forget(next_turn_hook_);
    listeners_.clear();
    for (const auto& [number, connection] : connections_) connection->die();
    connections_.clear();
  }

  void add(std::string_view path, Route route) {
    ASSERT(listeners_.empty());
    core_.routes.add(path, route);
  }

  void add_page(std::string_view path, HttpHandler& handler) {
    ASSERT(listeners_.empty());
    ASSERT(path.starts_with('/'));
    const bool is_new = core_.pages.emplace(path, &handler).second;
    ASSERT(is_new);
  }

  void keep(std::shared_ptr<StreamHandler> handler) { kept_handlers_.push_back(std::move(handler)); }

  base::Result<io::Address> listen(const io::Address& address) {
    ASSERT(drained_ == nullptr);
    base::Result<std::unique_ptr<io::Listener>> listener = core_.world.network.listen(address, *this);
    if (!listener) return base::fail(listener.error());
    listeners_.push_back(std::move(*listener));
    return listeners_.back()->address();
  }

  void drain(io::Completion& done) {
    ASSERT(drained_ == nullptr);
    drained_ = &done;
    listeners_.clear();
    for (const auto& [number, connection] : connections_) connection->drain();
    if (connections_.empty()) ask_next_turn();
  }

  std::size_t connection_count() const { return connections_.size(); }

  void on_accept(std::unique_ptr<io::Stream> stream) override {
    const std::uint64_t number = next_number_++;
    connections_.emplace(number, std::make_unique<Connection>(core_, number, std::move(stream)));
  }

  void flush_at_end_of_turn(Connection& connection) override {
    if (is_ending_ || connection.is_dirty) return;
    connection.is_dirty = true;
    if (dirty_.empty()) core_.world.loop.at_end_of_turn(flush_hook_);
    dirty_.push_back(&connection);
  }

  void call_next_turn(Connection& connection) override {
    if (is_ending_ || connection.is_due_next_turn) return;
    connection.is_due_next_turn = true;
    due_next_turn_.push_back(connection.number);
    ask_next_turn();
  }

 private:
  struct FlushHook final : io::EndOfTurn {
    explicit FlushHook(Impl& server_) : server(server_) {}
    void on_end_of_turn() override { server.flush_dirty(); }
    Impl& server;
  };
  struct NextTurnHook final : io::EndOfTurn {
    explicit NextTurnHook(Impl& server_) : server(server_) {}
    void on_end_of_turn() override { server.on_next_turn(); }
    Impl& server;
  };

  void ask_next_turn() {
    if (is_next_turn_asked_) return;
    is_next_turn_asked_ = true;
    core_.world.loop.on_next_turn(next_turn_hook_);
  }

  // The one place where connections write, and where dead ones are taken apart: nothing of theirs is on the
  // stack here. A flush may cancel calls, and so make further connections dirty.
  void flush_dirty() {
    is_busy_ = true;
    for (std::size_t index = 0; index < dirty_.size(); ++index) {
      Connection& connection = *dirty_[index];
      connection.is_dirty = false;
      connection.flush();
      if (connection.is_dead() && !connection.is_dirty) connections_.erase(connection.number);
    }
    dirty_.clear();
    is_busy_ = false;
    if (drained_ != nullptr && connections_.empty()) ask_next_turn();
  }

  void on_next_turn() {
    is_next_turn_asked_ = false;
    is_busy_ = true;
    for (const std::uint64_t number : std::exchange(due_next_turn_, {})) {
      const auto found = connections_.find(number);
      if (found == connections_.end()) continue;
      found->second->is_due_next_turn = false;
      found->second->on_next_turn();
    }
    is_busy_ = false;
    if (drained_ == nullptr || !connections_.empty()) return;
    if (is_drain_told_) return;
    is_drain_told_ = true;
    drained_->complete({});  // last: it may destroy the server
  }

  std::vector<std::shared_ptr<StreamHandler>> kept_handlers_;  // first, and so last to go
  ServerCore core_;
  FlushHook flush_hook_;
  NextTurnHook next_turn_hook_;
  std::vector<std::unique_ptr<io::Listener>> listeners_;
  std::map<std::uint64_t, std::unique_ptr<Connection>> connections_;  // by number of accepting
  std::uint64_t next_number_ = 1;
  std::vector<Connection*> dirty_;           // to be flushed when this turn ends; each once
  std::vector<std::uint64_t> due_next_turn_;
  bool is_next_turn_asked_ = false;
  bool is_busy_ = false;    // inside a hook of ours
  bool is_ending_ = false;  // inside the destructor
  bool is_drain_told_ = false;
  io::Completion* drained_ = nullptr;
};

Server::Server(const io::World& world, ServerOptions options) : impl_(std::make_unique<Impl>(world, std::move(options))) {}
Server::~Server() = default;

void Server::add_unary(std::string_view path, UnaryHandler& handler) { impl_->add(path, {.unary = &handler, .stream = nullptr}); }
void Server::add_stream(std::string_view path, StreamHandler& handler) { impl_->add(path, {.unary = nullptr, .stream = &handler}); }
void Server::add_stream(std::string_view path, std::shared_ptr<StreamHandler> handler) {
  add_stream(path, *handler);
  impl_->keep(std::move(handler));
}
void Server::add_http(std::string_view path, HttpHandler& handler) { impl_->add_page(path, handler); }
base::Result<io::Address> Server::listen(const io::Address& address) { return impl_->listen(address); }
void Server::drain(io::Completion& done) { impl_->drain(done); }
std::size_t Server::connection_count() const { return impl_->connection_count(); }

}  // namespace rpc

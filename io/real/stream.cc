#include "io/real/stream.h"

#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "core/base/assert.h"
#include "io/real/errors.h"

namespace io::real {

namespace {

constexpr std::uint32_t kEverything = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;

int pending_error(int fd) {
  int error_number = 0;
  socklen_t size = sizeof error_number;
  ASSERT(::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error_number, &size) == 0);
  return error_number;
}

bool is_would_block(int error_number) { return error_number == EAGAIN || error_number == EWOULDBLOCK; }

}  // namespace

RealStream::RealStream(RealLoop& loop, Descriptor socket, const SocketAddress& peer)
    : loop_(loop), id_(loop.enroll(*this)), socket_(std::move(socket)), peer_(peer.address()), stage_(Stage::open) {
  loop_.watch(id_, socket_.get(), kEverything);
}

RealStream::RealStream(RealLoop& loop, Resolver& resolver, const Address& address, StreamHandler& handler)
    : loop_(loop),
      resolver_(&resolver),
      handler_(&handler),
      id_(loop.enroll(*this)),
      peer_(address),
      stage_(Stage::resolving),
      wants_to_write_(true) {
  if (const auto literal = SocketAddress::from_literal(address)) {
    candidates_.push_back(*literal);
    try_next_candidate(0);
  } else {
    resolver.resolve(address, *this);
  }
}

RealStream::~RealStream() {
  if (stage_ == Stage::resolving) resolver_->cancel(*this);
  loop_.retire(id_);
}

// --- connecting ---

void RealStream::on_resolved(base::Result<std::vector<SocketAddress>> addresses) {
  ASSERT(stage_ == Stage::resolving);
  if (!addresses) return become_failed(base::Error{base::Code::io, "connect " + to_text(peer_) + ": " + addresses.error().detail});
  candidates_ = std::move(*addresses);
  try_next_candidate(0);
}

// Starts connecting to the next address of the name, or fails with the reason of the last one tried.
void RealStream::try_next_candidate(int last_error) {
  while (next_candidate_ < candidates_.size()) {
    const SocketAddress& candidate = candidates_[next_candidate_++];
    socket_ = Descriptor(::socket(candidate.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket_.is_open()) {
      last_error = errno;
      continue;
    }
    set_option(socket_.get(), IPPROTO_TCP, TCP_NODELAY, 1);
    set_option(socket_.get(), SOL_SOCKET, SO_KEEPALIVE, 1);
    if (::connect(socket_.get(), candidate.data(), candidate.size()) != 0 && errno != EINPROGRESS) {
      last_error = errno;
      continue;
    }
    stage_ = Stage::connecting;
    loop_.watch(id_, socket_.get(), kEverything);  // being connected already is an edge too
    return;
  }
  socket_.reset();
  become_failed(error_of(last_error, "connect " + to_text(peer_)));
}

void RealStream::on_connecting(std::uint32_t events) {
  if ((events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) == 0) return;
  if (const int error_number = pending_error(socket_.get()); error_number != 0) return try_next_candidate(error_number);
  const SocketAddress local = SocketAddress::of_socket(socket_.get());
  const SocketAddress peer = SocketAddress::of_peer(socket_.get());
  if (peer.size() == 0) return try_next_candidate(ECONNRESET);
  // A port of this machine that nobody listens on can be given to the very socket that asks for it, which then
  // connects to itself (TCP's simultaneous open) and keeps the port from the server that we wait for.
  if (local.address() == peer.address()) return try_next_candidate(ECONNREFUSED);
  peer_ = peer.address();
  become_open();
}

void RealStream::become_open() {
  ASSERT(stage_ == Stage::connecting);
  stage_ = Stage::open;
  candidates_.clear();
  if (finished_) ::shutdown(socket_.get(), SHUT_WR);
}

// --- inputs ---

void RealStream::on_ready(std::uint32_t events) {
  if (events == 0) asked_again_ = false;
  if (stage_ == Stage::failed) return tell_closed();
  if (stage_ == Stage::told) return;
  if (stage_ == Stage::connecting) on_connecting(events);
  if (stage_ != Stage::open) return;  // a failure is told on the next turn

  ASSERT(handler_ != nullptr);  // set before the turn of on_accept() ended
  if ((events & EPOLLERR) != 0) {
    if (const int error_number = pending_error(socket_.get()); error_number != 0) {
      become_failed(error_of(error_number, to_text(peer_)));
      return tell_closed();
    }
  }
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP)) != 0) may_read_ = true;
  if ((events & (EPOLLRDHUP | EPOLLHUP)) != 0) peer_finished_ = true;

  RealLoop& loop = loop_;
  const SourceId id = id_;
  if (wants_to_write_ && (events & EPOLLOUT) != 0) {
    wants_to_write_ = false;
    handler_->on_writable();
    if (!loop.is_enrolled(id)) return;  // the handler destroyed this stream
  }
  serve_reader();
}

void RealStream::serve_reader() {
  if (stage_ != Stage::open || !may_read_ || paused_ || read_end_) return;
  RealLoop& loop = loop_;
  const SourceId id = id_;
  handler_->on_readable();
  if (!loop.is_enrolled(id)) return;
  if (stage_ == Stage::open && may_read_ && !paused_ && !read_end_) ask_again();
}

void RealStream::ask_again() {
  if (asked_again_) return;
  asked_again_ = true;
  loop_.again(id_);
}

// --- calls ---

ReadResult RealStream::read(std::span<std::byte> into) {
  ReadResult result;
  if (stage_ != Stage::open) return result;
  result.finished = read_end_;
  while (may_read_ && !read_end_ && result.count < into.size()) {
    const std::size_t room = into.size() - result.count;
    const ssize_t count = ::recv(socket_.get(), into.data() + result.count, room, 0);
    if (count > 0) {
      result.count += static_cast<std::size_t>(count);
      // A short answer emptied the buffer, and more would be a new edge; but the edge of the end has been seen.
      if (static_cast<std::size_t>(count) < room && !peer_finished_) may_read_ = false;
    } else if (count == 0) {
      read_end_ = true;
      result.finished = true;
    } else if (is_would_block(errno)) {
      may_read_ = false;
    } else if (errno != EINTR) {
      become_failed(error_of(errno, to_text(peer_)));
      break;
    }
  }
  return result;
}

std::size_t RealStream::write(std::span<const std::byte> data) {
  ASSERT(!finished_);
  if (stage_ != Stage::open || data.empty()) return 0;
  ssize_t count = 0;
  do {
    count = ::send(socket_.get(), data.data(), data.size(), MSG_NOSIGNAL);
  } while (count < 0 && errno == EINTR);
  if (count < 0 && !is_would_block(errno)) {
    become_failed(error_of(errno, to_text(peer_)));
    return 0;
  }
  const std::size_t taken = count < 0 ? 0 : static_cast<std::size_t>(count);
  if (taken < data.size()) wants_to_write_ = true;  // the kernel will report the room, as a new edge
  return taken;
}

void RealStream::finish() {
  finished_ = true;
  // A failure here means that the connection is gone, which the loop is about to say.
  if (stage_ == Stage::open) ::shutdown(socket_.get(), SHUT_WR);
}

void RealStream::pause_reading(bool paused) {
  paused_ = paused;
  if (!paused && stage_ == Stage::open && may_read_ && !read_end_) ask_again();
}

// --- the end ---

void RealStream::become_failed(base::Error why) {
  ASSERT(stage_ != Stage::failed);
  ASSERT(stage_ != Stage::told);
  stage_ = Stage::failed;
  failure_ = std::move(why);
  ask_again();  // handlers are called on turns only, never inside a call of theirs
}

void RealStream::tell_closed() {
  stage_ = Stage::told;
  const base::Error why = std::move(failure_);  // the handler may destroy this stream
  handler_->on_closed(why);
}

}  // namespace io::real

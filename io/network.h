// io/network.h: listeners and byte streams. Peers and clients use the same kind of stream.
//
// Nothing here blocks. Handlers are called on turns of the loop, never inside a call that the handler's
// owner made. After close() or destruction a handler is not called again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "core/base/result.h"

namespace io {

struct Address {
  std::string host;  // a name or a literal IP address; "" listens on every interface
  std::uint16_t port = 0;  // 0 listens on a free one
  friend bool operator==(const Address&, const Address&) = default;
};

std::string to_text(const Address& address);  // `host:port`, an IPv6 literal in brackets

class StreamHandler {
 public:
  // Bytes, or the peer's end of stream, are waiting. Called again on later turns while something is left
  // unread, unless reading was paused.
  virtual void on_readable() = 0;
  // The first call on a stream from connect(): it is connected. Later: a write() that took less than
  // everything may be continued.
  virtual void on_writable() = 0;
  // Refused, reset, or failed: the last call. Bytes not yet read are lost.
  virtual void on_closed(const base::Error& why) = 0;

 protected:
  ~StreamHandler() = default;
};

struct ReadResult {
  std::size_t count = 0;  // bytes put into the buffer
  bool finished = false;  // the peer has finished writing, and everything has been read
};

class Stream {
 public:
  // Closes both directions; what write() took and the peer has not received may be lost.
  virtual ~Stream() = default;
  // Requires: called before the turn ends in which the stream was received from on_accept.
  virtual void set_handler(StreamHandler& handler) = 0;
  // Takes what is there, at most into.size() bytes; {0, false} when nothing is.
  virtual ReadResult read(std::span<std::byte> into) = 0;
  // Takes as much as there is room for, possibly nothing; on_writable() follows when it took less than all.
  // On a stream that is not yet connected it takes nothing. Requires: finish() was not called.
  virtual std::size_t write(std::span<const std::byte> data) = 0;
  // Half-close: the peer reads what was written, then the end.
  virtual void finish() = 0;
  // Stops and resumes on_readable(): back-pressure reaches the peer when buffers are full.
  virtual void pause_reading(bool paused) = 0;
  // For logs. In io/real the peer's IP address and port.
  virtual std::string peer_text() const = 0;
  // The name that TLS verified, empty without one.
  virtual std::string_view verified_identity() const = 0;
};

class ListenHandler {
 public:
  virtual void on_accept(std::unique_ptr<Stream> stream) = 0;

 protected:
  ~ListenHandler() = default;
};

class Listener {
 public:
  // Stops accepting. Streams that it made live on.
  virtual ~Listener() = default;
  virtual Address address() const = 0;  // with the port that was chosen
};

class Network {
 public:
  virtual ~Network() = default;
  // invalid or io with a text that names the address and the reason, such as "address already in use".
  virtual base::Result<std::unique_ptr<Listener>> listen(const Address& address, ListenHandler& handler) = 0;
  // Returns at once; on_writable() or on_closed() says what came of it.
  virtual std::unique_ptr<Stream> connect(const Address& address, StreamHandler& handler) = 0;
};

}  // namespace io

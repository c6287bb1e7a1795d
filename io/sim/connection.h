// io/sim/connection.h: one byte stream between two machines, as their kernels have it.
//
// Two ends; the bytes on their way to an end wait there as segments with an arrival time, so nothing happens
// when a segment arrives except that its reader gets a turn. A segment that a cut link holds has no arrival
// time until the link heals: that is also how a stall looks from outside. What was written and not yet
// read is bounded, and that is the back-pressure.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "io/network.h"
#include "io/sim/host.h"

namespace io::sim {

class Connection;
class Dial;
class Fabric;
struct Link;
struct Flow;

// The `io::Stream` that a process holds. At most one per end; when it goes, the end is closed.
class Stream final : public io::Stream {
 public:
  Stream(std::shared_ptr<Connection> connection, int end, Life& life);
  ~Stream() override;
  void set_handler(StreamHandler& handler) override;
  ReadResult read(std::span<std::byte> into) override;
  std::size_t write(std::span<const std::byte> data) override;
  void finish() override;
  void pause_reading(bool paused) override;
  std::string peer_text() const override;
  std::string_view verified_identity() const override { return {}; }

 private:
  std::shared_ptr<Connection> connection_;
  int end_;
  Life& life_;
  Handle handle_;
};

class Connection final : public std::enable_shared_from_this<Connection> {
 public:
  static constexpr std::size_t kBufferBytes = 256U << 10U;  // written and not yet read, per direction; less on a slow link

  // End 0 dials, end 1 answers. `identity` names the connection in every decision about it.
  Connection(Fabric& fabric, Host& dialer, Host& answerer, std::uint64_t identity, std::string dialer_text,
             std::string answerer_text);
  ~Connection();

  // The ends' lives.
  void attach(int end, Life& life, StreamHandler* handler);  // a process holds its stream from now on
  void set_handler(int end, StreamHandler& handler);
  void dial(std::uint16_t port);                         // end 0 reaches out
  void establish(VirtualTime dialer_told_at);            // end 0 is told by on_writable()
  void refuse(const base::Error& why, VirtualTime at);   // end 0 is told by on_closed()
  void close(int end);                                   // its stream was destroyed

  // What a stream does.
  ReadResult read(int end, std::span<std::byte> into);
  std::size_t write(int end, std::span<const std::byte> data);
  void finish(int end);
  void pause_reading(int end, bool paused);
  const std::string& peer_text(int end) const { return ends_[static_cast<std::size_t>(1 - end)].text; }

  // What the world does.
  void reset(const std::string& why);               // both ends are told, the news taking their time
  void crash(int end, VirtualTime at, bool tell_peer);  // its process is gone; what it did after `at` never was
  void host_back(int end);                          // its machine runs again and knows nothing of this connection
  void on_link_cut(int to_end);                     // the link towards this end
  void on_link_healed(int to_end);
  Host& host(int end) const { return ends_[static_cast<std::size_t>(end)].host; }
  bool is_gone(int end) const { return ends_[static_cast<std::size_t>(end)].is_gone; }
  std::uint64_t identity() const { return identity_; }

 private:
  enum class Told : std::uint8_t { readable, writable, closed };
  class Wake final : public Event {
   public:
    Wake(TurnKind kind, Connection& connection, int end, Told told)
        : Event(kind), connection_(connection), end_(end), told_(told) {}
    void fire() override { connection_.tell(end_, told_); }

   private:
    Connection& connection_;
    int end_;
    Told told_;
  };
  struct Segment {
    std::size_t size = 0;
    VirtualTime sent_at;
    VirtualTime arrives_at;       // never() while a cut link holds it
    std::uint8_t faults = 0;      // bits of SegmentFault, counted when it is read
  };
  struct End {
    End(Connection& connection, int index, Host& of, Link& in, std::string address)
        : host(of), incoming(in), text(std::move(address)),
          readable(TurnKind::readable, connection, index, Told::readable),
          writable(TurnKind::writable, connection, index, Told::writable),
          closed(TurnKind::closed, connection, index, Told::closed) {}
    Host& host;
    Link& incoming;               // from the peer's machine to this one
    std::string text;             // the address, for the peer's peer_text()
    Life* life = nullptr;         // of the process that holds the stream; null before that
    StreamHandler* handler = nullptr;
    bool is_established = false;  // may write
    bool is_paused = false;
    bool wants_room = false;      // a write took less than everything
    bool has_finished = false;
    bool is_closed = false;       // told so: nothing works any more
    bool is_gone = false;         // the stream was destroyed, or its process died
    bool is_silent = false;       // gone by a power loss that nobody told the peer about

    // On the way to this end.
    std::deque<Segment> segments;
    std::string bytes;            // of the segments, from `head` on
    std::size_t head = 0;
    VirtualTime last_arrival;     // bytes never overtake each other
    std::optional<VirtualTime> end_arrives_at;    // the peer has finished writing
    bool end_was_read = false;
    std::optional<VirtualTime> reset_arrives_at;
    base::Error why{base::Code::io, ""};          // of the reset
    bool reset_is_fault = false;  // and not a peer's doing
    std::size_t held_room = 0;    // read here, but a cut link keeps the peer from knowing
    MillisecondOrdinal ordinal;   // of what is sent towards this end

    Wake readable;
    Wake writable;
    Wake closed;
  };

  void tell(int end, Told told);
  void schedule_readable(End& end);
  void schedule_closed(End& end);
  static std::size_t unread(const End& end) { return end.bytes.size() - end.head; }
  // Of the next thing sent towards this end.
  Identity next_identity(End& to, VirtualTime at);
  VirtualTime arrival(End& to, const Identity& identity, VirtualTime sent_at);
  void send(End& to, std::span<const std::byte> data);
  void send_end(End& end);  // the end of what it wrote
  void send_part(End& to, std::span<const std::byte> data, VirtualTime sent_at, VirtualTime arrives_at, std::uint8_t faults);
  void send_reset(End& to, const std::string& why, VirtualTime sent_at);
  void give_room(End& reader, std::size_t size);
  void want_room(End& writer);
  void drop_incoming(End& end);
  void note_lost(End& to);
  Flow flow_to(const End& to) const;
  End& peer_of(const End& end) { return &end == &ends_[0] ? ends_[1] : ends_[0]; }
  const End& peer_of(const End& end) const { return &end == &ends_[0] ? ends_[1] : ends_[0]; }

  Fabric& fabric_;
  std::uint64_t identity_;
  std::array<End, 2> ends_;
  std::unique_ptr<Dial> dial_;
  std::uint64_t serial_ = 0;  // in the fabric's list
};

}  // namespace io::sim

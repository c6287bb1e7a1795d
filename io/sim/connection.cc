#include "io/sim/connection.h"

#include <algorithm>
#include <cstring>

#include "core/base/assert.h"
#include "core/base/bytes.h"
#include "io/sim/dial.h"
#include "io/sim/fabric.h"

namespace io::sim {

namespace {

constexpr std::uint8_t kHeld = 1, kStalled = 2, kSplit = 4, kCorrupted = 8, kSlow = 16;
constexpr std::size_t kPieceBytes = 16U << 10U;  // what a link with a rate carries in one go

void count_read(const Host& host, std::uint8_t faults) {
  if ((faults & kHeld) != 0) host.count(FaultKind::network_partition);
  if ((faults & kStalled) != 0) host.count(FaultKind::network_stall);
  if ((faults & kSplit) != 0) host.count(FaultKind::network_split);
  if ((faults & kCorrupted) != 0) host.count(FaultKind::network_corrupt);
  if ((faults & kSlow) != 0) host.count(FaultKind::network_slow);
}

}  // namespace

Stream::Stream(std::shared_ptr<Connection> connection, int end, Life& life)
    : connection_(std::move(connection)), end_(end), life_(life), handle_(life) {}

Stream::~Stream() {
  if (!life_.is_dead) connection_->close(end_);
}

void Stream::set_handler(StreamHandler& handler) {
  if (!life_.is_dead) connection_->set_handler(end_, handler);
}

ReadResult Stream::read(std::span<std::byte> into) {
  if (life_.is_dead || into.empty()) return {};
  return connection_->read(end_, into);
}

std::size_t Stream::write(std::span<const std::byte> data) {
  if (life_.is_dead || data.empty()) return 0;
  return connection_->write(end_, data);
}

void Stream::finish() {
  if (!life_.is_dead) connection_->finish(end_);
}

void Stream::pause_reading(bool paused) {
  if (!life_.is_dead) connection_->pause_reading(end_, paused);
}

std::string Stream::peer_text() const { return connection_->peer_text(end_); }

Connection::Connection(Fabric& fabric, Host& dialer, Host& answerer, std::uint64_t identity, std::string dialer_text,
                       std::string answerer_text)
    : fabric_(fabric),
      identity_(identity),
      ends_{End(*this, 0, dialer, fabric.link(answerer, dialer), std::move(dialer_text)),
            End(*this, 1, answerer, fabric.link(dialer, answerer), std::move(answerer_text))} {
  serial_ = fabric.add_connection(*this);
}

Connection::~Connection() {
  for (End& end : ends_) {
    end.host.cancel(end.readable);
    end.host.cancel(end.writable);
    end.host.cancel(end.closed);
  }
  if (fabric_.wire_listener() != nullptr) fabric_.wire_listener()->on_ended(serial_, fabric_.universe().now);
  fabric_.remove_connection(serial_);
}

void Connection::attach(int index, Life& life, StreamHandler* handler) {
  End& end = ends_[static_cast<std::size_t>(index)];
  ASSERT(end.life == nullptr);
  end.life = &life;
  end.handler = handler;
}

void Connection::set_handler(int index, StreamHandler& handler) {
  End& end = ends_[static_cast<std::size_t>(index)];
  end.handler = &handler;
  schedule_closed(end);
  schedule_readable(end);
}

void Connection::establish(VirtualTime dialer_told_at) {
  ends_[1].is_established = true;
  ends_[0].host.schedule(ends_[0].writable, dialer_told_at);
}

void Connection::dial(std::uint16_t port) {
  dial_ = std::make_unique<Dial>(fabric_, *this, port);
}

void Connection::refuse(const base::Error& why, VirtualTime at) {
  End& end = ends_[0];
  end.why = why;
  end.reset_arrives_at = at;
  schedule_closed(end);
}

void Connection::close(int index) {
  End& end = ends_[static_cast<std::size_t>(index)];
  End& peer = peer_of(end);
  ASSERT(!end.is_gone);
  const bool was_open = !end.is_closed && (end.is_established || ends_[1].is_established);
  if (was_open && !peer.is_gone) {
    // As a kernel does: an orderly end when everything was read, a reset when bytes are thrown away.
    if (unread(end) > 0 || !end.is_established) {
      send_reset(peer, "connection reset by peer", end.host.instant());
    } else if (!end.has_finished) {
      finish(index);
    }
  }
  end.is_gone = true;
  end.handler = nullptr;
  dial_.reset();
  drop_incoming(end);
  end.host.cancel(end.readable);
  end.host.cancel(end.writable);
  end.host.cancel(end.closed);
}

void Connection::tell(int index, Told told) {
  const std::shared_ptr<Connection> keep = shared_from_this();  // the handler may destroy the stream
  End& end = ends_[static_cast<std::size_t>(index)];
  if (end.handler == nullptr || end.is_gone || end.is_closed) return;
  switch (told) {
    case Told::readable:
      end.handler->on_readable();
      if (!end.readable.is_scheduled()) schedule_readable(end);
      return;
    case Told::writable:
      if (!end.is_established) {
        end.is_established = true;
        if (end.has_finished) send_end(end);  // asked for while the connection was being made
      }
      end.wants_room = false;
      end.handler->on_writable();
      return;
    case Told::closed:
      end.is_closed = true;
      end.host.cancel(end.readable);
      end.host.cancel(end.writable);
      drop_incoming(end);
      end.host.note(1);
      if (end.reset_is_fault) end.host.count(FaultKind::network_reset);
      end.handler->on_closed(end.why);
      return;
  }
}

void Connection::schedule_readable(End& end) {
  if (end.life == nullptr || end.is_gone || end.is_closed) return;
  std::optional<VirtualTime> at;
  if (!end.segments.empty()) {
    at = end.segments.front().arrives_at;
  } else if (!end.end_was_read) {
    at = end.end_arrives_at;
  }
  if (!at || *at == VirtualTime::never() || end.is_paused || end.handler == nullptr) return end.host.cancel(end.readable);
  end.host.schedule(end.readable, std::max(*at, end.host.now()));
}

void Connection::schedule_closed(End& end) {
  if (end.life == nullptr || end.handler == nullptr || end.is_gone || end.is_closed || !end.reset_arrives_at) return;
  if (*end.reset_arrives_at == VirtualTime::never()) return end.host.cancel(end.closed);
  end.host.schedule(end.closed, std::max(*end.reset_arrives_at, end.host.now()));
}

Flow Connection::flow_to(const End& to) const { return {serial_, &to == &ends_[1], peer_of(to).host.name(), to.host.name()}; }

void Connection::note_lost(End& to) {
  if (fabric_.wire_listener() != nullptr) fabric_.wire_listener()->on_lost(flow_to(to), fabric_.universe().now);
}

void Connection::drop_incoming(End& end) {
  note_lost(end);
  end.segments.clear();
  end.bytes.clear();
  end.head = 0;
}

ReadResult Connection::read(int index, std::span<std::byte> into) {
  End& end = ends_[static_cast<std::size_t>(index)];
  if (end.is_closed) return {};
  const VirtualTime now = end.host.now();
  std::size_t count = 0;
  while (count < into.size() && !end.segments.empty() && end.segments.front().arrives_at <= now) {
    Segment& segment = end.segments.front();
    const std::size_t part = std::min(segment.size, into.size() - count);
    std::memcpy(into.data() + count, end.bytes.data() + end.head, part);
    count += part;
    end.head += part;
    segment.size -= part;
    count_read(end.host, segment.faults);
    segment.faults = 0;
    if (segment.size == 0) end.segments.pop_front();
  }
  if (end.head == end.bytes.size()) {
    end.bytes.clear();
    end.head = 0;
  } else if (end.head >= kBufferBytes / 2) {
    end.bytes.erase(0, end.head);
    end.head = 0;
  }
  if (count > 0) {
    end.host.note(base::hash64(base::as_text(into.first(count))));
    if (fabric_.wire_listener() != nullptr) fabric_.wire_listener()->on_read(flow_to(end), now, count);
    give_room(end, count);
  }
  const bool finished = end.segments.empty() && end.end_arrives_at && *end.end_arrives_at <= now;
  if (finished && !end.end_was_read) {
    end.end_was_read = true;
    end.host.note(2);
  }
  schedule_readable(end);
  return {count, finished};
}

std::size_t Connection::write(int index, std::span<const std::byte> data) {
  End& end = ends_[static_cast<std::size_t>(index)];
  End& to = peer_of(end);
  ASSERT(!end.has_finished);
  if (!end.is_established || end.is_closed) {
    end.wants_room = !end.is_established;
    return 0;
  }
  // A closed socket answers bytes with a reset. Until that is here they are taken, and lost.
  if (to.is_gone && !to.is_silent && !end.reset_arrives_at) {
    const VirtualTime now = end.host.instant();
    send_reset(end, "connection reset by peer", arrival(to, next_identity(to, now), now));
  }
  if (to.is_silent) end.host.count(FaultKind::network_half_open);
  // A reset is on its way to the reader: what is written behind it is taken, and lost. A stream has no holes.
  const auto note_sent = [&](std::size_t size) {
    const std::string_view sent = base::as_text(data.first(size));
    if (fabric_.wire_listener() != nullptr) fabric_.wire_listener()->on_sent(flow_to(to), end.host.instant(), sent);
  };
  if (to.reset_arrives_at) {
    note_sent(data.size());
    return data.size();
  }
  const std::size_t used = unread(to) + to.held_room;
  const std::size_t most = to.incoming.buffer_bytes();
  const std::size_t count = std::min(data.size(), used < most ? most - used : 0);
  if (count < data.size()) end.wants_room = true;
  if (count > 0) {
    note_sent(count);
    send(to, data.first(count));
  }
  return count;
}

Identity Connection::next_identity(End& to, VirtualTime at) {
  const std::uint64_t millisecond = at.millisecond();
  return Identity{peer_of(to).host.key(), to.host.key(), identity_, millisecond, to.ordinal.next(millisecond)};
}

VirtualTime Connection::arrival(End& to, const Identity& identity, VirtualTime sent_at) {
  if (to.incoming.is_cut) return VirtualTime::never();
  return sent_at + draw_latency(to.host.decisions(), "net.latency", identity, to.incoming.faults.latency);
}

void Connection::send(End& to, std::span<const std::byte> data) {
  End& from = peer_of(to);
  Decisions& decisions = to.host.decisions();
  const LinkFaults& faults = to.incoming.faults;
  const VirtualTime sent_at = from.host.instant();
  const Identity identity = next_identity(to, sent_at);
  from.host.note(base::hash64(base::as_text(data)));
  if (decisions.happens("net.reset", identity, faults.reset_per_million)) return reset("connection reset by peer");

  VirtualTime at = arrival(to, identity, sent_at);
  std::uint8_t marks = to.incoming.is_cut ? kHeld : 0;
  if (!to.incoming.is_cut && decisions.happens("net.stall", identity, faults.stall_per_million)) {
    at = at + decisions.between("net.stall_time", identity, base::Duration::zero(), faults.stall_last);
    marks |= kStalled;
  }
  std::string changed;
  if (decisions.happens("net.corrupt", identity, faults.corrupt_per_million)) {
    const std::uint64_t draw = decisions.draw("net.corruption", identity);
    changed.assign(base::as_text(data));
    char& byte = changed[static_cast<std::size_t>((draw >> 8U) % changed.size())];
    byte = static_cast<char>(static_cast<unsigned char>(byte) ^ (1U << (draw & 7U)));
    data = base::as_bytes(changed);
    marks |= kCorrupted;
  }
  if (data.size() > 1 && decisions.happens("net.split", identity, faults.split_per_million)) {
    const std::size_t cut = 1 + static_cast<std::size_t>(decisions.below("net.split_at", identity, data.size() - 1));
    send_part(to, data.first(cut), sent_at, at, static_cast<std::uint8_t>(marks | kSplit));
    data = data.subspan(cut);
    if (at != VirtualTime::never()) at = at + draw_latency(decisions, "net.split_latency", identity, faults.latency);
  }
  send_part(to, data, sent_at, at, marks);
}

void Connection::send_part(End& to, std::span<const std::byte> data, VirtualTime sent_at, VirtualTime arrives_at,
                           std::uint8_t faults) {
  const bool was_empty = to.segments.empty();
  const bool is_slow = to.incoming.faults.bytes_per_second > 0 && arrives_at != VirtualTime::never();
  if (is_slow) faults |= kSlow;
  to.bytes.append(base::as_text(data));
  for (std::size_t left = data.size(); left > 0;) {
    const std::size_t size = is_slow ? std::min(left, kPieceBytes) : left;
    const base::Duration wait = is_slow ? to.incoming.transmit(size, sent_at) - sent_at : base::Duration::zero();
    to.last_arrival = std::max(to.last_arrival, is_slow ? arrives_at + wait : arrives_at);
    to.segments.push_back({size, sent_at, to.last_arrival, faults});
    left -= size;
  }
  if (was_empty) schedule_readable(to);
}

void Connection::finish(int index) {
  End& end = ends_[static_cast<std::size_t>(index)];
  if (end.has_finished) return;
  end.has_finished = true;
  if (!end.is_closed && end.is_established) send_end(end);
}

void Connection::send_end(End& end) {
  End& to = peer_of(end);
  if (to.reset_arrives_at) return;  // as with bytes behind a reset: the end of what was cut off is no orderly end
  const VirtualTime sent_at = end.host.instant();
  to.last_arrival = std::max(to.last_arrival, arrival(to, next_identity(to, sent_at), sent_at));
  to.end_arrives_at = to.last_arrival;
  if (to.segments.empty()) schedule_readable(to);
}

void Connection::pause_reading(int index, bool paused) {
  End& end = ends_[static_cast<std::size_t>(index)];
  end.is_paused = paused;
  schedule_readable(end);
}

void Connection::give_room(End& reader, std::size_t size) {
  if (peer_of(reader).incoming.is_cut) {
    reader.held_room += size;
  } else {
    want_room(peer_of(reader));
  }
}

void Connection::want_room(End& writer) {
  if (!writer.wants_room || !writer.is_established || writer.is_gone || writer.is_closed || writer.life == nullptr) return;
  if (writer.writable.is_scheduled()) return;
  const VirtualTime now = writer.host.now();
  writer.host.schedule(writer.writable, arrival(writer, next_identity(writer, now), now));
}

void Connection::send_reset(End& to, const std::string& why, VirtualTime sent_at) {
  if (to.is_gone || to.is_closed || to.reset_arrives_at) return;
  const VirtualTime at =
      sent_at == VirtualTime::never() ? sent_at : arrival(to, next_identity(to, sent_at), sent_at);
  to.last_arrival = std::max(to.last_arrival, at);
  to.reset_arrives_at = to.last_arrival;
  to.why = base::Error{base::Code::io, why};
  schedule_closed(to);
}

void Connection::reset(const std::string& why) {
  const VirtualTime now = fabric_.universe().now;
  for (End& end : ends_) {
    if (end.is_gone || end.is_closed) continue;
    if (!end.reset_arrives_at) end.reset_is_fault = true;
    send_reset(end, why, now);
  }
}

void Connection::crash(int index, VirtualTime at, bool tell_peer) {
  End& end = ends_[static_cast<std::size_t>(index)];
  End& peer = peer_of(end);
  if (end.is_gone) return;
  // A machine that is only being dialled has nothing to lose: whoever listens when the dial arrives answers it.
  if (index == 1 && !end.is_established) return;
  while (!peer.segments.empty() && peer.segments.back().sent_at > at) {
    if (fabric_.wire_listener() != nullptr) fabric_.wire_listener()->on_taken_back(flow_to(peer), peer.segments.back().size);
    peer.bytes.resize(peer.bytes.size() - peer.segments.back().size);
    peer.segments.pop_back();
  }
  schedule_readable(peer);
  end.is_gone = true;
  end.is_silent = !tell_peer;
  note_lost(end);
  end.handler = nullptr;
  end.life = nullptr;
  if (tell_peer && !end.is_closed) send_reset(peer, "connection reset by peer", at);
}

void Connection::host_back(int index) {
  End& end = ends_[static_cast<std::size_t>(index)];
  if (!end.is_silent) return;
  end.is_silent = false;
  // The peer's kernel has been sending its bytes again and again; now somebody answers.
  if (unread(end) > 0 || end.end_arrives_at) send_reset(peer_of(end), "connection reset by peer", fabric_.universe().now);
}

void Connection::on_link_cut(int to_index) {
  End& to = ends_[static_cast<std::size_t>(to_index)];
  const VirtualTime now = fabric_.universe().now;
  for (Segment& segment : to.segments) {
    if (segment.arrives_at <= now) continue;
    segment.arrives_at = VirtualTime::never();
    segment.faults |= kHeld;
    to.last_arrival = VirtualTime::never();
  }
  for (std::optional<VirtualTime>* at : {&to.end_arrives_at, &to.reset_arrives_at}) {
    if (!*at || **at <= now) continue;
    *at = VirtualTime::never();
    to.last_arrival = VirtualTime::never();
  }
  schedule_readable(to);
  schedule_closed(to);
}

void Connection::on_link_healed(int to_index) {
  End& to = ends_[static_cast<std::size_t>(to_index)];
  End& from = peer_of(to);
  const VirtualTime now = fabric_.universe().now;
  const Identity identity = next_identity(to, now);
  // The sender's kernel tries again after a while; everything that was held arrives as fast as the link carries it.
  const VirtualTime at = arrival(to, identity, now) +
                         to.host.decisions().between("net.retry", identity, base::Duration::zero(), to.incoming.faults.retry_last);
  VirtualTime last = at;
  for (Segment& segment : to.segments) {
    if (segment.arrives_at == VirtualTime::never()) segment.arrives_at = last = to.incoming.transmit(segment.size, at);
  }
  if (to.last_arrival == VirtualTime::never()) to.last_arrival = last;
  if (to.end_arrives_at == VirtualTime::never()) to.end_arrives_at = last;
  if (to.reset_arrives_at == VirtualTime::never()) to.reset_arrives_at = last;
  schedule_readable(to);
  schedule_closed(to);
  if (from.held_room > 0) {  // what the peer has read is known here now
    from.held_room = 0;
    want_room(to);
  }
}

}  // namespace io::sim

// Property: both ends write at once, and each reads exactly what the other wrote, then the end.
// Method: pieces and buffers of any size from one byte on; readers pause now and then; more bytes than the buffers
// on the way hold, so that writers are stopped.
#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "property_tests/property.h"
#include "property_tests/worlds/stream_probes.h"

namespace property_tests::worlds {

namespace {

using Sizes = std::vector<std::size_t>;  // used in rotation

// One end: writes `total` bytes in pieces, then finishes; reads into buffers; pauses as the plan says.
class Pump {
 public:
  Pump(io::Loop& loop, StreamProbe& probe, std::size_t total, char salt, Sizes pieces, Sizes buffers, Sizes pauses)
      : loop_(loop), probe_(probe), pieces_(std::move(pieces)), buffers_(std::move(buffers)), pauses_(std::move(pauses)) {
    for (std::size_t i = 0; i < total; ++i) bytes_.push_back(static_cast<char>((i * 31 + i / 251) ^ static_cast<unsigned char>(salt)));
    probe_.writable_action = [this] { write(); };
    probe_.readable_action = [this] { read(); };
  }
  ~Pump() { loop_.forget(resume_); }
  Pump(const Pump&) = delete;
  Pump& operator=(const Pump&) = delete;

  void write() {
    while (written_ < bytes_.size()) {
      const std::size_t size = std::min(next(pieces_, piece_), bytes_.size() - written_);
      const std::size_t taken = probe_.write(std::string_view(bytes_).substr(written_, size));
      written_ += taken;
      if (taken < size) return;  // on_writable() will follow
    }
    if (!finished_) probe_.stream->finish();
    finished_ = true;
  }

  const std::string& bytes() const { return bytes_; }

 private:
  static std::size_t next(const Sizes& sizes, std::size_t& position) { return sizes[position++ % sizes.size()]; }

  void read() {
    probe_.read_some(next(buffers_, buffer_));
    if (pauses_.empty() || ++reads_ % 8 != 0) return;
    probe_.stream->pause_reading(true);
    turns_to_wait_ = next(pauses_, pause_);
    loop_.on_next_turn(resume_);
  }
  void on_resume() {
    if (turns_to_wait_ > 0) {
      --turns_to_wait_;
      loop_.on_next_turn(resume_);
    } else {
      probe_.stream->pause_reading(false);
    }
  }

  io::Loop& loop_;
  StreamProbe& probe_;
  std::string bytes_;
  std::size_t written_ = 0;
  bool finished_ = false;
  Sizes pieces_, buffers_, pauses_;
  std::size_t piece_ = 0, buffer_ = 0, pause_ = 0, reads_ = 0, turns_to_wait_ = 0;
  HookProbe resume_{[this] { on_resume(); }};
};

rc::Gen<Sizes> sizes_gen(std::size_t most) {
  return rc::gen::nonEmpty(rc::gen::container<Sizes>(rc::gen::inRange<std::size_t>(1, most)));
}

}  // namespace

PROPERTY("stream: bytes arrive whole and in order, both ways at once") {
  property("stream bytes", [] {
    // The largest fills a real socket's first buffers several times over; the smallest is a stream without bytes.
    std::size_t client_total = *rc::gen::elementOf(Sizes{0, 1, 1000, 100'000, 600'000});
    std::size_t server_total = *rc::gen::elementOf(Sizes{0, 1, 1000, 100'000, 600'000});
    const Sizes client_pieces = *rc::gen::oneOf(sizes_gen(100), sizes_gen(300'000));
    const Sizes server_pieces = *rc::gen::oneOf(sizes_gen(100), sizes_gen(300'000));
    // A real piece is a system call: not too many of them.
    constexpr std::size_t kPieceCountMax = 2000;
    client_total = std::min(client_total, kPieceCountMax * client_pieces.front());
    server_total = std::min(server_total, kPieceCountMax * server_pieces.front());
    const Sizes buffers = *sizes_gen(300'000);
    const Sizes pauses = *rc::gen::container<Sizes>(rc::gen::inRange<std::size_t>(0, 5));

    Pair pair;
    Pump client(pair.world->other().loop, pair.client, client_total, 'c', client_pieces, buffers, pauses);
    Pump server(pair.world->member().loop, *pair.server, server_total, 's', server_pieces, buffers, pauses);
    client.write();
    server.write();
    RC_ASSERT(pair.world->run_until([&] { return pair.client.finished && pair.server->finished; }));
    RC_ASSERT(pair.client.received == server.bytes());
    RC_ASSERT(pair.server->received == client.bytes());
    RC_ASSERT(pair.client.closed_count + pair.server->closed_count == 0);
  });
}

}  // namespace property_tests::worlds

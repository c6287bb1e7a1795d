// sim/conversations.h: what machines say to each other, taken off the wire.
//
// The bytes of every connection go through what can read them: calls (core/rpc), then the packets of members (core/peer), then the
// tenant's words. A message is sent when its last byte is, and read when its reader has that byte.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/peer/packet.h"
#include "core/rpc/overheard.h"
#include "io/sim/wire.h"
#include "sim/story.h"
#include "sim/teller.h"

namespace sim {

// Who counts turns.
class TurnCounter {
 public:
  virtual std::uint64_t turn() const = 0;  // the one that is under way

 protected:
  ~TurnCounter() = default;
};

class Conversations final : public io::sim::WireListener {
 public:
  // `teller` may be null. All references outlive the conversations.
  Conversations(const TurnCounter& turns, const Teller* teller);
  ~Conversations();
  Conversations(const Conversations&) = delete;
  Conversations& operator=(const Conversations&) = delete;

  // Before anything is said by or to it.
  void add_machine(std::string_view name, bool is_member) {
    lanes_.emplace(name, static_cast<std::uint32_t>(lanes_.size()));
    is_member_.push_back(is_member);
  }

  // In the order of sending. Whatever is heard later is not in it.
  std::vector<StoryMessage> take();

  void on_sent(const io::sim::Flow& flow, io::sim::VirtualTime at, std::string_view bytes) override;
  void on_read(const io::sim::Flow& flow, io::sim::VirtualTime at, std::size_t size) override;
  void on_taken_back(const io::sim::Flow& flow, std::size_t size) override;
  void on_lost(const io::sim::Flow& flow, io::sim::VirtualTime at) override;
  void on_ended(std::uint64_t connection, io::sim::VirtualTime at) override;

 private:
  class Connection;
  struct Waiting {
    std::uint64_t end = 0;  // of its bytes, counted from the first that was sent
    std::size_t message = 0;
  };
  struct Direction {
    std::uint64_t sent = 0;
    std::uint64_t read = 0;
    bool is_lost = false;
    std::deque<Waiting> waiting;  // for its reader
  };

  void add(Direction& direction, StoryMessage message);
  void lose(Direction& direction, io::sim::VirtualTime at);

  const TurnCounter& turns_;
  const Teller* const teller_;
  std::map<std::string, std::uint32_t, std::less<>> lanes_;
  std::vector<bool> is_member_;  // by lane
  std::map<std::uint64_t, std::unique_ptr<Connection>> connections_;
  std::vector<StoryMessage> messages_;
  std::vector<bool> was_sent_;  // of each: false, if it was taken back
};

}  // namespace sim

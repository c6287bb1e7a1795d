// apps/examples/seats/seats.h: who sits where: a replicated service in a few lines (docs/your-state-machine.md).
//
//   write   take SEAT NAME    the seat is NAME's, unless it is somebody's already
//           leave SEAT NAME   and is free again, if it was NAME's
//   read                      all seats that are taken
//
// The answer is a log index, then SEAT=NAME for each seat that is taken: of a write the one seat, as it stands behind that command.
#pragma once

#include <map>
#include <sstream>
#include <string>
#include <string_view>

#include "core/base/codec.h"
#include "core/peer/plain_server.h"
#include "core/replica/file_machine.h"

namespace seats {

inline constexpr std::string_view kService = "seats.Seats";

class Seats final : public replica::FileMachine, public peer::PlainReader {
 public:
  using FileMachine::FileMachine;

  std::string read(std::string_view) const override {
    std::string answer = base::to_text(applied());
    for (const auto& seat : seats_) answer += " " + seat.first + "=" + seat.second;
    return answer;
  }

 private:
  static constexpr std::size_t kSeatsMax = 100;  // the whole state is hashed with every command

  std::string apply_command(const replica::Command& command) override {
    std::istringstream in{std::string(command.bytes)};
    std::string what, seat, name;
    in >> what >> seat >> name;
    const auto found = seats_.find(seat);
    if (what == "take" && !name.empty() && found == seats_.end() && seats_.size() < kSeatsMax) seats_[seat] = name;
    if (what == "leave" && found != seats_.end() && found->second == name) seats_.erase(found);
    const auto now = seats_.find(seat);
    return base::to_text(command.id.index) + (now == seats_.end() ? "" : " " + seat + "=" + now->second);
  }

  std::string encode_state() const override {
    std::string state;
    base::ByteWriter out(state);
    for (const auto& seat : seats_) {
      out.bytes(seat.first);
      out.bytes(seat.second);
    }
    return state;
  }

  bool decode_state(std::string_view bytes) override {
    seats_.clear();  // a snapshot comes while there is another state
    base::ByteReader in(bytes);
    while (in.ok() && !in.at_end()) {
      const std::string seat(in.bytes());
      seats_[seat] = in.bytes();
    }
    return in.ok();
  }

  std::map<std::string, std::string> seats_;  // who sits there
};

}  // namespace seats

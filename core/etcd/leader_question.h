// core/etcd/leader_question.h: a request that another member is to decide, passed on to it over the peer listener.
//   idle -> connecting (one address after the other) -> asked -> idle: answered, or its fate is unknown
//
// Unlike PeerQuestion it is never asked twice: an address that was reached is the last.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/rpc/client.h"
#include "io/world.h"

namespace etcd {

class LeaderQuestionListener {
 public:
  // `answer` is the message when `status` is ok. On a turn of its own; the question is idle again.
  virtual void on_leader_answer(const rpc::Status& status, std::string answer) = 0;
  // Nobody was reached: certainly without effect. Likewise.
  virtual void on_leader_not_reached() = 0;

 protected:
  ~LeaderQuestionListener() = default;
};

class LeaderQuestion final : private rpc::ChannelListener, private rpc::ClientCall, private io::EndOfTurn {
 public:
  LeaderQuestion(const io::World& world, LeaderQuestionListener& listener) : world_(world), listener_(listener) {}
  ~LeaderQuestion() { stop(); }

  // Requires: idle.
  void ask(std::string_view path, std::string request, std::vector<io::Address> addresses, base::Instant deadline);
  void stop();  // without an answer; no effect when idle

 private:
  enum class Stage : std::uint8_t { idle, connecting, asked, answered, not_reached };

  void on_connected() override;
  void on_disconnected(const base::Error& why) override;
  void on_message(std::string_view message) override { answer_ = message; }
  void on_status(const rpc::Status& status) override;
  void on_end_of_turn() override;
  void try_next();

  const io::World& world_;
  LeaderQuestionListener& listener_;
  Stage stage_ = Stage::idle;
  std::string path_;
  std::string request_;
  std::vector<io::Address> addresses_;
  std::size_t next_address_ = 0;
  base::Instant deadline_;
  std::string answer_;
  rpc::Status status_;
  std::unique_ptr<rpc::Channel> channel_;
};

}  // namespace etcd

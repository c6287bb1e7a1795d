// core/etcd/peer_question.h: one question to another member (peer_service.h), at one address after the other.
//   idle -> asking -> idle: answered, or nobody did
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/rpc/client.h"
#include "io/world.h"

namespace etcd {

class PeerQuestion;

class PeerQuestionListener {
 public:
  // `answer` is the message, or nothing when no address gave one in time. On a turn of its own; may ask the next question.
  virtual void on_peer_answer(PeerQuestion& question, std::optional<std::string> answer) = 0;

 protected:
  ~PeerQuestionListener() = default;
};

class PeerQuestion final : private rpc::ClientCall, private io::EndOfTurn {
 public:
  PeerQuestion(const io::World& world, std::vector<io::Address> addresses, PeerQuestionListener& listener);
  ~PeerQuestion();

  // Each address has this long. Requires: idle, and there is an address.
  void ask(std::string_view path, base::Duration timeout);
  void stop();  // without an answer; no effect when idle
  bool is_asking() const { return is_asking_; }

 private:
  void on_message(std::string_view message) override;
  void on_status(const rpc::Status& status) override;
  void on_end_of_turn() override;
  void try_next();

  const io::World& world_;
  const std::vector<io::Address> addresses_;
  PeerQuestionListener& listener_;
  std::string path_;
  base::Duration timeout_{};
  std::size_t next_address_ = 0;
  bool is_asking_ = false;
  std::optional<std::string> answer_;
  std::unique_ptr<rpc::Channel> channel_;
};

}  // namespace etcd

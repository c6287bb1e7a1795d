// core/etcd/local_call.h: what a service asks of another service of the same member, as a client would: through the same gates, with the
// credentials of whoever asked it (behaviour reference §13).
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/rpc/server.h"
#include "io/loop.h"
#include "io/world.h"

namespace etcd {

// The services that the recipes are made of.
struct LocalServices {
  rpc::UnaryHandler& range;
  rpc::UnaryHandler& txn;
  rpc::UnaryHandler& delete_range;
  rpc::UnaryHandler& lease_grant;
  rpc::StreamHandler& watch;
};

// What is known of a caller, for questions that go on when its call has gone. It has no deadline: the call has.
class RememberedCaller final : public rpc::CallContext {
 public:
  RememberedCaller() = default;
  explicit RememberedCaller(const rpc::CallContext& caller);

  std::optional<std::string_view> metadata(std::string_view name) const override;
  std::optional<base::Instant> deadline() const override { return std::nullopt; }
  std::string peer_text() const override { return peer_; }
  std::string_view verified_identity() const override { return identity_; }

 private:
  std::map<std::string, std::string, std::less<>> metadata_;  // of what services look at
  std::string peer_;
  std::string identity_;
};

// A call of either kind that is, to whoever looks, the caller's.
template <typename Call>
class OnBehalf : public Call {
 public:
  std::optional<std::string_view> metadata(std::string_view name) const override { return caller_->metadata(name); }
  std::optional<base::Instant> deadline() const override { return caller_->deadline(); }
  std::string peer_text() const override { return caller_->peer_text(); }
  std::string_view verified_identity() const override { return caller_->verified_identity(); }

 protected:
  ~OnBehalf() = default;
  const rpc::CallContext* caller_ = nullptr;
};

class LocalCallListener {
 public:
  // On a turn after the question; the call may ask the next one.
  virtual void on_local_answer(const rpc::Status& status, std::string_view message) = 0;

 protected:
  ~LocalCallListener() = default;
};

// idle -> asking -> (answered ->) idle; stop() at any time.
class LocalCall final : private OnBehalf<rpc::UnaryCall>, private io::EndOfTurn {
 public:
  LocalCall(const io::World& world, LocalCallListener& listener) : world_(world), listener_(listener) {}
  ~LocalCall() { stop(); }
  // `caller` outlives the call, or stop() comes first. Requires: idle.
  void ask(const rpc::CallContext& caller, rpc::UnaryHandler& handler, std::string_view request);
  // Without an answer. No effect when idle.
  void stop();

 private:
  // rpc::UnaryCall
  void respond(std::string_view message) override;
  void respond(std::vector<std::string> parts) override;
  void fail(const rpc::Status& status) override;
  void on_cancel(rpc::CallCancelled& waiting) override { waiting_ = &waiting; }

  void on_end_of_turn() override;
  void end(rpc::Status status);

  enum class Stage : std::uint8_t { idle, asking, answered };
  const io::World& world_;
  LocalCallListener& listener_;
  Stage stage_ = Stage::idle;
  rpc::CallCancelled* waiting_ = nullptr;
  rpc::Status status_;
  std::string message_;
};

class LocalStreamListener {
 public:
  // Both on turns after the message was sent.
  virtual void on_local_messages(std::vector<std::string> messages) = 0;  // the next ones, oldest first
  virtual void on_local_end(const rpc::Status& status) = 0;  // the stream may be opened again

 protected:
  ~LocalStreamListener() = default;
};

// idle -> open -> (ended ->) idle; stop() at any time.
class LocalStream final : private OnBehalf<rpc::StreamCall>, private io::EndOfTurn {
 public:
  LocalStream(const io::World& world, LocalStreamListener& listener) : world_(world), listener_(listener) {}
  ~LocalStream() { stop(); }
  // Opens the stream and sends the first message on it. `caller` as LocalCall has it. Requires: idle.
  void open(const rpc::CallContext& caller, rpc::StreamHandler& handler, std::string_view request);
  void stop();

 private:
  void send(std::string_view message) override { send(message, {}); }
  void send(std::string_view first, std::string_view second) override;
  std::size_t queued_bytes() const override { return 0; }  // taken when the turn ends
  void finish(const rpc::Status& status) override;
  void pause_receiving(bool /*paused*/) override {}

  void on_end_of_turn() override;
  void ask_for_turn();

  enum class Stage : std::uint8_t { idle, open, ended };
  const io::World& world_;
  LocalStreamListener& listener_;
  Stage stage_ = Stage::idle;
  rpc::StreamReceiver* receiver_ = nullptr;
  std::vector<std::string> messages_;
  bool is_turn_asked_ = false;
  rpc::Status status_;
};

}  // namespace etcd

// apps/examples/bank/client.h: a client of the bank: one request at a time, asked of one member after the other until one answers.
//
// It begins a session with its first write and numbers what it writes, so that what it asks again takes effect once.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/rpc/client.h"
#include "io/world.h"

namespace bank {

class ClientListener {
 public:
  // What goes over the wire, before it goes for the first time. A write may be preceded by a `session`.
  virtual void on_asking(std::string_view request) { static_cast<void>(request); }
  // `ok …` or `no …` (bank.h).
  virtual void on_answer(std::string_view answer) = 0;

 protected:
  ~ClientListener() = default;
};

struct ClientOptions {
  std::vector<io::Address> servers;  // where members serve clients; at least one, and the first is asked first
  base::Duration attempt_max = std::chrono::seconds(6);  // a little more than a member lets it wait
};

class Client final : private rpc::ClientCall, private io::Timer {
 public:
  Client(const io::World& world, ClientOptions options, ClientListener& listener);
  ~Client();

  // Each is followed by one on_answer(), on a later turn, however long that takes. Requires: no answer is awaited.
  void write(std::string_view what);     // `open ACCOUNT`, `deposit …`, `transfer …`
  void read(std::string_view accounts);  // none: all of them

 private:
  void on_message(std::string_view message) override { answer_ = message; }
  void on_status(const rpc::Status& status) override;
  void on_timer() override { attempt(); }
  void begin(std::string_view method, std::string request);
  void attempt();

  const io::World world_;
  const ClientOptions options_;
  ClientListener& listener_;
  std::size_t server_ = 0;  // whom it asks
  std::unique_ptr<rpc::Channel> channel_;
  std::string session_;       // empty: none yet
  std::uint64_t number_ = 0;  // of its newest write in the session
  std::string next_;          // the write that waits for the session
  bool is_asking_ = false;
  std::string path_;     // of what it asks
  std::string request_;  // likewise
  std::string answer_;
};

}  // namespace bank

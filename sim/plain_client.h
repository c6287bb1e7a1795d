// sim/plain_client.h: a client of a peer::PlainServer in a run.
//
// It asks what its lines say, one after the other, each at its time or when the one before it has ended. Each is sent once; when nobody answers
// the next one goes to another member. In the calm it asks anew until somebody answers.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/rpc/client.h"
#include "io/sim/node.h"
#include "sim/alarms.h"
#include "sim/draft.h"
#include "sim/plain.h"
#include "sim/teller.h"
#include "sim/tenant.h"

namespace sim {

// Of one client, over all lives of its process.
struct PlainPart {
  std::deque<Operation> lines;  // `write …` and `read …`, by time
  std::vector<Disturbance> disturbances;
  std::optional<PlainRequest> asked;  // that has not ended
  std::uint32_t insisted = 0;         // how often anything was asked anew
};

struct PlainCounts {
  std::uint64_t sent = 0;
  std::uint64_t answered = 0;
  std::uint64_t lost = 0;
  bool has_written_in_calm = false;  // Tenant
};

// What all clients of a run have in common. The references outlive them.
struct PlainSurroundings {
  const Plan& plan;
  std::string service;
  base::Duration attempt_max{};
  std::vector<io::Address> servers = {};
  PlainJudge& judge;
  Machines& machines;
  OperationListener* listener = nullptr;  // null: nobody wants to know
  PlainCounts& counts;
};

class PlainClient final : public io::sim::Program, private rpc::ClientCall {
 public:
  PlainClient(io::sim::Node& node, std::uint32_t number, PlainPart& part, PlainSurroundings around);

 private:
  base::Duration now() const { return node_.host().now().since_start(); }
  void wait();
  void ask(PlainRequest request);
  void insist();
  void on_message(std::string_view message) override { answer_ = message; }
  void on_status(const rpc::Status& status) override;

  io::sim::Node& node_;
  const std::uint32_t number_;
  PlainPart& part_;
  const PlainSurroundings around_;
  std::size_t server_ = 0;
  Operation line_;  // that it asks
  std::string answer_;
  Alarms alarms_;
  std::unique_ptr<rpc::Channel> channel_;
};

}  // namespace sim

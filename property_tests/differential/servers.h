// property_tests/differential/servers.h: a fresh server of ours and a fresh etcd, asked the same at the same time.
#pragma once

#include <memory>
#include <string>

#include "core/rpc/client.h"
#include "io/real/world.h"
#include "property_tests/differential/request.h"
#include "property_tests/differential/server_process.h"

namespace property_tests::differential {

struct Programs {
  std::string ours;
  std::string theirs;
  std::string parent;  // where data directories are made; in memory, so that etcd's syncs cost nothing
};

struct Answers {
  Answer ours;
  Answer theirs;
};

class Servers {
 public:
  // Returns when both serve; ends the process with what they wrote if they never do.
  Servers(io::real::RealWorld& world, const Programs& programs);

  // Requests without symbolic revisions. An answer that does not come is DEADLINE_EXCEEDED after a long while.
  Answers ask(const Request& ours, const Request& theirs);
  Answer ask_ours(const Request& request);

  // What to say beside a failure: a server that is gone.
  std::string health();

 private:
  // One server, and the connection to it.
  struct Side {
    std::unique_ptr<ServerProcess> process;
    std::unique_ptr<rpc::Channel> channel;
  };
  struct Call;

  bool is_serving_in_time(Side& side);
  void connect(Side& side);
  void begin(Side& side, const Request& request, Call& call);
  void finish(Call& call);

  io::real::RealWorld& world_;
  Side ours_;
  Side theirs_;
};

}  // namespace property_tests::differential

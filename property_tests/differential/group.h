// property_tests/differential/group.h: a cluster of one program on this machine, asked in the words of member_names.h.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/rpc/client.h"
#include "io/real/world.h"
#include "property_tests/differential/member_names.h"
#include "property_tests/differential/servers.h"

namespace property_tests::differential {

struct GroupShape {
  std::size_t voters = 1;  // that run from the start
  bool is_strict = true;   // --strict-reconfig-check
};

// Of a request that needs a quorum where there is none.
inline constexpr std::string_view kNoAnswer = "no answer";

class Group {
 public:
  // Returns when all of it serves; ends the process with what they wrote if it never does. There is a name and a place
  // for one member more, which is not started.
  Group(io::real::RealWorld& world, const std::string& program, const std::string& parent, const GroupShape& shape);

  // Starts that one. Requires: it has been added.
  void start_last();
  // True when the member answers a read of its own store.
  bool is_serving(std::size_t member);

  // Little: where most would only wait for a quorum; what is refused all the same is refused at once. The answer may be kNoAnswer then.
  enum class Patience : std::uint8_t { little, much };
  struct Call;
  // Members by number, from 1 on.
  void begin(std::size_t member, const Request& request, Patience patience, Call& call);
  Answer finish(Call& call);

  std::string health();

 private:
  struct Running {
    Part part;
    std::unique_ptr<ServerProcess> process;
    std::unique_ptr<rpc::Channel> channel;
  };

  void launch(std::size_t voters);
  bool is_up_in_time();
  std::string logs();
  // The header names the member that was asked and the cluster that it always was.
  std::string objection_to_header(std::size_t member, const std::vector<std::string>& messages);

  io::real::RealWorld& world_;
  std::string program_;
  std::string parent_;
  GroupShape shape_;
  std::vector<Running> members_;
  MemberNames names_;
  std::optional<std::uint64_t> cluster_;
};

struct Group::Call final : rpc::ClientCall {
  void on_message(std::string_view message) override { messages.emplace_back(message); }
  void on_status(const rpc::Status& status_) override { status = status_; }

  std::size_t member = 0;
  Patience patience = Patience::much;
  Kind kind = Kind::member_list;
  std::vector<std::string> messages;
  std::optional<rpc::Status> status;
};

// The same to both, at the same time.
Answers ask_both(Group& ours, Group& theirs, std::size_t member, const Request& request, Group::Patience patience);

}  // namespace property_tests::differential

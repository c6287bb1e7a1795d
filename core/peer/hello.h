// core/peer/hello.h: what the caller of a stream says of itself, and whether it is let in.
//
// It stands in the metadata of the call (docs/formats/peer.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/ids.h"
#include "core/base/result.h"
#include "core/raft/message.h"
#include "core/rpc/metadata.h"
#include "core/rpc/server.h"
#include "io/network.h"

namespace peer {

// The three connections to each member. What goes on one of them arrives in order, and never waits for another.
enum class Lane : std::uint8_t {
  control,    // heartbeats, votes, replies, read index: small, and never late
  appends,    // entries, and proposals for the leader
  snapshots,  // what a snapshot consists of
};
std::string_view to_text(Lane lane);
std::string_view path_of(Lane lane);  // of the gRPC method
Lane lane_of(const raft::Message& message);

// Who this member is.
struct Identity {
  base::ClusterId cluster;
  base::MemberId self;
};

inline constexpr std::uint64_t kProtocolVersion = 1;

inline constexpr std::size_t kHelloAddressesMax = 8;  // of a caller: what it says beyond that is not sent, and not listened to

struct Hello {
  std::uint64_t version = kProtocolVersion;
  base::ClusterId cluster;
  base::MemberId from;
  base::MemberId to;
  // Where the caller is reached, as it says. Nobody has proved anything: this may be where to ask or to answer, and says nothing of who
  // belongs to the group.
  std::vector<io::Address> addresses = {};

  // Of the ids and the version. Goes into every checksum on the stream: a changed byte in these words must not put one member's messages
  // into another's mouth.
  std::uint64_t salt(Lane lane) const;
};

// Hears where callers say that they are, whether they are let in or not.
class HelloListener {
 public:
  // `from` names this cluster, and is not this member. Within a call of the server's: the listener makes a note.
  virtual void on_addresses_said(base::MemberId from, const std::vector<io::Address>& addresses) = 0;

 protected:
  ~HelloListener() = default;
};

std::vector<std::pair<std::string, std::string>> metadata_of(const Hello& hello);
// invalid: it says nothing of the kind, or not in the right form. Of the addresses, those that cannot be read are left out.
base::Result<Hello> read_hello(const rpc::CallContext& call);
base::Result<Hello> read_hello(const rpc::Metadata& metadata);

// Why the caller is turned away; nothing: it is let in.
std::optional<std::string> refusal(const Hello& hello, const Identity& identity, bool is_member);

}  // namespace peer

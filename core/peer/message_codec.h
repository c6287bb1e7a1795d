// core/peer/message_codec.h: a raft message as bytes (peer.proto, Message; docs/formats/peer.md).
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/raft/message.h"

namespace peer {

// Appends to `out`. The bytes of entries and items are copied there and nowhere else.
// Requires: the message is as core/raft/message.h says.
void encode(const raft::Message& message, std::string& out);

// Reads untrusted bytes. What it returns is as core/raft/message.h says, so raft can be given it; invalid otherwise.
base::Result<raft::Message> decode(std::string_view bytes);

}  // namespace peer

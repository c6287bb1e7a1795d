// core/peer/dial.h: a connection to another member, for one lane.
#pragma once

#include <memory>

#include "core/peer/hello.h"
#include "core/peer/options.h"
#include "core/rpc/client.h"
#include "io/world.h"

namespace peer {

// Its one stream, which `call` hears of, says `hello`.
std::unique_ptr<rpc::Channel> dial(const io::World& world, const Options& options, const Hello& hello, Lane lane,
                                   const io::Address& address, rpc::ClientCall& call);

// The other side answered, and will not change its mind soon.
bool is_refusal(rpc::StatusCode code);

}  // namespace peer

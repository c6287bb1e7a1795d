// core/replica/command.h: the record around every replicated command (docs/formats/command.md).
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/replica/state_machine.h"

namespace replica {

std::string encode_command(const Requester& requester, std::string_view command);

struct DecodedCommand {
  Requester requester;     // with a view into the record
  std::string_view bytes;  // likewise
};
// invalid: a newer format; damaged: not a record at all.
base::Result<DecodedCommand> decode_command(std::string_view record);

}  // namespace replica

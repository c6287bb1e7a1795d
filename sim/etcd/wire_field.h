// sim/etcd/wire_field.h: one field of a protobuf message, found without parsing the others.
#pragma once

#include <cstdint>
#include <string_view>

namespace sim::etcd {

// The first field of this number: a varint, or bytes. Nothing and zero when there is none, as for a field that has its default, or when
// the message is not in order before it; whether it is in order otherwise is not looked at.
std::int64_t number_field(std::string_view message, std::uint64_t number);
std::string_view bytes_field(std::string_view message, std::uint64_t number);

}  // namespace sim::etcd

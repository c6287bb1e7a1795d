#include "sim/etcd/wire_field.h"

namespace sim::etcd {

namespace {

bool take_varint(std::string_view& message, std::uint64_t& out) {
  out = 0;
  for (unsigned shift = 0; shift < 64 && !message.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(message[0]);
    message.remove_prefix(1);
    out |= std::uint64_t{byte & 0x7fU} << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

struct Field {
  std::uint64_t value = 0;
  std::string_view bytes;
};

Field find_field(std::string_view message, std::uint64_t number) {
  constexpr std::uint64_t kVarint = 0;
  constexpr std::uint64_t kBytes = 2;
  std::uint64_t tag = 0;
  while (take_varint(message, tag)) {
    Field field;
    const std::uint64_t type = tag & 7U;
    if ((type != kVarint && type != kBytes) || !take_varint(message, field.value)) return {};
    if (type == kBytes) {
      if (field.value > message.size()) return {};
      field.bytes = message.substr(0, field.value);
      message.remove_prefix(field.value);
    }
    if (tag >> 3U == number) return field;
  }
  return {};
}

}  // namespace

std::int64_t number_field(std::string_view message, std::uint64_t number) {
  const Field field = find_field(message, number);
  return field.bytes.data() == nullptr ? static_cast<std::int64_t>(field.value) : 0;
}

std::string_view bytes_field(std::string_view message, std::uint64_t number) { return find_field(message, number).bytes; }

}  // namespace sim::etcd

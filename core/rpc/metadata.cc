#include "core/rpc/metadata.h"

#include "core/base/release.h"
#include "core/rpc/base64.h"

namespace rpc {

bool Metadata::add(std::string_view name, std::string_view value) {
  std::optional<std::string> decoded;
  if (name.ends_with("-bin")) {
    decoded = base64_decode(value.substr(0, value.find(',')));
    if (decoded) value = *decoded;
  }
  // 32 bytes for each, as HTTP/2 counts (RFC 9113 §6.5.2), so that empty headers are not free.
  const std::size_t used = bytes_.size() + 32 * fields_.size();
  if (used + name.size() + value.size() + 32 > kMetadataBytesMax) return false;
  fields_.push_back({static_cast<std::uint32_t>(bytes_.size()), static_cast<std::uint32_t>(name.size()),
                     static_cast<std::uint32_t>(value.size())});
  bytes_.append(name).append(value);
  return true;
}

std::optional<std::string_view> Metadata::find(std::string_view name) const {
  const std::string_view bytes = bytes_;
  for (const Field& field : fields_) {
    if (bytes.substr(field.name_at, field.name_size) != name) continue;
    return bytes.substr(field.name_at + field.name_size, field.value_size);
  }
  return std::nullopt;
}

void Metadata::clear() {
  constexpr std::size_t kKeptCapacity = 4U << 10U;
  if (bytes_.capacity() > kKeptCapacity) base::release(bytes_);
  if (fields_.capacity() > kKeptCapacity / sizeof(Field)) base::release(fields_);
  bytes_.clear();
  fields_.clear();
}

}  // namespace rpc

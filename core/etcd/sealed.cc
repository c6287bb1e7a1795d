#include "core/etcd/sealed.h"

#include "core/base/codec.h"
#include "core/base/hash.h"

namespace etcd {

namespace {

constexpr std::size_t kSealBytes = 8;

std::string seal_of(std::string_view bytes, std::string_view purpose) {
  std::string seal;
  base::ByteWriter(seal).u64(base::hash64(bytes, base::hash64(purpose)));
  return seal;
}

}  // namespace

std::string seal(std::string_view bytes, std::string_view purpose) { return seal_of(bytes, purpose).append(bytes); }

std::optional<std::string_view> unseal(std::string_view sealed, std::string_view purpose) {
  if (sealed.size() < kSealBytes) return std::nullopt;
  const std::string_view bytes = sealed.substr(kSealBytes);
  if (sealed.substr(0, kSealBytes) != seal_of(bytes, purpose)) return std::nullopt;
  return bytes;
}

}  // namespace etcd

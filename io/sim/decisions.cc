#include "io/sim/decisions.h"

#include "core/base/assert.h"
#include "io/random.h"

namespace io::sim {

Identity& Identity::add(std::uint64_t part) {
  ASSERT(count_ < kPartsMax);
  parts_[count_++] = part;
  hash_ = base::mix64(hash_, part);
  return *this;
}

std::uint64_t Decisions::name(std::string_view purpose, const Identity& identity) {
  return base::mix64(base::hash64(purpose), identity.hash());
}

std::uint64_t Decisions::draw(std::string_view purpose, const Identity& identity) {
  const std::uint64_t full_name = name(purpose, identity);
  const std::uint64_t value = base::mix64(full_name, salt_);
  if (is_plain_) return value;
  return draw_slowly(purpose, identity, full_name, value);
}

std::uint64_t Decisions::draw_slowly(std::string_view purpose, const Identity& identity, std::uint64_t name,
                                     std::uint64_t value) {
  const auto found = pinned_.find(name);
  if (found != pinned_.end()) value = found->second;
  if (is_recording_) records_.push_back({std::string(purpose), identity, name, value});
  return value;
}

std::uint64_t Decisions::below(std::string_view purpose, const Identity& identity, std::uint64_t bound) {
  ASSERT(bound > 0);
  return io::below(draw(purpose, identity), bound);
}

base::Duration Decisions::between(std::string_view purpose, const Identity& identity, base::Duration first,
                                  base::Duration last) {
  if (last <= first) return first;
  const auto span = static_cast<std::uint64_t>((last - first).count());
  return first + base::Duration(static_cast<std::int64_t>(below(purpose, identity, span)));
}

bool Decisions::happens(std::string_view purpose, const Identity& identity, std::uint32_t per_million) {
  if (per_million == 0) {
    if (pinned_.empty()) return false;
    const auto pinned = pinned_.find(name(purpose, identity));
    return pinned != pinned_.end() && pinned->second == 0;
  }
  const bool is_hit = below(purpose, identity, 1'000'000) < per_million;
  if (is_hit && keeps_hits_) hits_.push_back(name(purpose, identity));
  return is_hit;
}

std::string to_text(const Decisions::Record& record) {
  std::string out = record.purpose + "(";
  for (std::size_t i = 0; i < record.identity.count(); ++i) {
    if (i > 0) out += ',';
    out += std::to_string(record.identity[i]);
  }
  return out + ") = " + std::to_string(record.value);
}

}  // namespace io::sim
